internal import Graph
internal import Units

extension TransformerLowering {
  /// One layer of T5: attention, attention over the encoder and MLP, each in a module that norms its input and adds what
  /// came in (`T5Block` in models/t5/modeling_t5.py).
  func nestedBlock(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ inputs: LayerInputs
  ) -> BlockResults {
    let memory = layer.modules[.crossQuery] == nil ? nil : inputs.memory
    let own = branch(&g, "SelfAttention", input, layer, .inputNorm) { g, before in
      attention(&g, before, layer, inputs)
    }
    var biases = [own.bias]
    if memory == nil, let weights = own.weights { g.hold(weights) }
    var hidden = own.output
    if let memory {
      let crossed = branch(&g, "EncDecAttention", hidden, layer, .crossAttentionNorm) { g, before in
        crossAttention(&g, before, layer, memory)
      }
      // The variable of the probabilities is bound anew only now.
      if let weights = own.weights { g.keepUntilHere(weights) }
      if let weights = crossed.weights { g.hold(weights) }
      biases.append(crossed.bias)
      hidden = crossed.output
    }
    hidden = g.frame("") { g in
      let narrow = g.hold(mlp(&g, normalized(&g, hidden, layer, .preMLPNorm), layer))
      return g.add(hidden, dropped(&g, narrow, choices.residualDropout))
    }
    return BlockResults(hidden: hidden, biases: biases.compactMap { $0 })
  }

  /// `T5LayerSelfAttention` and `T5LayerCrossAttention`.
  private func branch(
    _ g: inout GraphBuilder, _ name: String, _ input: Tensor, _ layer: ModelDescription.Layer, _ role: Role,
    _ attend: (inout GraphBuilder, Tensor) -> Attended
  ) -> Attended {
    g.frame("") { g in
      let before = g.hold(normalized(&g, input, layer, role))
      var attended = g.frame(name) { g in attend(&g, before) }
      let branch = attended.output
      attended.output = g.add(input, dropped(&g, branch, choices.residualDropout))
      g.keepUntilHere(branch)
      return attended
    }
  }

  // MARK: - Attention over an encoder

  /// Attention of hidden states [B, S, H] over an encoder's output.
  func crossAttention(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ memory: LayerInputs.Memory
  ) -> Attended {
    guard let query = layer.modules[.crossQuery], let key = layer.modules[.crossKey],
      let value = layer.modules[.crossValue], case .interface(let softmax) = choices.attention
    else { return Attended(output: input, context: input) }
    var queries = linear(&g, input, query)
    if choices.scalesQueries { queries = g.multiplyScalar(queries) }
    var heads: Heads = (
      perHead(&g, queries), perHead(&g, linear(&g, memory.states, key)), perHead(&g, linear(&g, memory.states, value))
    )
    if settings.usesCache { heads = cached(&g, heads) }
    for tensor in [heads.query, heads.key, heads.value] { g.hold(tensor) }
    var bias = memory.bias
    if bias == nil, choices.positions.areRelativeBiases {
      let zeros = g.create("zeros", [], [1, sizes.heads, length, memory.states.shape[1]], heads.query.dataType)
      g.requireGradientWhereCheckpointed(zeros)
      bias = zeros
    }
    let attended =
      isEager
      ? eager(&g, heads, memory.mask, softmax, bias: bias)
      : fused(&g, heads, memory.mask, bias: bias, isCausal: false)
    return left(&g, attended, layer.modules[.crossAttentionOutput], bias: bias)
  }

  // MARK: - Biases by distance

  /// `compute_bias`: a row of the table for the bucket of each distance, [1, N, S, S]. Nil where the layer has no table.
  func relativeBias(_ g: inout GraphBuilder, _ layer: ModelDescription.Layer) -> Tensor? {
    guard choices.positions.areRelativeBiases, let module = layer.modules[.relativePositionBias],
      let table = weight(&g, module)
    else { return nil }
    return g.frame("relative_attention_bias") { g in
      let places: Shape = [length, length]
      let rows = g.hold(arange(&g))
      let columns = g.hold(g.create("arange", [], [length], .int64))
      let distances = g.hold(g.create("sub", [columns, rows], places, .int64))
      let buckets = g.hold(g.frame("") { g in self.buckets(&g, distances) })
      let values = g.embedding(buckets, table)
      return g.unsqueeze(g.permute(values, [2, 0, 1]), 0)
    }
  }

  /// `_relative_position_bucket`: half of the buckets for exact distances, the rest by logarithm.
  private func buckets(_ g: inout GraphBuilder, _ distances: Tensor) -> Tensor {
    let places = distances.shape
    func make(_ g: inout GraphBuilder, _ name: String, _ inputs: [Tensor], _ type: DataType = .int64) -> Tensor {
      g.create(name, inputs, places, type)
    }
    var forward: Tensor?
    let magnitudes: Tensor
    if choices.isCausal {
      let zeros = make(&g, "zeros_like", [])
      magnitudes = make(&g, "neg", [make(&g, "minimum", [distances, zeros])])
    } else {
      let isForward = make(&g, "_to_copy", [make(&g, "gt", [distances], .bool)])
      forward = g.hold(make(&g, "add", [make(&g, "mul", [isForward])]))
      magnitudes = make(&g, "abs", [distances])
    }
    g.hold(magnitudes)
    let isSmall = g.hold(make(&g, "lt", [magnitudes], .bool))
    var large = make(&g, "div", [make(&g, "_to_copy", [magnitudes], .float32)], .float32)
    for name in ["log", "div", "mul"] { large = make(&g, name, [large], .float32) }
    let rounded = make(&g, "add", [make(&g, "_to_copy", [large])])
    let capped = g.hold(make(&g, "minimum", [rounded, make(&g, "full_like", [])]))
    let chosen = make(&g, "where", [isSmall, magnitudes, capped])
    return make(&g, "add", forward.map { [$0, chosen] } ?? [chosen])
  }
}
