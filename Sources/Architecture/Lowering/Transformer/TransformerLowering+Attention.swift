internal import Graph
internal import Units

extension TransformerLowering {
  /// Self-attention from hidden states [B, S, H] to [B, S, H].
  func attention(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ inputs: LayerInputs
  ) -> Attended {
    if case .disentangled = choices.attention {
      let context = disentangled(&g, input, layer, inputs)
      let output = layer.modules[.attentionOutput].map { linear(&g, context, $0) } ?? context
      return Attended(output: output, context: context)
    }
    if choices.keepsAngles { _ = g.buffer("\(layer.path).attn.logn_tensor", [32_767], settings.bufferType) }
    guard var heads = latent == nil ? projections(&g, input, layer) : latentProjections(&g, input, layer, inputs)
    else { return Attended(output: input, context: input) }
    if latent == nil, let rotary = inputs.rotary(isWindowed: isWindowed(layer)), turns(layer), !hasDistances {
      heads = rotated(&g, heads, rotary)
    }
    if latent == nil, let angles = inputs.complexAngles { heads = turnedOrTuned(&g, heads, layer, angles) }
    if choices.headNorms == .turned { heads = normalizedTurned(&g, heads, layer) }
    if let positions = inputs.positions { heads = rotatedByTable(&g, heads, layer, positions) }
    // CodeGen, whose angles are fp32, brings its keys back before a cache takes them.
    if choices.fused == .groups, inputs.prefix != nil || settings.usesCache {
      heads.key = g.cast(heads.key, to: input.dataType)
    }
    if let prefix = inputs.prefix {
      heads = prefixed(&g, heads, prefix, layer.index)
    } else if settings.usesCache, choices.isCausal, latent == nil {
      heads = cached(&g, heads)
    }
    for tensor in [heads.query, heads.key, heads.value] { g.hold(tensor) }
    let bias = inputs.bias ?? relativeBias(&g, layer)

    let mask = isWindowed(layer) ? inputs.windowMask : inputs.mask
    let attended: (output: Tensor, weights: Tensor?)
    switch choices.attention {
    case .interface(let softmax):
      attended = isEager ? eager(&g, heads, mask, softmax, bias: bias) : fused(&g, heads, mask, bias: bias)
    case .fp32: attended = wideAttention(&g, heads, mask, layer)
    case .bloom: attended = biasedAttention(&g, heads, mask, inputs)
    case .sinks: attended = attentionWithSinks(&g, heads, mask, layer)
    case .disentangled: return Attended(output: input, context: input)
    case .ownMask: attended = attentionWithOwnMask(&g, heads, mask)
    case .mpt: attended = maskedAttention(&g, heads, mask, inputs)
    case .falcon where inputs.alibi != nil && isEager: attended = distanceAttention(&g, heads, mask, inputs)
    case .falcon: attended = isEager ? undividedAttention(&g, heads, mask) : fused(&g, heads, mask)
    }
    if let weights = attended.weights { g.hold(weights) }
    return left(&g, attended, layer.modules[.attentionOutput], bias: bias)
  }

  /// What attention leaves.
  struct Attended {
    var output: Tensor
    /// What the output's projection reads.
    var context: Tensor
    /// The probabilities that attention as written out hands back.
    var weights: Tensor?
    /// The bias by distance, which the layers behind take over.
    var bias: Tensor?
  }

  /// [B, S, N, D] back to hidden states.
  func left(
    _ g: inout GraphBuilder, _ attended: (output: Tensor, weights: Tensor?), _ projection: ModuleParameters?,
    bias: Tensor?
  ) -> Attended {
    let merged = g.reshape(attended.output, [batch, length, attended.output.shape[2] * attended.output.shape[3]])
    let context = g.contiguous(merged)
    let output = projection.map { linear(&g, context, $0) } ?? context
    return Attended(output: output, context: context, weights: attended.weights, bias: bias)
  }

  /// `DynamicLayer.update` appends to an empty cache of the keys' type, which copies (and widens values where keys were
  /// turned in fp32); the cache outlives the forward pass.
  func cached(_ g: inout GraphBuilder, _ heads: Heads) -> Heads {
    g.frame("") { g in
      let key = g.concatenate([heads.key], axis: 2)
      let value = g.concatenate([heads.value], axis: 2, besideEmpty: key.dataType)
      g.holdToTheEnd(key)
      g.holdToTheEnd(value)
      return (heads.query, key, value)
    }
  }

