internal import Graph
internal import Units

// Llama 4 hands every token to every expert, weighted by its score, which is zero for those that were not picked.
extension TransformerLowering {
  /// `Llama4Router`: scores [B · S, E] of all experts.
  func scored(_ g: inout GraphBuilder, _ logits: Tensor) -> Routed {
    let (values, places) = g.topK(logits, chosenExperts)
    for tensor in [values, places] { g.hold(tensor) }
    let empty = g.create("full_like", [logits], logits.shape, logits.dataType)
    let scores = g.scatterInPlace(empty, places, values)
    let weights = g.cast(g.unary(.sigmoid, g.cast(scores, to: .float32)), to: scores.dataType)
    g.keepUntilHere(scores)
    return (logits, weights, places)
  }

  /// `Llama4TextMoe`.
  func allExperts(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ router: ModuleParameters,
    _ stack: ExpertStack, _ choices: ExpertChoices
  ) -> Tensor {
    let results = g.frame("feed_forward") { g in
      let count = batch * length
      let rows = g.reshape(input, [count, sizes.hidden])
      let routed = g.frame("router") { g in route(&g, rows, router, choices) }
      g.hold(routed.weights)
      let repeated = g.repeated(rows, stack.count)
      let scores = g.reshape(g.transpose(routed.weights, 0, 1), [stack.count * count, 1])
      let weighted = g.hold(g.multiply(repeated, scores))
      let experts = g.hold(
        g.frame("experts") { g in
          let apart = g.reshape(weighted, [stack.count, count, sizes.hidden])
          let both = g.hold(g.batchedProduct(apart, expertWeight(&g, stack, .up, choices)))
          let halves = g.split(both, axis: -1, lengths: [stack.inner, stack.inner])
          let bent = g.multiply(halves[1], activation(&g, halves[0]))
          let output = g.batchedProduct(bent, expertWeight(&g, stack, .down, choices))
          return g.reshape(output, [stack.count * count, sizes.hidden])
        })
      guard let shared = sharedExpert(&g, rows, layer) else { return (experts, routed.logits) }
      let apart = g.reshape(experts, [stack.count, count, sizes.hidden])
      return (g.addInPlace(shared, g.sum(apart, axis: 0, keepsAxis: false)), routed.logits)
    }
    g.hold(results.1)
    return g.reshape(results.0, [batch, length, sizes.hidden])
  }

  /// What Llama 4 does to queries and keys: layers that turn them may norm them after, the others scale queries by how
  /// far they stand.
  func turnedOrTuned(
    _ g: inout GraphBuilder, _ heads: Heads, _ layer: ModelDescription.Layer, _ angles: Tensor
  ) -> Heads {
    var query = g.transpose(heads.query, 1, 2)
    var key = g.transpose(heads.key, 1, 2)
    if turns(layer) {
      (query, key) = turnedAsComplex(&g, query, key, g.unsqueeze(angles, 2))
      if configuration?.boolean("use_qk_norm") ?? true {
        query = g.frame("qk_norm") { g in normalized(&g, query) }
        key = g.frame("qk_norm") { g in normalized(&g, key) }
      }
    } else if configuration?.boolean("attn_temperature_tuning") ?? true {
      let scaled = g.cast(g.multiply(query, temperatures(&g)), to: query.dataType)
      g.keepUntilHere(query)
      query = scaled
    }
    return (g.transpose(query, 1, 2), g.transpose(key, 1, 2), heads.value)
  }

  /// log1p(floor((position + 1) / floor_scale)) · attn_scale + 1, [1, S, 1, 1].
  private func temperatures(_ g: inout GraphBuilder) -> Tensor {
    g.hold(g.create("add", [g.create("arange", [], [length], .int64)], [length], .int64))
    var scales = g.create("_to_copy", [], [length], .float32)
    for step in ["add", "div", "floor", "log1p", "mul", "add"] { scales = g.create(step, [scales], [length], .float32) }
    return g.expand(g.reshape(g.hold(scales), [1, length, 1, 1]), to: [batch, length, 1, 1])
  }

  /// `apply_rotary_emb` on two tensors whose last axis is the head's: neighbours are turned as complex numbers.
  func turnedAsComplex(
    _ g: inout GraphBuilder, _ query: Tensor, _ key: Tensor, _ angles: Tensor
  ) -> (query: Tensor, key: Tensor) {
    g.frame("") { g in
      let pairs = [query, key].map { tensor in
        let half = tensor.shape[tensor.shape.rank - 1] / 2
        let shape = Shape(Array(tensor.shape.dimensions.dropLast()) + [half, 2])
        return g.hold(g.asComplex(g.reshape(g.cast(tensor, to: .float32), shape)))
      }
      let isLast = latent == nil
      let turned = zip(pairs, [query, key]).map { pair, source in
        let real = g.reshape(g.asReal(g.turn(pair, by: angles)), source.shape)
        return isLast ? g.hold(real) : g.cast(real, to: source.dataType)
      }
      guard isLast else { return (turned[0], turned[1]) }
      return (g.cast(turned[0], to: query.dataType), g.cast(turned[1], to: key.dataType))
    }
  }
}
