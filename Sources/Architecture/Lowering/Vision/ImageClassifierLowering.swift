internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of an image classifier over a vision tower (`ViTForImageClassification`).
struct ImageClassifierLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let tower: VisionTower

  /// - Throws: ``LoweringError`` where the model has other parts, or shapes that do not fit.
  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings,
    _ choices: VisionChoices
  ) throws(LoweringError) {
    if let reason = description.whatNoVisionTowerHas { throw LoweringError(message: reason) }
    self.description = description
    self.configuration = configuration
    self.settings = settings
    tower = try VisionTower(
      description.mainStack, of: description, configuration, settings, choices, images: settings.batchSize)
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let pixels = tower.pixels(&g)
    let labels = tower.blocks.labels(&g)
    tower.declare(&g)
    let typed = g.hold(g.cast(pixels, to: type))
    let (logits, loss) = g.frame("") { g in
      let sequence = g.hold(
        g.frame("model") { g in
          let encoded = tower.encoded(&g, typed)
          return tower.stack.modules[.finalNorm].map { tower.blocks.norm(&g, encoded, $0, "layernorm") } ?? encoded
        })
      let logits = tower.blocks.head(&g, sequence)
      return (logits, g.frame("") { g in tower.blocks.loss(&g, logits, labels) })
    }
    return finished(&g, [logits], loss: loss)
  }
}

extension ModelDescription {
  /// What of this model an image classifier has no part for; nil where there is nothing.
  var whatNoVisionTowerHas: String? {
    if let stack = otherStacks.first { return "a second column of layers (\(stack.path)) is not simulated here" }
    if parameterCount == nil { return "quantised base weights are not simulated yet" }
    return nil
  }
}
