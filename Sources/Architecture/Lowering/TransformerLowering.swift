internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of a transformer, a decoder or an encoder, as transformers 5.17 runs it in eager
/// mode.
///
/// Shapes: B sequences of S tokens, H hidden features, N query heads and K key/value heads of D features, V words.
struct TransformerLowering {
  typealias Tensor = GraphBuilder.Tensor

  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let choices: TransformerChoices
  let sizes: Sizes

  struct Sizes {
    var hidden: Int
    var heads: Int
    var keyValueHeads: Int
    var headDimension: Int

    /// Query heads for each key/value head.
    var groups: Int { heads / keyValueHeads }
  }

  var batch: Int { settings.batchSize }
  var length: Int { settings.sequenceLength }
  var type: DataType { settings.precision.parameterType }

  /// Whether attention runs as written out in transformers. Families without the attention interface always do.
  var isEager: Bool {
    switch choices.attention {
    case .interface, .falcon: settings.attention == .eager
    case .fp32, .bloom: true
    }
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let tokens = g.input("input_ids", [batch, length], .int64)
    let labels = g.input("labels", [batch, length], .int64)
    let padding = settings.isPadded ? g.input("attention_mask", [batch, length], .int64) : nil
    declareParameters(&g)
    let (logits, loss) = g.frame("") { g in
      let hidden = g.hold(backbone(&g, tokens, padding))
      let logits = head(&g, hidden)
      return (logits, g.frame("") { g in self.loss(&g, logits, labels) })
    }
    g.endAutocast()
    g.hold(logits)
    if settings.loop == .accelerate { g.hold(g.cast(logits, to: .float32)) }
    return g.finish(loss: loss)
  }

  /// A setting of the configuration under which the pass makes no sense; nil where there is none.
  var whatCannotRun: String? {
    switch choices.positions {
    case .rotary, .rotaryTable:
      guard rotaryDimension > 0, rotaryDimension <= sizes.headDimension, rotaryDimension % 2 == 0 else {
        return "\(rotaryDimension) rotated features of a head of \(sizes.headDimension) make no sense"
      }
    case .learned, .learnedWithMask, .learnedWithTypes, .alibi: break
    }
    if choices.positions.areRows, let places = description.maximumPositions?.value, length > places {
      return "a sequence of \(length) tokens is longer than the \(places) positions that the model has"
    }
    if choices.fused == .groups, sizes.heads % 4 != 0 { return "\(sizes.heads) heads do not form four groups" }
    return nil
  }

  // MARK: - Parameters

  /// The model's parameters in its own order, whether or not the forward pass uses them.
  private func declareParameters(_ g: inout GraphBuilder) {
    let outside: [Role] = [
      .inputEmbedding, .positionEmbedding, .tokenTypeEmbedding, .embeddingNorm, .embeddingProjection,
    ]
    let behind: [Role] = [.finalNorm, .outputProjection, .headTransform, .headTransformNorm, .head]
    for role in outside { description.modules[role].map { declare(&g, $0) } }
    for layer in description.layers {
      for role in Role.allCases { layer.modules[role].map { declare(&g, $0) } }
      for module in layer.others { declare(&g, module) }
    }
    for role in behind where role != .head || !isTied { description.modules[role].map { declare(&g, $0) } }
    if isTied, let head = description.modules[.head] { _ = bias(&g, head) }
    for module in description.others { declare(&g, module) }
  }

  private func declare(_ g: inout GraphBuilder, _ module: ModuleParameters) {
    _ = weight(&g, module)
    _ = bias(&g, module)
  }

  func weight(_ g: inout GraphBuilder, _ module: ModuleParameters) -> Tensor? {
    module.weight.map { parameter(&g, "\(module.path).weight", $0) }
  }

  func bias(_ g: inout GraphBuilder, _ module: ModuleParameters) -> Tensor? {
    module.bias.map { parameter(&g, "\(module.path).bias", $0) }
  }

  private func parameter(_ g: inout GraphBuilder, _ name: String, _ shape: Shape) -> Tensor {
    let isFrozen = settings.adapters != nil || settings.frozen.contains { Glob($0).matches(name) }
    return g.parameter(name, shape, type, trains: !isFrozen)
  }

  var isTied: Bool { description.tiedEmbeddings?.value ?? (description.modules[.head] == nil) }

  /// A linear layer, with its adapter where it has one.
  func linear(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    guard let adapters = settings.adapters, adapters.reach(module.path) else {
      return g.linear(
        input, weight, bias, transposed: module.isTransposed, throughView: choices.multipliesTransposedWeights)
    }
    return g.frame(module.path) { g in
      let base = g.linear(input, weight, bias, transposed: module.isTransposed)
      return adapted(&g, base, input, module, adapters)
    }
  }

