/// Which blocks an image classifier of convolutions is made of.
enum ConvolutionalChoices: Sendable {
  /// A convolution of each channel by itself, and two linear layers (ConvNeXt).
  case depthwise
  /// Convolutions, each followed by a norm over the batch (ResNet).
  case residual
}
