internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of a decoder language model as transformers 5.17 runs it in eager mode.
///
/// Shapes: B sequences of S tokens, H hidden features, N query heads and K key/value heads of D features, V words.
struct DecoderLowering {
  typealias Tensor = GraphBuilder.Tensor

  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let choices: DecoderChoices
  let sizes: Sizes

  struct Sizes {
    var hidden: Int
    var heads: Int
    var keyValueHeads: Int
    var headDimension: Int
    var vocabulary: Int

    /// Query heads for each key/value head.
    var groups: Int { heads / keyValueHeads }
  }

  var batch: Int { settings.batchSize }
  var length: Int { settings.sequenceLength }
  var type: DataType { settings.precision.parameterType }

  func graph() throws(LoweringError) -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let tokens = g.input("input_ids", [batch, length], .int64)
    let labels = g.input("labels", [batch, length], .int64)
    let padding = settings.isPadded ? g.input("attention_mask", [batch, length], .int64) : nil
    declareParameters(&g)
    let (logits, loss) = g.frame("") { g in
      let hidden = g.hold(decoder(&g, tokens, padding))
      let logits = head(&g, hidden)
      return (logits, g.frame("") { g in causalLoss(&g, logits, labels) })
    }
    g.hold(logits)
    if settings.loop == .accelerate { g.hold(g.cast(logits, to: .float32)) }
    return g.finish(loss: loss)
  }

  /// The tensors of the model's parameters in its own order, whether or not the forward pass uses them.
  private func declareParameters(_ g: inout GraphBuilder) {
    let outside: [Role] = [.inputEmbedding, .positionEmbedding, .embeddingNorm, .embeddingProjection]
    let behind: [Role] = [.finalNorm, .outputProjection, .head]
    for role in outside { description.modules[role].map { declare(&g, $0) } }
    for layer in description.layers {
      for role in Role.allCases { layer.modules[role].map { declare(&g, $0) } }
    }
    for role in behind where role != .head || !isTied { description.modules[role].map { declare(&g, $0) } }
  }

  private func declare(_ g: inout GraphBuilder, _ module: ModuleParameters) {
    _ = weight(&g, module)
    _ = bias(&g, module)
  }

  func weight(_ g: inout GraphBuilder, _ module: ModuleParameters) -> Tensor? {
    module.weight.map { g.parameter("\(module.path).weight", $0, type) }
  }

  func bias(_ g: inout GraphBuilder, _ module: ModuleParameters) -> Tensor? {
    module.bias.map { g.parameter("\(module.path).bias", $0, type) }
  }

  var isTied: Bool { description.tiedEmbeddings?.value ?? (description.modules[.head] == nil) }

  // MARK: - The model

  /// Tokens [B, S] to hidden states [B, S, H].
  private func decoder(_ g: inout GraphBuilder, _ tokens: Tensor, _ padding: Tensor?) -> Tensor {
    g.frame("model") { g in
      let positions = positionInputs(&g, g.hold(embedded(&g, tokens)), padding)
      var hidden = positions.hidden
      for layer in description.layers {
        hidden = g.segment("layers.\(layer.index)") { g in block(&g, hidden, layer, positions) }
      }
      if let norm = description.modules[.finalNorm] { hidden = self.norm(&g, hidden, norm, "norm") }
      if let projection = description.modules[.outputProjection] { hidden = linear(&g, hidden, projection) }
      return hidden
    }
  }

  /// Hidden states [B, S, H] to logits [B, S, V].
  private func head(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let head = isTied ? description.modules[.inputEmbedding] : description.modules[.head] else { return hidden }
    return g.frame("lm_head") { g in linear(&g, hidden, head) }
  }

  private func embedded(_ g: inout GraphBuilder, _ tokens: Tensor) -> Tensor {
    guard let module = description.modules[.inputEmbedding], let table = weight(&g, module) else { return tokens }
    return g.frame("embed_tokens") { g in g.embedding(tokens, table) }
  }

  // MARK: - Blocks

  /// One layer: attention and MLP, each behind a norm and added to what came in.
  private func block(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ positions: PositionInputs
  ) -> Tensor {
    let preNorm = choices.preNormKey.flatMap { configuration?.boolean($0) } ?? true
    var hidden = input
    if preNorm, let norm = layer.modules[.inputNorm] { hidden = self.norm(&g, hidden, norm, "input_norm") }
    let attended = g.frame("self_attn") { g in attention(&g, hidden, layer, positions) }
    if let weights = attended.weights { g.hold(weights) }
    var branch = dropped(&g, attended.output, choices.residualDropout)
    if choices.holdsBranches { g.hold(branch) }
    let normalized = hidden
    hidden = g.add(input, branch)
    if choices.holdsBranches { g.keepUntilHere(normalized) }
    if !preNorm, let norm = layer.modules[.inputNorm] { hidden = self.norm(&g, hidden, norm, "input_norm") }

    if choices.flattensMLP { hidden = g.reshape(hidden, [batch * length, sizes.hidden]) }
    let residual = hidden
    if preNorm, let norm = layer.modules[.preMLPNorm] { hidden = self.norm(&g, hidden, norm, "post_attention_norm") }
    branch = mlp(&g, hidden, layer)
    if choices.holdsBranches {
      g.hold(branch)
      g.hold(hidden)
    }
    hidden = g.add(residual, branch)
    if choices.flattensMLP { hidden = g.reshape(hidden, [batch, length, sizes.hidden]) }
    if !preNorm, let norm = layer.modules[.preMLPNorm] { hidden = self.norm(&g, hidden, norm, "post_attention_norm") }
    return hidden
  }

  func dropped(_ g: inout GraphBuilder, _ input: Tensor, _ dropout: (key: String, value: Double)?) -> Tensor {
    guard let dropout else { return input }
    return g.frame("dropout") { g in g.dropout(input, probability(dropout)) }
  }

  func probability(_ dropout: (key: String, value: Double)) -> Double {
    configuration?.number(dropout.key) ?? dropout.value
  }

  func linear(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    return g.linear(input, weight, bias(&g, module), transposed: module.isTransposed)
  }
}

/// Why a model cannot be written down as a graph.
public struct LoweringError: Error, Hashable, Sendable {
  public var message: String

  package init(message: String) { self.message = message }
}
