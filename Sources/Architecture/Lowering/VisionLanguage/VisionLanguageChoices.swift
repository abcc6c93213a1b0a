/// What a family of vision-language models does that neither the tensors nor the configuration show.
struct VisionLanguageChoices: Sendable {
  enum Vision: Sendable {
    /// A tower of its own, one of whose hidden states is projected (LLaVA).
    case tower(VisionChoices)
    /// Blocks over the patches of all images in one row, four of which become a token (Qwen2-VL).
    case packed(TransformerChoices)
  }

  /// The decoder's, where the configuration names none of a known family.
  var text: TransformerChoices
  var vision: Vision
}
