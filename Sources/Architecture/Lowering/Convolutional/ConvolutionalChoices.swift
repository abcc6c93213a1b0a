/// Which blocks an image classifier of convolutions is made of.
enum ConvolutionalChoices: Sendable {
  /// A convolution of each channel by itself, and two linear layers (ConvNeXt).
  case depthwise
  /// Convolutions, each followed by a norm over the batch (ResNet).
  case residual

  var head: HeadChoices {
    HeadChoices(steps: [.linear(HeadChoices.Linear(.classifier, classifierName, .labels))])
  }

  /// What the classifier is called; ResNet's is the second of a list.
  var classifierName: String {
    switch self {
    case .depthwise: "classifier"
    case .residual: "classifier.1"
    }
  }
}