  /// `eager_attention_forward`.
  func eager(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, _ softmax: TransformerChoices.EagerSoftmax,
    bias: Tensor? = nil
  ) -> (output: Tensor, weights: Tensor?) {
    g.frame("") { g in
      let key = g.hold(repeated(&g, heads.key))
      let value = g.hold(repeated(&g, heads.value))
      var scores = g.multiplyScalar(g.matrixProduct(heads.query, g.transpose(key, 2, 3)))
      if choices.softensScores, configuration?.number("attn_logit_softcapping") != nil {
        scores = g.multiplyScalar(g.unary(.tanh, g.unary(.divideScalar, scores)))
      }
      if let bias { scores = g.add(scores, bias) }
      if let mask { scores = g.add(scores, mask.tensor) }
      var weights: Tensor
      switch softmax {
      case .upcast:
        weights = g.cast(g.softmax(scores, to: .float32), to: heads.query.dataType)
        // The scores' variable is bound anew to the result of both.
        g.keepUntilHere(scores)
      case .plain: weights = g.cast(g.softmax(scores), to: value.dataType)
      case .uncast: weights = g.softmax(scores)
      }
      weights = g.dropout(weights, number(choices.attentionDropout))
      let output = g.transpose(g.matrixProduct(weights, value), 1, 2)
      // GPT-2's version leaves the copy to the reshape that follows.
      return (softmax == .plain ? output : g.contiguous(output), weights)
    }
  }

  /// `repeat_kv`: each key/value head as often as it has query heads, which copies.
  func repeated(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    guard input.shape[1] != sizes.heads else { return input }
    let wide: Shape = [batch, sizes.keyValueHeads, sizes.groups, input.shape[2], input.shape[3]]
    let expanded = g.expand(g.unsqueeze(input, 2), to: wide)
    return g.reshape(expanded, [batch, sizes.heads, input.shape[2], input.shape[3]])
  }

  /// GPT-Neo, GPT-J and CodeGen: scores in fp32, whatever the model's type.
  private func wideAttention(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, _ layer: ModelDescription.Layer
  ) -> (output: Tensor, weights: Tensor?) {
    let attended = g.frame("") { g in
      let query = g.hold(g.cast(heads.query, to: .float32))
      let key = g.hold(g.cast(heads.key, to: .float32))
      var scores = g.matrixProduct(query, g.transpose(key, 2, 3))
      switch choices.positions {
      case .rotaryTable where choices.fused == .groups:
        if let mask { scores = g.add(scores, mask.tensor) }
        scores = g.unary(.divideScalar, scores)
      case .rotaryTable:
        scores = g.unary(.divideScalar, scores)
        if let mask { scores = g.add(scores, mask.tensor) }
      default:
        let places = description.maximumPositions?.value ?? keyLength
        let causal = g.buffer("\(layer.path).attn.attention.bias", [1, 1, places, places], .bool)
        let visible = g.slice(g.slice(causal, axis: 2, start: 0, length: length), axis: 3, start: 0, length: keyLength)
        scores = g.whereVisible(scores, visible)
        if let mask { scores = g.add(scores, mask.tensor) }
      }
      var weights = g.cast(g.softmax(scores), to: heads.value.dataType)
      weights = g.dropout(weights, number(choices.attentionDropout))
      return (g.matrixProduct(weights, heads.value), weights)
    }
    return (g.contiguous(g.transpose(attended.0, 1, 2)), attended.1)
  }

  /// BLOOM: `baddbmm` over the distances' biases.
  private func biasedAttention(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, _ inputs: LayerInputs
  ) -> (output: Tensor, weights: Tensor?) {
    func rows(_ count: Int) -> Shape { [batch * sizes.heads, count, sizes.headDimension] }
    let query = g.hold(g.reshape(heads.query, rows(length)))
    let key = g.hold(g.transpose(g.reshape(heads.key, rows(keyLength)), 1, 2))
    let value = g.hold(g.reshape(heads.value, rows(keyLength)))
    guard let alibi = inputs.alibi else { return (value, nil) }
    let scores = g.hold(g.addedBatchedProduct(alibi, query, key))
    var biased = g.reshape(scores, [batch, sizes.heads, length, keyLength])
    if let mask { biased = g.hold(g.add(biased, mask.tensor)) }
    var weights = g.cast(g.softmax(biased, to: .float32), to: query.dataType)
    weights = g.hold(g.dropout(weights, number(choices.attentionDropout)))
    let context = g.batchedProduct(g.reshape(weights, [batch * sizes.heads, length, keyLength]), value)
    let merged = g.transpose(g.reshape(context, [batch, sizes.heads, length, sizes.headDimension]), 1, 2)
    return (merged, weights)
  }

