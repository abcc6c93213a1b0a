internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of an image classifier of convolutions (`ConvNextForImageClassification`,
/// `ResNetForImageClassification`).
///
/// Its modules follow from the widths and depths of the configuration; the files must hold as many parameters. Shapes: B
/// images of C channels, whose sides shrink from stage to stage.
struct ConvolutionalLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  private(set) var settings: ForwardSettings
  let choices: ConvolutionalChoices
  let sizes: Sizes
  let classifier: ModuleParameters

  struct Sizes {
    /// Channels of an image.
    var channels: Int
    /// Pixels a side.
    var side: Int
    /// Channels behind the first convolution.
    var stem: Int
    /// Channels of each stage.
    var widths: [Int]
    /// Blocks of each stage.
    var depths: [Int]
  }

  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings,
    _ choices: ConvolutionalChoices
  ) throws(LoweringError) {
    if let reason = description.whatNoVisionTowerHas { throw LoweringError(message: reason) }
    self.description = description
    self.configuration = configuration
    self.settings = settings
    self.choices = choices
    let isResidual = if case .residual = choices { true } else { false }
    let widths =
      configuration?.integers("hidden_sizes") ?? (isResidual ? [256, 512, 1024, 2048] : [96, 192, 384, 768])
    let depths = configuration?.integers("depths") ?? (isResidual ? [3, 4, 6, 3] : [3, 3, 9, 3])
    let stem = isResidual ? configuration?.integer("embedding_size") ?? 64 : widths.first ?? 0
    sizes = Sizes(
      channels: configuration?.integer("num_channels") ?? 3,
      side: settings.imageSize ?? configuration?.integer("image_size") ?? 224, stem: stem, widths: widths,
      depths: depths)
    guard widths.count == depths.count, (1...16).contains(widths.count), (1...1 << 12).contains(sizes.channels),
      (widths + [stem]).allSatisfy({ (1...1 << 16).contains($0) }), depths.allSatisfy({ (1...1 << 10).contains($0) })
    else { throw LoweringError(message: "hidden_sizes and depths are not those of stages, so the model cannot be run") }
    let labels = description.labelCount?.value ?? 2
    classifier = ModuleParameters(
      path: choices.classifierName, weight: [labels, widths.last ?? 0], bias: [labels])
    try check()
  }

  /// Holds the parameters against the files, and the largest tensor against what can be counted.
  private func check() throws(LoweringError) {
    let pixels = sizes.side.multipliedReportingOverflow(by: sizes.side)
    let elements = pixels.partialValue.multipliedReportingOverflow(by: batch)
    let widest = max(sizes.stem, sizes.widths.max() ?? 0)
    let most = elements.partialValue.multipliedReportingOverflow(by: widest * 4)
    guard sizes.side > 0, sizes.side < 1 << 20, !elements.overflow, !most.overflow, most.partialValue <= 1 << 46 else {
      throw LoweringError(message: "a tensor of these images would pass 2^46 elements")
    }
    var g = GraphBuilder()
    var plain = self
    plain.settings.adapters = nil
    let image = g.input("pixel_values", [1, sizes.channels, sizes.side, sizes.side], .float32)
    let smallest = plain.body(&g, pixels: image)
    _ = plain.pooled(&g, smallest)
    guard smallest.shape.dimensions.allSatisfy({ $0 > 0 }) else {
      throw LoweringError(message: "images of \(sizes.side) pixels a side are smaller than the model's windows")
    }
    let made = g.graph.values.reduce(0) { sum, value in
      if case .parameter = value.origin { sum + (value.layout.shape.elementCount?.count ?? 0) } else { sum }
    }
    let head = description.modules[.classifier] ?? description.others.first { $0.path == classifier.path }
    let inHead = [head?.weight, head?.bias].reduce(0) { $0 + ($1?.elementCount?.count ?? 0) }
    guard let stored = description.parameterCount?.value, stored - inHead == made else {
      throw LoweringError(
        message: "the configuration's stages have \(made) parameters, which are not those of the files, so the model "
          + "cannot be run")
    }
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let pixels = g.input("pixel_values", [batch, sizes.channels, sizes.side, sizes.side], .float32)
    let labels = classLabels(&g)
    let typed = g.hold(g.cast(pixels, to: type))
    let (logits, loss) = g.frame("") { g in
      let pooled = g.hold(
        g.frame("model") { g in
          let last = body(&g, pixels: typed)
          g.holdToTheEnd(last)
          return self.pooled(&g, last)
        })
      let logits = linear(&g, pooled, classifier)
      return (logits, g.frame("") { g in classLoss(&g, logits, labels) })
    }
    return finished(&g, [logits], loss: loss)
  }

  /// Pixels [B, C, P, P] to the features of the last stage.
  private func body(_ g: inout GraphBuilder, pixels: Tensor) -> Tensor {
    switch choices {
    case .depthwise: depthwiseBody(&g, pixels)
    case .residual: residualBody(&g, pixels)
    }
  }

  private func pooled(_ g: inout GraphBuilder, _ last: Tensor) -> Tensor {
    let mean = g.apply(.mean, [last], Layout(contiguous: [last.shape[0], last.shape[1]]), last.dataType)
    switch choices {
    case .residual: return mean
    case .depthwise: return norm(&g, mean, module("layernorm", [last.shape[1]], hasBias: true), .layerNorm, "layernorm")
    }
  }

  /// A module of the body by its name there.
  func module(_ name: String, _ weight: Shape, hasBias: Bool) -> ModuleParameters {
    let prefix = if case .residual = choices { "resnet" } else { "convnext" }
    return ModuleParameters(path: "\(prefix).\(name)", weight: weight, bias: hasBias ? [weight[0]] : nil)
  }

  func convolved(
    _ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters, stride: Int, padding: Int
  ) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    return g.imageConvolution(input, weight, bias(&g, module), stride: stride, padding: padding)
  }
}
