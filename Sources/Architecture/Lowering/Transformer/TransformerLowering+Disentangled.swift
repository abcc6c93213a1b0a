internal import Checkpoint
internal import Graph
internal import Units

/// What DeBERTa's layers are handed of the distances between tokens.
struct RelativePositions {
  /// Buckets of the distances [1, S, S].
  var buckets: GraphBuilder.Tensor
  /// An embedding for each bucket [2P, H].
  var embeddings: GraphBuilder.Tensor
}

/// DeBERTa (transformers 5.17, `models/deberta_v2/modeling_deberta_v2.py`). P buckets of distances to either side.
extension TransformerLowering {
  /// `DebertaV2Embeddings.forward` after the words, and what `DebertaV2Encoder.forward` does before its layers.
  func relativeInputs(_ g: inout GraphBuilder, _ words: Tensor, _ padding: Tensor?) -> LayerInputs {
    let seen = padding ?? g.hold(g.create("ones", [], [batch, length], .float32))
    let types = g.hold(g.create("zeros", [], [batch, length], .int64))
    var inputs = LayerInputs(hidden: maskedEmbeddings(&g, words, seen, types))
    g.hold(inputs.hidden)
    inputs.seen = seen
    let shape: Shape = [batch, 1, length, length]
    let mask = g.hold(g.create("mul", [seen], shape, seen.dataType))
    inputs.mask = AttentionMask(tensor: mask, isBoolean: false)
    inputs.positional = [mask]
    guard let module = stack.modules[.relativeEmbedding], let table = weight(&g, module) else { return inputs }
    let buckets = g.hold(bucketPositions(&g))
    let embeddings =
      normsRelativeEmbeddings
      ? stack.modules[.relativeNorm].map { norm(&g, table, $0, "LayerNorm") } ?? table : table
    inputs.relative = RelativePositions(buckets: buckets, embeddings: g.hold(embeddings))
    return inputs
  }

  private func maskedEmbeddings(
    _ g: inout GraphBuilder, _ words: Tensor, _ seen: Tensor, _ types: Tensor
  ) -> Tensor {
    let places = description.maximumPositions?.value ?? length
    let positions = g.buffer("embeddings.position_ids", [1, places], .int64)
    return g.frame("embeddings") { g in
      var hidden = words
      if let module = stack.modules[.positionEmbedding], let table = weight(&g, module),
        configuration?.boolean("position_biased_input") != false
      {
        let rows = g.hold(g.embedding(g.slice(positions, axis: 1, start: 0, length: length), table))
        hidden = g.add(hidden, rows)
      } else {
        g.hold(g.create("zeros_like", [words], words.shape, words.dataType))
      }
      if let module = stack.modules[.tokenTypeEmbedding], let table = weight(&g, module) {
        hidden = g.add(hidden, g.hold(g.embedding(types, table)))
      }
      if let projection = stack.modules[.embeddingProjection] { hidden = linear(&g, hidden, projection) }
      if let module = stack.modules[.embeddingNorm] { hidden = norm(&g, hidden, module, "LayerNorm") }
      hidden = g.multiply(hidden, g.hold(counting(&g, seen, as: hidden.dataType)))
      hidden = dropped(&g, hidden, choices.embeddingDropout)
      g.keepUntilHere(words)
      return hidden
    }
  }

  /// The mask [B, S] as a factor [B, S, 1].
  private func counting(_ g: inout GraphBuilder, _ seen: Tensor, as type: DataType) -> Tensor {
    let column = g.unsqueeze(seen, 2)
    return seen.dataType == type ? column : g.create("_to_copy", [column], column.shape, type)
  }

  /// `build_relative_position` with `make_log_bucket_position`.
  private func bucketPositions(_ g: inout GraphBuilder) -> Tensor {
    let shape: Shape = [length, length]
    let whole = g.frame("") { g in
      let queries = g.hold(g.create("arange", [], [length], .int64))
      let keys = g.hold(g.create("arange", [], [length], .int64))
      let distances = g.hold(g.create("sub", [queries, keys], shape, .int64))
      guard (configuration?.integer("position_buckets") ?? -1) > 0 else { return distances }
      let bent = g.frame("") { g in
        let sign = g.hold(g.create("sign", [distances], shape, .int64))
        let below = g.create("lt", [distances], shape, .bool)
        let near = g.create("bitwise_and", [below, g.create("gt", [distances], shape, .bool)], shape, .bool)
        let far = g.create("abs", [distances], shape, .int64)
        let steps = g.hold(g.create("where", [near, far], shape, .int64))
        var logarithms = g.create("log", [g.create("div", [steps], shape, .float32)], shape, .float32)
        for name in ["div", "mul", "ceil", "add"] { logarithms = g.create(name, [logarithms], shape, .float32) }
        g.hold(logarithms)
        let isNear = g.create("le", [steps], shape, .bool)
        let exact = g.create("_to_copy", [distances], shape, .float32)
        let signed = g.create("mul", [logarithms, sign], shape, .float32)
        return g.create("where", [isNear, exact, signed], shape, .float32)
      }
      return g.create("_to_copy", [bent], shape, .int64)
    }
    return g.unsqueeze(whole, 0)
  }

