internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of an image classifier whose attention runs in windows that shift from block to
/// block, in stages of ever fewer patches (`SwinForImageClassification`).
///
/// Its modules follow from the widths and depths of the configuration; the files must hold as many parameters. Shapes: B
/// images of C channels, G by G patches of H features in a stage.
struct ShiftedWindowLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  private(set) var settings: ForwardSettings
  let sizes: Sizes
  let classifier: ModuleParameters

  struct Sizes {
    /// Channels of an image.
    var channels: Int
    /// Pixels a side of an image, and of a patch.
    var side: Int
    var patch: Int
    /// Patches a side of a window.
    var window: Int
    var stages: [Stage]
    /// Features between the two layers of an MLP for each feature of a block.
    var widening: Double

    /// Patches a side of the whole image.
    var grid: Int { (side + patch - 1) / patch }

    func inner(_ width: Int) -> Int { Int(widening * Double(width)) }
  }

  /// Blocks over patches of one size.
  struct Stage {
    var index: Int
    var width: Int
    var depth: Int
    var heads: Int
    /// Patches a side.
    var grid: Int
    /// Stochastic depth of each block.
    var rates: [Double]
    /// Whether four patches become one behind the blocks.
    var merges: Bool

    var path: String { "encoder.layers.\(index)" }
  }

  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings
  ) throws(LoweringError) {
    if let reason = description.whatNoVisionTowerHas { throw LoweringError(message: reason) }
    self.description = description
    self.configuration = configuration
    self.settings = settings
    sizes = try Sizes(configuration, side: settings.imageSize)
    classifier = ModuleParameters(
      path: "classifier", weight: [description.labelCount?.value ?? 2, sizes.stages.last?.width ?? 0],
      bias: [description.labelCount?.value ?? 2])
    try check()
  }

  /// Holds the parameters against the files, and the largest tensor against what can be counted.
  private func check() throws(LoweringError) {
    if let reason = whyCannotRun(activation: Self.activation) { throw LoweringError(message: reason) }
    if asksForInputGradients(patches) {
      throw LoweringError(
        message: "transformers 5.17 stops where layers are checkpointed and the patch embedding of a \(name) does not "
          + "train: it asks the embedding's output for a gradient, which is no tensor there")
    }
    if hasPositions, let own = configuration?.integer("image_size"), own != sizes.side {
      throw LoweringError(
        message: "images of \(sizes.side) pixels a side have other positions than the model, whose images have \(own)")
    }
    for stage in sizes.stages {
      guard stage.grid >= sizes.window else {
        throw LoweringError(
          message: "windows of \(stage.grid) by \(stage.grid) patches do not fit the \(sizes.window) by "
            + "\(sizes.window) positions that the model has, so the model cannot be run")
      }
      let side = padded(stage.grid)
      let scores = stage.heads * sizes.window * sizes.window
      var product = batch
      for factor in [side, side, max(scores, sizes.inner(stage.width), 4 * stage.width)] {
        let (next, overflow) = product.multipliedReportingOverflow(by: factor)
        guard !overflow, next <= 1 << 46 else {
          throw LoweringError(message: "a tensor of these images would pass 2^46 elements")
        }
        product = next
      }
    }
    var g = GraphBuilder()
    var plain = self
    plain.settings.adapters = nil
    plain.settings.batchSize = 1
    _ = plain.body(&g, g.input("pixel_values", [1, sizes.channels, sizes.side, sizes.side], .float32))
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

  private var name: String { description.modelType ?? "model" }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let pixels = g.input("pixel_values", [batch, sizes.channels, sizes.side, sizes.side], .float32)
    let labels = classLabels(&g)
    let typed = g.hold(g.cast(pixels, to: type))
    let (logits, loss) = g.frame("") { g in
      let (sequence, pooled) = g.frame("model") { g in body(&g, typed) }
      g.hold(sequence)
      let logits = linear(&g, g.hold(pooled), classifier)
      return (logits, g.frame("") { g in classLoss(&g, logits, labels) })
    }
    return finished(&g, [logits], loss: loss)
  }

  // MARK: - The model

  static let activation = ConfiguredValue("hidden_act", "gelu")

  /// Pixels [B, C, P, P] to the last stage's features and their mean over the patches.
  private func body(_ g: inout GraphBuilder, _ pixels: Tensor) -> (sequence: Tensor, pooled: Tensor) {
    let embedded = g.hold(g.frame("embeddings") { g in self.embedded(&g, pixels) })
    let hidden = g.hold(g.frame("encoder") { g in encoded(&g, embedded) })
    let width = sizes.stages.last?.width ?? 0
    let sequence = norm(&g, hidden, module("layernorm", [width]), .layerNorm, "layernorm")
    let rows = g.unsqueeze(g.transpose(sequence, 1, 2), -2)
    let mean = g.apply(.mean, [rows], Layout(contiguous: [batch, width, 1, 1]), rows.dataType)
    return (sequence, g.reshape(mean, [batch, width]))
  }

  private var hasPositions: Bool { configuration?.boolean("use_absolute_embeddings") ?? false }

  private var patches: ModuleParameters {
    let width = sizes.stages.first?.width ?? 0
    return module("embeddings.patch_embeddings.projection", [width, sizes.channels, sizes.patch, sizes.patch])
  }

  /// Pixels [B, C, P, P] to patches [B, G · G, H].
  private func embedded(_ g: inout GraphBuilder, _ pixels: Tensor) -> Tensor {
    let width = sizes.stages.first?.width ?? 0
    let cut = g.frame("patch_embeddings") { g in
      var pixels = pixels
      for axis in [3, 2] where sizes.side % sizes.patch != 0 {
        pixels = g.padded(pixels, axis: axis, by: sizes.patch - sizes.side % sizes.patch)
      }
      guard let weight = weight(&g, patches) else { return pixels }
      let image = g.imageConvolution(pixels, weight, bias(&g, patches), stride: sizes.patch)
      return g.transpose(g.reshape(image, [batch, width, sizes.grid * sizes.grid]), 1, 2)
    }
    var hidden = norm(&g, cut, module("embeddings.norm", [width]), .layerNorm, "norm")
    if hasPositions {
      let path = "\(prefix).embeddings.position_embeddings"
      hidden = g.add(hidden, parameter(&g, path, [1, sizes.grid * sizes.grid, width]))
    }
    return dropped(&g, hidden, Self.dropout)
  }

  private func encoded(_ g: inout GraphBuilder, _ embedded: Tensor) -> Tensor {
    var hidden = embedded
    var side: [Tensor] = []
    for stage in sizes.stages {
      let results = g.segment("layers.\(stage.index)") { g in self.stage(&g, hidden, stage) }
      hidden = results.result
      // The loop's variables are bound anew only when the next stage returns.
      for tensor in side { g.keepUntilHere(tensor) }
      side = results.side
    }
    for tensor in side { g.hold(tensor) }
    return hidden
  }

  // MARK: - Modules

  static let dropout = ConfiguredValue("hidden_dropout_prob", 0.0)

  var prefix: String { "swin" }

  /// A module of the body by its name there.
  func module(_ name: String, _ weight: Shape, hasBias: Bool = true) -> ModuleParameters {
    ModuleParameters(path: "\(prefix).\(name)", weight: weight, bias: hasBias ? [weight[0]] : nil)
  }

  /// A side of so many patches, filled up to whole windows.
  func padded(_ grid: Int) -> Int { (grid + sizes.window - 1) / sizes.window * sizes.window }
}