  /// `lora.Linear.forward` of PEFT 0.21: the adapter's weights are fp32, and so is what goes through them.
  private func adapted(
    _ g: inout GraphBuilder, _ base: Tensor, _ input: Tensor, _ module: ModuleParameters, _ adapters: LowRankAdapters
  ) -> Tensor {
    guard let features = module.features else { return base }
    let down = g.parameter("\(module.path).lora_A.weight", [adapters.rank, features.input], .float32)
    let up = g.parameter("\(module.path).lora_B.weight", [features.output, adapters.rank], .float32)
    let wide = g.hold(g.cast(input, to: .float32))
    let narrow = g.linear(g.dropout(wide, adapters.dropout), down, nil)
    let sum = g.hold(g.add(base, g.multiplyScalar(g.linear(narrow, up, nil))))
    return g.cast(sum, to: base.dataType)
  }

  // MARK: - Settings

  func number(_ setting: TransformerChoices.Setting<Double>) -> Double {
    configuration?.number(setting.key) ?? setting.value
  }

  /// `nn.Dropout` by the configuration's probability.
  func dropped(
    _ g: inout GraphBuilder, _ input: Tensor, _ dropout: TransformerChoices.Setting<Double>?
  ) -> Tensor {
    guard let dropout else { return input }
    return g.frame("dropout") { g in g.dropout(input, number(dropout)) }
  }

  // MARK: - The model

  /// Tokens [B, S] to hidden states [B, S, H].
  private func backbone(_ g: inout GraphBuilder, _ tokens: Tensor, _ padding: Tensor?) -> Tensor {
    g.frame("model") { g in
      let embedded = g.hold(embedded(&g, tokens))
      if settings.adapters?.requiresInputGradients == true { g.requireGradient(embedded) }
      let inputs = layerInputs(&g, embedded, padding)
      var hidden = inputs.hidden
      var weights: Tensor?
      for layer in description.layers {
        let results = g.segment("layers.\(layer.index)") { g in
          let results = block(&g, hidden, layer, inputs)
          return (results.hidden, choices.returnsWeights ? results.weights.map { [$0] } ?? [] : [])
        }
        hidden = results.result
        // The loop's variable for a layer's results is bound anew only when the next layer returns.
        if let weights { g.keepUntilHere(weights) }
        weights = results.side.first
      }
      if let norm = description.modules[.finalNorm] { hidden = self.norm(&g, hidden, norm, "norm") }
      if let weights { g.hold(weights) }
      if let projection = description.modules[.outputProjection] { hidden = linear(&g, hidden, projection) }
      return hidden
    }
  }

  private func embedded(_ g: inout GraphBuilder, _ tokens: Tensor) -> Tensor {
    guard let module = description.modules[.inputEmbedding], let table = weight(&g, module) else { return tokens }
    return g.frame("embed_tokens") { g in
      let rows = g.embedding(tokens, table)
      switch choices.embeddingScale {
      case .buffer?:
        let scale = g.buffer("embed_scale", [], .float32)
        let converted = type == .float32 ? scale : g.create("_to_copy", [scale], [], type)
        return g.multiply(rows, converted)
      case .number(let flag)?: return configuration?.boolean(flag) ?? true ? g.multiplyScalar(rows) : rows
      case nil: return rows
      }
    }
  }

  /// What a masked language model does before its head.
  private func transformed(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let module = description.modules[.headTransform] else { return hidden }
    let bent = activation(&g, linear(&g, hidden, module))
    return description.modules[.headTransformNorm].map { norm(&g, bent, $0, "transform.LayerNorm") } ?? bent
  }

  /// Hidden states [B, S, H] to logits [B, S, V].
  private func head(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard var head = isTied ? description.modules[.inputEmbedding] : description.modules[.head] else { return hidden }
    if isTied { head.bias = nil }
    let logits = g.frame("lm_head") { g in
      let hidden = transformed(&g, hidden)
      guard let weight = weight(&g, head) else { return hidden }
      let free = description.modules[.head]
      let logits = g.linear(hidden, weight, free.flatMap { bias(&g, $0) })
      // A head that is split over the vocabulary leaves each rank a piece of the logits.
      guard let width = description.vocabularySize?.value, weight.shape[0] < width else { return logits }
      return g.allGather(logits, width: width)
    }
    guard configuration?.number("final_logit_softcapping") != nil else { return logits }
    return g.multiplyScalar(g.unary(.tanh, g.unary(.divideScalar, logits)))
  }
}
