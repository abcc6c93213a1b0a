internal import Graph
internal import Units

extension DecoderLowering {
  /// Self-attention from hidden states [B, S, H] to [B, S, H]; `weights` are the probabilities that eager attention
  /// hands back.
  func attention(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ positions: PositionInputs
  ) -> (output: Tensor, weights: Tensor?) {
    guard var heads = projections(&g, input, layer) else { return (input, nil) }
    if let rotary = positions.rotary {
      heads = g.frame("") { g in
        let cosine = g.unsqueeze(rotary.cosine, 1)
        let sine = g.unsqueeze(rotary.sine, 1)
        return (rotated(&g, heads.query, cosine, sine), rotated(&g, heads.key, cosine, sine), heads.value)
      }
    }
    if settings.usesCache {
      // `DynamicLayer.update` appends to an empty cache, which copies.
      heads.key = cached(&g, heads.key)
      heads.value = cached(&g, heads.value)
    }
    for tensor in [heads.query, heads.key, heads.value] { g.hold(tensor) }
    let attended = settings.attention == .eager ? eager(&g, heads, positions.mask) : kernel(&g, heads, positions.mask)
    var output = g.reshape(attended.output, [batch, length, sizes.heads * sizes.headDimension])
    output = g.contiguous(output)
    if let projection = layer.modules[.attentionOutput] { output = linear(&g, output, projection) }
    return (output, attended.weights)
  }

  private func cached(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let copy = g.concatenate([input], axis: 2)
    g.holdToTheEnd(copy)
    return copy
  }

  typealias Heads = (query: Tensor, key: Tensor, value: Tensor)

  /// Queries [B, N, S, D], keys and values [B, K, S, D], as views of what the projections write.
  private func projections(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer
  ) -> Heads? {
    if let fused = layer.modules[.fusedQKV] {
      let all = linear(&g, input, fused)
      let (queries, others) = (sizes.heads * sizes.headDimension, sizes.keyValueHeads * sizes.headDimension)
      let parts = g.split(all, axis: -1, lengths: [queries, others, others])
      let key = perHead(&g, parts[1])
      let value = perHead(&g, parts[2])
      return (perHead(&g, parts[0]), key, value)
    }
    guard let query = layer.modules[.query], let key = layer.modules[.key], let value = layer.modules[.value] else {
      return nil
    }
    var queries = linear(&g, input, query)
    if choices.scalesQueries { queries = g.multiplyScalar(queries) }
    let queryHeads = normalizedHeads(&g, queries, layer.modules[.queryNorm])
    let keyHeads = normalizedHeads(&g, linear(&g, input, key), layer.modules[.keyNorm])
    return (queryHeads, keyHeads, perHead(&g, linear(&g, input, value)))
  }

  /// [B, S, heads · D] seen as [B, heads, S, D].
  private func perHead(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    g.transpose(g.reshape(input, [batch, length, input.shape[2] / sizes.headDimension, sizes.headDimension]), 1, 2)
  }

  /// The same with a norm over each head's features (Qwen3).
  private func normalizedHeads(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters?) -> Tensor {
    guard let module else { return perHead(&g, input) }
    let heads = g.reshape(input, [batch, length, input.shape[2] / sizes.headDimension, sizes.headDimension])
    return g.transpose(norm(&g, heads, module, "head_norm"), 1, 2)
  }

  /// `apply_rotary_pos_emb`: x · cos + rotate_half(x) · sin.
  private func rotated(_ g: inout GraphBuilder, _ input: Tensor, _ cosine: Tensor, _ sine: Tensor) -> Tensor {
    let half = input.shape[3] / 2
    let straight = g.multiply(input, cosine)
    let turned = g.frame("") { g in
      let first = g.slice(input, axis: 3, start: 0, length: half)
      let second = g.slice(input, axis: 3, start: half, length: half)
      return g.concatenate([g.unary(.negate, second), first], axis: 3)
    }
    return g.add(straight, g.multiply(turned, sine))
  }

  // MARK: - Eager

  /// `eager_attention_forward`.
  private func eager(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?
  ) -> (output: Tensor, weights: Tensor?) {
    let attended = g.frame("") { g in
      let key = g.hold(repeated(&g, heads.key))
      let value = g.hold(repeated(&g, heads.value))
      var scores = g.multiplyScalar(g.matrixProduct(heads.query, g.transpose(key, 2, 3)))
      if let mask { scores = g.add(scores, mask.tensor) }
      var weights =
        choices.eagerSoftmax == .upcast ? g.softmax(scores, to: .float32) : g.softmax(scores)
      let type = choices.eagerSoftmax == .upcast ? heads.query.dataType : heads.value.dataType
      weights = g.dropout(g.cast(weights, to: type), probability(choices.attentionDropout))
      let output = g.transpose(g.matrixProduct(weights, value), 1, 2)
      return (choices.eagerSoftmax == .upcast ? g.contiguous(output) : output, weights)
    }
    return (attended.0, attended.1)
  }

  /// `repeat_kv`: each key/value head as often as it has query heads, which copies.
  private func repeated(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    guard sizes.groups > 1 else { return input }
    let wide: Shape = [batch, sizes.keyValueHeads, sizes.groups, length, input.shape[3]]
    let expanded = g.expand(g.unsqueeze(input, 2), to: wide)
    return g.reshape(expanded, [batch, sizes.heads, length, input.shape[3]])
  }

