/// How the models of a family run: a kind of forward pass, and what the family chooses within it.
enum ForwardChoices: Sendable {
  /// One column of transformer blocks over tokens.
  case transformer(TransformerChoices)
  /// A column of blocks over the patches of an image, and a classifier.
  case imageClassifier(ImageClassifierChoices)
  /// Stages of convolutions over an image, and a classifier.
  case convolutional(ConvolutionalChoices)
  /// A text and a vision tower, trained to tell which text belongs to which image.
  case contrastive(ContrastiveChoices)
  /// A language model that reads images among its tokens.
  case visionLanguage(VisionLanguageChoices)
}
