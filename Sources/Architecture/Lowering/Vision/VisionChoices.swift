/// What a family's vision tower does that neither the tensors nor the configuration show.
struct VisionChoices: Sendable {
  enum Positions: Sendable {
    /// A parameter, added as it is: images have the size that it was made for (ViT).
    case added
    /// A parameter, resized where the image has another size (DINOv2).
    case resized
    /// A table, looked up by places that the model keeps (CLIP).
    case table
  }

  var blocks: TransformerChoices
  var positions = Positions.added
}
