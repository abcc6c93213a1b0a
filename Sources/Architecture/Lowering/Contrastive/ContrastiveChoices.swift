/// What a family of contrastive models does that neither the tensors nor the configuration show.
struct ContrastiveChoices: Sendable {
  enum Likeness: Sendable {
    /// Each text against all images, and each image against all texts (CLIP).
    case softmax
    /// Each pair by itself (SigLIP).
    case pairs
  }

  enum TextPooling: Sendable {
    /// The features of the token that ends a text.
    case endToken
    /// Those of the last token, whatever it is.
    case lastToken
  }

  var text: TransformerChoices
  var vision: VisionChoices
  var likeness = Likeness.softmax
  var textPooling = TextPooling.endToken
}