  /// Falcon: the product itself is divided, and one key/value head is left to spread in the products.
  private func undividedAttention(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?
  ) -> (output: Tensor, weights: Tensor?) {
    let scores = g.divideScalarInPlace(g.matrixProduct(heads.query, g.transpose(heads.key, 2, 3)))
    let weights = g.hold(g.softmax(mask.map { g.add(scores, $0.tensor) } ?? scores, to: type))
    g.keepUntilHere(scores)
    return (g.transpose(g.matrixProduct(weights, heads.value), 1, 2), weights)
  }

  /// Falcon with distances: their biases are added in fp32, and once more with the mask.
  private func distanceAttention(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, _ inputs: LayerInputs
  ) -> (output: Tensor, weights: Tensor?) {
    let product = g.hold(g.matrixProduct(heads.query, g.transpose(heads.key, 2, 3)))
    var scores = g.hold(g.cast(product, to: .float32))
    if let alibi = inputs.alibi {
      scores = g.hold(g.multiplyScalarInPlace(g.add(scores, g.reshape(alibi, [batch, sizes.heads, 1, keyLength]))))
    }
    if let mask { scores = g.add(scores, mask.tensor) }
    var weights = g.softmax(scores, to: type)
    weights = g.hold(g.dropout(weights, number(choices.attentionDropout)))
    let context = g.matrixProduct(weights, heads.value)
    return (g.transpose(context, 1, 2), weights)
  }

  /// MPT: the distances' biases are added to the scores, and hidden places filled.
  private func maskedAttention(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, _ inputs: LayerInputs
  ) -> (output: Tensor, weights: Tensor?) {
    var scores = g.multiplyScalar(g.matrixProduct(heads.query, g.transpose(heads.key, 2, 3)))
    if let alibi = inputs.alibi {
      let places = alibi.shape[2]
      scores = g.add(scores, g.slice(alibi, axis: 2, start: max(0, places - keyLength), length: min(places, keyLength)))
    }
    if let mask { scores = g.whereVisible(scores, mask.tensor) }
    g.hold(scores)
    let weights = g.hold(g.cast(g.softmax(g.cast(scores, to: .float32)), to: heads.value.dataType))
    let context = g.matrixProduct(g.hold(g.dropout(weights, number(choices.attentionDropout))), heads.value)
    return (g.hold(g.contiguous(g.permute(context, [0, 2, 1, 3]))), weights)
  }
}

extension TransformerLowering {
  /// gpt-oss: a learned score stands beside those of the tokens, takes its share of the probability, and is dropped.
  private func attentionWithSinks(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?, _ layer: ModelDescription.Layer
  ) -> (output: Tensor, weights: Tensor?) {
    g.frame("") { g in
      let key = g.hold(repeated(&g, heads.key))
      let value = g.hold(repeated(&g, heads.value))
      var scores = g.multiplyScalar(g.matrixProduct(heads.query, g.transpose(key, 2, 3)))
      if let mask { scores = g.add(scores, mask.tensor) }
      guard let module = layer.modules[.sinks], let sinks = weight(&g, module) else { return (value, nil) }
      let column: Shape = [batch, sizes.heads, length, 1]
      let beside = g.expand(g.reshape(sinks, [1, sizes.heads, 1, 1]), to: column)
      let all = g.concatenate([scores, beside], axis: -1)
      let shifted = g.hold(g.subtract(all, g.largest(all, keepsAxis: true).values))
      let probabilities = g.softmax(shifted, to: shifted.dataType)
      let ofTokens = g.slice(probabilities, axis: -1, start: 0, length: length)
      let visible = g.dropout(ofTokens, number(choices.attentionDropout))
      let weights = g.cast(visible, to: value.dataType)
      g.keepUntilHere(scores)
      return (g.contiguous(g.transpose(g.matrixProduct(g.hold(weights), value), 1, 2)), weights)
    }
  }
}
