/// How the models of a family run: a kind of forward pass, and what the family chooses within it.
enum ForwardChoices: Sendable {
  /// One column of transformer blocks over tokens.
  case transformer(TransformerChoices)
  /// One column of state-space blocks over tokens.
  case stateSpace(StateSpaceLowering.Mixer)
  /// A column that reads a sequence, and one that writes another and attends over the first.
  case encoderDecoder(EncoderDecoderChoices)
}