  // MARK: - Settings

  /// Buckets to either side, P.
  var relativeSpan: Int {
    let buckets = configuration?.integer("position_buckets") ?? -1
    if buckets > 0 { return buckets }
    let most = configuration?.integer("max_relative_positions") ?? -1
    return most > 0 ? most : description.maximumPositions?.value ?? 512
  }

  var normsRelativeEmbeddings: Bool {
    (configuration?.string("norm_rel_ebd") ?? "none").lowercased().split(separator: "|").contains {
      $0.trimmingSpaces == "layer_norm"
    }
  }

  /// Which of content to position and position to content are added to the scores.
  private var positionTerms: (toPosition: Bool, toContent: Bool) {
    let words =
      configuration?.strings("pos_att_type") ?? configuration?.string("pos_att_type")?.split(separator: "|").map(
        String.init)
      ?? []
    return (words.contains("c2p"), words.contains("p2c"))
  }

  // MARK: - Attention

  /// `DisentangledSelfAttention.forward`: [B, S, H] to [B, S, H], ahead of the output's projection.
  func disentangled(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ inputs: LayerInputs
  ) -> Tensor {
    guard let query = layer.modules[.query], let key = layer.modules[.key], let value = layer.modules[.value],
      let mask = inputs.mask
    else { return input }
    return g.frame("self") { g in
      let queries = g.hold(scored(&g, linear(&g, input, query)))
      let keys = g.hold(scored(&g, linear(&g, input, key)))
      let values = g.hold(scored(&g, linear(&g, input, value)))
      let turned = g.unary(.divideScalar, g.transpose(keys, 1, 2))
      var scores = g.batchedProduct(queries, turned)
      if let relative = inputs.relative {
        let embeddings = g.hold(dropped(&g, relative.embeddings, choices.embeddingDropout))
        let bias = g.frame("") { g in
          positionBias(&g, queries, keys, relative.buckets, embeddings, layer.modules)
        }
        if let bias { scores = g.add(scores, g.hold(bias)) }
      }
      scores = g.reshape(scores, [batch, sizes.heads, length, length])
      let visible = g.hold(g.create("_to_copy", [mask.tensor], mask.tensor.shape, .bool))
      let hiddenOnes = g.create("bitwise_not", [visible], visible.shape, .bool)
      scores = g.hold(g.maskedFill(scores, hiddenOnes))
      let weights = g.hold(g.dropout(g.softmax(scores), number(choices.attentionDropout)))
      let context = g.batchedProduct(g.reshape(weights, [batch * sizes.heads, length, length]), values)
      let heads = g.reshape(context, [batch, sizes.heads, length, sizes.headDimension])
      let merged = g.contiguous(g.transpose(heads, 1, 2))
      return g.reshape(merged, [batch, length, sizes.heads * sizes.headDimension])
    }
  }

  /// `transpose_for_scores`: [.., S, N · D] copied to [.. · N, S, D].
  private func scored(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let (rows, columns) = (input.shape[0], input.shape[1])
    let heads = g.reshape(input, [rows, columns, sizes.heads, sizes.headDimension])
    return g.reshape(g.contiguous(g.transpose(heads, 1, 2)), [rows * sizes.heads, columns, sizes.headDimension])
  }

  /// `disentangled_attention_bias` [B · N, S, S].
  private func positionBias(
    _ g: inout GraphBuilder, _ queries: Tensor, _ keys: Tensor, _ buckets: Tensor, _ embeddings: Tensor,
    _ modules: [Role: ModuleParameters]
  ) -> Tensor? {
    let terms = positionTerms
    let rows = g.unsqueeze(embeddings, 0)
    let isShared = configuration?.boolean("share_att_key") ?? false
    let keyModule = isShared ? modules[.key] : modules[.positionKey]
    let queryModule = isShared ? modules[.query] : modules[.positionQuery]
    func projected(_ g: inout GraphBuilder, _ module: ModuleParameters?) -> Tensor? {
      guard let module else { return nil }
      return g.hold(repeatedForBatch(&g, scored(&g, linear(&g, rows, module))))
    }
    var positionQueries = isShared ? projected(&g, queryModule) : nil
    let positionKeys = isShared || terms.toPosition ? projected(&g, keyModule) : nil
    if !isShared, terms.toContent { positionQueries = projected(&g, queryModule) }

    var score: Tensor?
    if terms.toPosition, let positionKeys {
      let scores = g.batchedProduct(queries, g.transpose(positionKeys, 1, 2))
      let places = g.hold(clamped(&g, g.create("add", [buckets], [1, 1, length, length], .int64)))
      let found = g.hold(looked(&g, scores, places))
      score = g.addScalar(g.unary(.divideScalar, found))
    }
    if terms.toContent, let positionQueries {
      let negated = g.create("neg", [buckets], [1, 1, length, length], .int64)
      let places = g.hold(clamped(&g, g.create("add", [negated], [1, 1, length, length], .int64)))
      let scores = g.batchedProduct(keys, g.transpose(positionQueries, 1, 2))
      let found = g.hold(g.transpose(looked(&g, scores, places), 1, 2))
      let scaled = g.unary(.divideScalar, found)
      score = score.map { g.addInPlace($0, scaled) } ?? g.addScalar(scaled)
    }
    return score
  }

