internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of an image classifier over a vision tower (`ViTForImageClassification`).
struct ImageClassifierLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let choices: ImageClassifierChoices
  let tower: VisionTower
  /// The stored classifier, or the one that the class starts with.
  let classifier: ModuleParameters

  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings,
    _ choices: ImageClassifierChoices
  ) throws(LoweringError) {
    if let reason = description.whatNoVisionTowerHas { throw LoweringError(message: reason) }
    self.description = description
    self.configuration = configuration
    self.settings = settings
    self.choices = choices
    tower = try VisionTower(
      description.mainStack, of: description, configuration, settings, choices.tower, images: settings.batchSize)
    classifier = try description.classifier(
      over: choices.pooling == .firstToken ? tower.hidden : 2 * tower.hidden, configuration)
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let pixels = tower.pixels(&g)
    let labels = g.input("labels", [batch], .int64)
    tower.declare(&g)
    declare(&g, classifier)
    let typed = g.hold(g.cast(pixels, to: type))
    let (logits, loss) = g.frame("") { g in
      let sequence = g.hold(
        g.frame("model") { g in
          let encoded = tower.encoded(&g, typed)
          return tower.stack.modules[.finalNorm].map { tower.blocks.norm(&g, encoded, $0, "layernorm") } ?? encoded
        })
      let logits = linear(&g, g.hold(pooled(&g, sequence)), classifier)
      return (logits, g.frame("") { g in g.crossEntropy(logits, labels) })
    }
    return finished(&g, [logits], loss: loss)
  }

  /// Tokens [B, S, H] to what the classifier reads, [B, H] or [B, 2 · H].
  private func pooled(_ g: inout GraphBuilder, _ sequence: Tensor) -> Tensor {
    let first = g.select(sequence, axis: 1)
    guard choices.pooling == .firstTokenAndMean else { return first }
    let rest = g.hold(g.slice(sequence, axis: 1, start: 1, length: sequence.shape[1] - 1))
    return g.joined([first, g.mean(rest, axis: 1)], axis: 1)
  }
}

extension ModelDescription {
  /// The stored classifier; where none is stored, the one that the class makes for the configuration's labels.
  ///
  /// - Throws: ``LoweringError`` where it does not fit the features.
  func classifier(
    over features: Int, path: String = "classifier", _ configuration: Configuration?
  ) throws(LoweringError) -> ModuleParameters {
    let labels = configuration?.section("id2label")?.keys.count ?? configuration?.integer("num_labels") ?? 2
    let module =
      storedClassifier(path) ?? ModuleParameters(path: path, weight: [labels, features], bias: [labels])
    guard let shape = module.features, shape.input == features, shape.output < 1 << 30 else {
      throw LoweringError(message: "\(module.path) does not read \(features) features, so the model cannot be run")
    }
    guard shape.output > 1 else {
      throw LoweringError(message: "a classifier of one label, which is trained as a regression, is not simulated yet")
    }
    return module
  }

  /// The classifier of the files; its name may be that of a place in a list, which has no role.
  func storedClassifier(_ path: String) -> ModuleParameters? {
    modules[.head] ?? others.first { $0.path == path }
  }

  /// What of this model an image classifier has no part for; nil where there is nothing.
  var whatNoVisionTowerHas: String? {
    if let stack = otherStacks.first { return "a second column of layers (\(stack.path)) is not simulated here" }
    if parameterCount == nil { return "quantised base weights are not simulated yet" }
    return nil
  }
}
