/// How the models of a family run: a kind of forward pass, and what the family chooses within it.
enum ForwardChoices: Sendable {
  /// One column of transformer blocks over tokens.
  case transformer(TransformerChoices)
  /// A column of blocks over the patches of an image, and a classifier.
  case imageClassifier(VisionChoices)
  /// Stages of convolutions over an image, and a classifier.
  case convolutional(ConvolutionalChoices)
  /// Stages of blocks that attend within windows of an image, and a classifier.
  case shiftedWindow
  /// A text and a vision tower, trained to tell which text belongs to which image.
  case contrastive(ContrastiveChoices)
  /// A language model that reads images among its tokens.
  case visionLanguage(VisionLanguageChoices)
  /// One column of state-space blocks over tokens.
  case stateSpace(StateSpaceLowering.Mixer)
  /// A column that reads a sequence, and one that writes another and attends over the first.
  case encoderDecoder(EncoderDecoderChoices)
}

extension ForwardChoices {
  /// What the family's classes run behind the last hidden states, by what they are trained to answer.
  var heads: [TrainingTask: HeadChoices] {
    switch self {
    case .transformer(let choices): choices.heads
    case .imageClassifier(let choices): choices.blocks.heads
    case .convolutional(let choices): [.imageClassification: choices.head]
    case .shiftedWindow:
      [.imageClassification: HeadChoices(steps: [.linear(HeadChoices.Linear(.classifier, "classifier", .labels))])]
    case .contrastive: [.contrastive: HeadChoices(steps: [])]
    case .stateSpace, .encoderDecoder, .visionLanguage: [.causalLM: .nextToken]
    }
  }

  /// The task of a class whose name tells it only of this kind of model; nil where it does not.
  func task(ofClass name: String) -> TrainingTask? {
    switch self {
    case .contrastive: name.hasSuffix("Model") ? .contrastive : nil
    case .visionLanguage: name.hasSuffix("ForConditionalGeneration") ? .causalLM : nil
    case .encoderDecoder:
      name.hasSuffix("ForConditionalGeneration") || name.hasSuffix("MTModel") ? .causalLM : nil
    case .transformer, .stateSpace, .imageClassifier, .convolutional, .shiftedWindow: nil
    }
  }
}