  private func clamped(_ g: inout GraphBuilder, _ places: Tensor) -> Tensor {
    g.create("clamp", [places], [1, length, length], .int64)
  }

  /// `torch.gather` of [B · N, S, 2P] by places [1, S, S].
  private func looked(_ g: inout GraphBuilder, _ scores: Tensor, _ places: Tensor) -> Tensor {
    let shape: Shape = [batch * sizes.heads, length, length]
    return g.apply(.gather, [scores, g.expand(places, to: shape)], Layout(contiguous: shape), scores.dataType)
  }

  /// [N, 2P, D] repeated for each sequence: [B · N, 2P, D].
  private func repeatedForBatch(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let shape = Shape([batch] + input.shape.dimensions)
    let copy = g.apply(.copy, [g.expand(g.unsqueeze(input, 0), to: shape)], Layout(contiguous: shape), input.dataType)
    return g.reshape(copy, [batch * input.shape[0], input.shape[1], input.shape[2]])
  }

  // MARK: - Convolution

  /// `ConvLayer.forward` beside the first layer: the embeddings convolved along the sequence, added to what the layer
  /// gave.
  func convolved(_ g: inout GraphBuilder, _ hidden: Tensor, _ embeddings: Tensor, _ seen: Tensor?) -> Tensor {
    guard let module = stack.modules[.convolution], let weight = weight(&g, module), let seen else { return hidden }
    let bias = bias(&g, module)
    return g.frame("conv") { g in
      let source = g.contiguous(g.transpose(embeddings, 1, 2))
      let product = g.convolution(source, weight, bias)
      let out = g.contiguous(g.transpose(product, 1, 2))
      let unseen = g.create("_to_copy", [g.create("rsub", [seen], seen.shape, seen.dataType)], seen.shape, .bool)
      g.hold(unseen)
      let masked = g.maskedFillInPlace(out, g.unsqueeze(unseen, -1))
      let bent = activation(&g, dropped(&g, masked, choices.residualDropout), Setting("conv_act", "tanh"))
      g.hold(bent)
      let sum = g.hold(g.add(hidden, bent))
      let normed = stack.modules[.convolutionNorm].map { norm(&g, sum, $0, "LayerNorm") } ?? sum
      return g.multiply(g.hold(normed), g.hold(counting(&g, seen, as: normed.dataType)))
    }
  }

  typealias Setting = ConfiguredValue

  // MARK: - Soundness

  /// What of DeBERTa's own parts does not fit; nil where all does.
  var whatOfDistancesCannotRun: String? {
    guard case .relative = choices.positions else { return nil }
    guard configuration?.boolean("legacy") != false || task != .maskedLM else {
      return "a DeBERTa head that is not the legacy one is not simulated yet"
    }
    let span = relativeSpan
    guard (1...1 << 20).contains(span) else { return "\(span) buckets of distances make no sense" }
    if let table = stack.modules[.relativeEmbedding], table.weight != [2 * span, sizes.hidden] {
      return "\(table.path).weight has the shape \(table.weight ?? []), and \([2 * span, sizes.hidden]) is wanted"
    }
    if let norm = stack.modules[.relativeNorm], let misfit = norm.misfit(norm: sizes.hidden) { return misfit }
    for layer in stack.layers {
      for role in [Role.positionKey, .positionQuery] {
        let width = sizes.heads * sizes.headDimension
        if let misfit = layer.modules[role]?.misfit(input: sizes.hidden, output: width) { return misfit }
      }
    }
    guard let convolution = stack.modules[.convolution] else { return nil }
    guard let shape = convolution.weight, shape.rank == 3, shape[0] == sizes.hidden, shape[1] <= sizes.hidden,
      shape[2] % 2 == 1
    else { return "\(convolution.path).weight has the shape \(convolution.weight ?? [])" }
    return stack.modules[.convolutionNorm]?.misfit(norm: sizes.hidden)
  }
}

extension Substring {
  fileprivate var trimmingSpaces: Substring {
    var text = self.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return text
  }
}
