internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of a transformer, a decoder or an encoder, as transformers 5.17 runs it in eager
/// mode.
///
/// Shapes: B sequences of S tokens, H hidden features, N query heads and K key/value heads of D features, V words.
struct TransformerLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  /// The blocks, and what stands beside them.
  let stack: ModelDescription.Stack
  let choices: TransformerChoices
  let sizes: Sizes
  /// Tokens of a sequence, S.
  let length: Int

  struct Sizes {
    var hidden: Int
    var heads: Int
    var keyValueHeads: Int
    var headDimension: Int

    /// Query heads for each key/value head.
    var groups: Int { heads / keyValueHeads }
  }

  var multipliesTransposedWeights: Bool { choices.multipliesTransposedWeights }
  var keptInFP32: [String] { choices.keptInFP32 }

  /// Whether attention runs as written out in transformers. Families without the attention interface always do.
  var isEager: Bool {
    switch choices.attention {
    case .interface, .falcon, .ownMask: settings.attention == .eager
    case .fp32, .bloom, .mpt, .sinks, .disentangled: true
    }
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let shape: Shape = [batch, settings.sequenceLength]
    let given =
      settings.context.map { partsOfSequence(&g, $0) }
      ?? TokenInputs(
        tokens: g.input("input_ids", shape, .int64), labels: labels(&g),
        padding: settings.isPadded ? g.input("attention_mask", shape, .int64) : nil)
    declareParameters(&g)
    let (logits, loss) = g.frame("") { g in
      let inputs = prompted(&g, given)
      return g.frame("") { g in objective(&g, inputs.labels) { g in backbone(&g, inputs) } }
    }
    return finished(&g, logits.map { [$0] } ?? [], loss: loss)
  }

  /// A setting of the configuration under which the pass makes no sense; nil where there is none.
  var whatCannotRun: String? {
    if let reason = whatTaskCannotRun ?? whyTechniqueCannotRun ?? whyCannotRun(activation: choices.activation) {
      return reason
    }
    if let reason = whySequenceIsNotShared ?? whyContextIsNotShared ?? whyExpertsAreNotShared { return reason }
    if settings.loss == .fused, isHeadSplit { return "a fused loss of a head that is split over GPUs is not simulated" }
    switch choices.positions {
    case .rotary, .rotaryByKind, .rotaryGrid, .rotaryTable:
      guard rotaryDimension > 0, rotaryDimension <= sizes.headDimension, rotaryDimension % 2 == 0 else {
        return "\(rotaryDimension) rotated features of a head of \(sizes.headDimension) make no sense"
      }
    case .relative:
      if let reason = whatOfDistancesCannotRun { return reason }
    case .learned, .learnedWithMask, .learnedWithTypes, .alibi, .alibiBesideMask, .relativeBias, .given: break
    }
    if choices.positions.areRows, let places = description.maximumPositions?.value, keyLength > places {
      return "a sequence of \(keyLength) tokens is longer than the \(places) positions that the model has"
    }
    if choices.fused == .groups, sizes.heads % 4 != 0 { return "\(sizes.heads) heads do not form four groups" }
    if let experts = choices.experts, let reason = whatCannotRun(experts) { return reason }
    return adaptersThatCannotRun
  }

  // MARK: - Parameters

  /// The model's parameters in its own order, whether or not the forward pass uses them.
  func declareParameters(_ g: inout GraphBuilder) {
    let outside: [Role] = [
      .inputEmbedding, .positionEmbedding, .tokenTypeEmbedding, .embeddingNorm, .embeddingProjection,
    ]
    let behind: [Role] = [.finalNorm, .outputProjection]
    declare(&g, stack.modules, outside)
    for layer in stack.layers {
      declare(&g, layer.modules, Role.allCases.filter { !$0.isRouted })
      declareExperts(&g, layer)
      for module in layer.others { declare(&g, module) }
    }
    declare(&g, stack.modules, behind)
    noteSharedNorms(&g)
    // A class that is known has no modules but those that are.
    if !description.hasLowering { for module in description.others { declare(&g, module) } }
  }

  // MARK: - The model

  /// Tokens [B, S] to hidden states [B, S, H].
  private func backbone(_ g: inout GraphBuilder, _ given: TokenInputs) -> Tensor {
    g.frame("model") { g in
      var embedded = given.rows ?? embedded(&g, given.tokens)
      if case .outside? = choices.embeddingScale { embedded = g.multiplyScalar(embedded) }
      if choices.isCausal { g.hold(embedded) }
      return decoded(&g, embedded, given.padding, prefix: given.prefix)
    }
  }

  /// Embedded tokens [B, S, H] to hidden states [B, S, H].
  func decoded(
    _ g: inout GraphBuilder, _ embedded: Tensor, _ padding: Tensor?, prefix: PrefixCache? = nil
  ) -> Tensor {
    var inputs = layerInputs(&g, embedded, padding)
    inputs.prefix = prefix
    let hidden = column(&g, inputs)
    return stack.modules[.outputProjection].map { linear(&g, hidden, $0) } ?? hidden
  }

  /// The blocks one after the other, and the norm behind them: hidden states [B, S, H] to the same.
  func column(_ g: inout GraphBuilder, _ inputs: LayerInputs) -> Tensor {
    let blocks = self.blocks(&g, inputs)
    var hidden = blocks.hidden
    if let norm = stack.modules[.finalNorm] {
      hidden = self.norm(&g, hidden, norm, "norm")
    } else if choices.norm == .bareLayerNorm {
      hidden = g.frame("norm") { g in bareNorm(&g, hidden) }
    }
    if let weights = blocks.weights { g.hold(weights) }
    return sequenceRanks > 1 ? g.gathered(hidden, axis: 1, ranks: sequenceRanks) : hidden
  }

  /// The blocks one after the other, each a stretch that checkpointing may wrap.
  ///
  /// - Parameter visit: what is done with what goes into the first block and comes out of each.
  func blocks(
    _ g: inout GraphBuilder, _ inputs: LayerInputs, visit: (inout GraphBuilder, Tensor) -> Void = { _, _ in }
  ) -> (hidden: Tensor, weights: Tensor?) {
    var inputs = inputs
    visit(&g, inputs.hidden)
    var weights: Tensor?
    for layer in stack.layers {
      let handed = [inputs.bias, inputs.memory?.states, inputs.memory?.bias].compactMap { $0 }
      let results = g.segment("layers.\(layer.index)", positional: inputs.positional + handed, unread: inputs.unread) {
        g in
        let hidden = layer.index == stack.layers[0].index ? pieceOfSequence(&g, inputs.hidden) : inputs.hidden
        let results = block(&g, hidden, layer, inputs)
        return (results.hidden, choices.returnsWeights ? results.weights.map { [$0] } ?? [] : results.biases)
      }
      let source = inputs.hidden
      inputs.hidden = results.result
      if choices.positions.areRelativeBiases {
        inputs.bias = results.side.first
        inputs.memory?.bias = results.side.dropFirst().first
        for bias in results.side { g.hold(bias) }
        continue
      }
      // The loop's variable for a layer's results is bound anew only when the next layer returns.
      if let weights { g.keepUntilHere(weights) }
      weights = results.side.first
      if layer.index == stack.layers[0].index { inputs.hidden = convolved(&g, inputs.hidden, source, inputs.seen) }
      if choices.holdsHiddenStates { g.hold(inputs.hidden) }
      visit(&g, inputs.hidden)
    }
    return (inputs.hidden, weights)
  }

  /// What the embedding makes of tokens [B, S].
  func embedded(_ g: inout GraphBuilder, _ tokens: Tensor) -> Tensor {
    guard let module = stack.modules[.inputEmbedding], let table = weight(&g, module) else { return tokens }
    let requiresInputGradients = asksForInputGradients(module)
    let isAdapted = settings.adapters?.name(module.path) ?? false
    let embedded = g.frame("embed_tokens") { g in
      let rows = g.embedding(tokens, table)
      if let adapters = settings.adapters, isAdapted {
        if requiresInputGradients { g.requireGradient(rows) }
        return adaptedRows(&g, rows, tokens, module, adapters)
      }
      switch choices.embeddingScale {
      case .buffer?:
        let scale = g.buffer("embed_scale", [], .float32)
        let converted = type == .float32 ? scale : g.create("_to_copy", [scale], [], type)
        return g.multiply(rows, converted)
      case .number(let flag)?: return configuration?.boolean(flag) ?? true ? g.multiplyScalar(rows) : rows
      case .outside?, nil: return rows
      }
    }
    // An adapter's output needs one already, and the hook is on what it adapts.
    if requiresInputGradients, !isAdapted { g.requireGradient(embedded) }
    return embedded
  }
}