  // MARK: - scaled_dot_product_attention

  /// `sdpa_attention_forward` and the kernel that torch 2.11 picks on a device of compute capability 8.0 or 9.0.
  private func kernel(
    _ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?
  ) -> (output: Tensor, weights: Tensor?) {
    let output = g.frame("") { g in
      var heads = heads
      if sizes.groups > 1, mask != nil || sizes.headDimension > 256 {
        heads.key = g.hold(repeated(&g, heads.key))
        heads.value = g.hold(repeated(&g, heads.value))
      }
      if let autocast = settings.precision.autocast {
        heads = (g.cast(heads.query, to: autocast), g.cast(heads.key, to: autocast), g.cast(heads.value, to: autocast))
      }
      let type = heads.query.dataType
      let isHalf = type == .float16 || type == .bfloat16
      let isGrouped = heads.key.shape[1] != heads.query.shape[1]
      let dimension = sizes.headDimension
      let wanted = settings.attention
      if isHalf, dimension <= 256, mask == nil, wanted != .efficient, wanted != .math {
        return flash(&g, heads, wanted == .cudnn ? .cudnn : .flash)
      }
      if !isGrouped, dimension % (isHalf ? 8 : 4) == 0, wanted != .math {
        let bias = mask.map { additive(&g, $0, type) }
        return g.attention(.efficient, query: heads.query, key: heads.key, value: heads.value, mask: bias)
      }
      return composite(&g, heads, mask)
    }
    return (g.contiguous(g.transpose(output, 1, 2)), nil)
  }

  /// Flash attention wants head dimensions in multiples of eight and pads them otherwise.
  private func flash(_ g: inout GraphBuilder, _ heads: Heads, _ kernel: AttentionKernel) -> Tensor {
    let missing = (8 - sizes.headDimension % 8) % 8
    guard missing > 0 else {
      return g.attention(kernel, query: heads.query, key: heads.key, value: heads.value, mask: nil)
    }
    func padded(_ g: inout GraphBuilder, _ tensor: Tensor) -> Tensor {
      var shape = tensor.shape
      shape.dimensions[3] += missing
      return g.apply(.pad, [tensor], Layout(contiguous: shape), tensor.dataType)
    }
    let output = g.attention(
      kernel, query: padded(&g, heads.query), key: padded(&g, heads.key), value: padded(&g, heads.value), mask: nil)
    return g.slice(output, axis: 3, start: 0, length: sizes.headDimension)
  }

  /// The mask as the efficient kernel takes it: in the queries' type, rows aligned to eight, one for all heads.
  private func additive(_ g: inout GraphBuilder, _ mask: AttentionMask, _ type: DataType) -> Tensor {
    var bias = mask.tensor
    let shape: Shape = [batch, 1, length, length]
    if mask.isBoolean {
      let inverse = g.create("logical_not", [bias], shape, .bool)
      bias = g.create("where", [inverse], shape, type)
    } else if bias.dataType != type {
      bias = g.cast(bias, to: type)
    }
    if length % 8 != 0 {
      let wide: Shape = [batch, 1, length, (length + 7) / 8 * 8]
      bias = g.slice(g.create("constant_pad_nd", [bias], wide, type), axis: 3, start: 0, length: length)
    }
    return g.expand(bias, to: [batch, sizes.heads, length, length])
  }

  /// `_scaled_dot_product_attention_math`: the operators themselves, 16-bit inputs in fp32.
  private func composite(_ g: inout GraphBuilder, _ heads: Heads, _ mask: AttentionMask?) -> Tensor {
    let type = heads.query.dataType
    return g.frame("") { g in
      g.withoutAutocast { g in
        let wide: Heads = (
          g.hold(g.cast(heads.query, to: .float32)), g.hold(g.cast(heads.key, to: .float32)),
          g.hold(g.cast(heads.value, to: .float32))
        )
        let query = g.hold(g.multiplyScalar(wide.query))
        var bias = mask?.tensor
        if mask == nil || mask?.isBoolean == true {
          let shape: Shape = mask == nil ? [length, length] : [batch, 1, length, length]
          let visible =
            mask?.tensor ?? g.create("tril", [g.create("ones", [], shape, .bool)], shape, .bool)
          let inverse = g.create("logical_not", [visible], shape, .bool)
          bias = g.hold(g.create("where", [inverse], shape, .float32))
        }
        let key = g.hold(interleaved(&g, wide.key))
        let value = g.hold(interleaved(&g, wide.value))
        let keyScaled = g.multiplyScalar(g.transpose(key, 2, 3))
        var scores = g.matrixProduct(query, keyScaled)
        if let bias { scores = g.add(scores, bias) }
        let weights = g.hold(g.dropout(g.softmax(scores), probability(choices.attentionDropout)))
        return g.cast(g.matrixProduct(weights, value), to: type)
      }
    }
  }

  /// `repeat_interleave` along the heads, which copies.
  private func interleaved(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    guard input.shape[1] != sizes.heads else { return input }
    return repeated(&g, input)
  }
}
