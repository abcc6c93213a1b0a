/// How the models of a family run: a kind of forward pass, and what the family chooses within it.
enum ForwardChoices: Sendable {
  /// One column of transformer blocks over tokens.
  case transformer(TransformerChoices)
}
