internal import Graph
internal import Units

extension TransformerLowering {
  typealias Heads = (query: Tensor, key: Tensor, value: Tensor)

  /// Queries [B, N, S, D], keys and values [B, K, S, D], as views of what the projections write.
  func projections(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Heads? {
    if let fused = layer.modules[.fusedQKV] {
      let all = linear(&g, input, fused)
      return separated(&g, clips ? g.clamp(all) : all)
    }
    guard let query = layer.modules[.query], let key = layer.modules[.key], let value = layer.modules[.value] else {
      return nil
    }
    if projectsFirst(layer) {
      // All three are projected before any is looked at further.
      var parts = [linear(&g, input, query), linear(&g, input, key), linear(&g, input, value)]
      if clips {
        for tensor in parts { g.hold(tensor) }
        parts = parts.map { g.clamp($0) }
      }
      return normalizedAfter(&g, parts, layer)
    }
    if let heads = clippedProjections(&g, input, layer.modules) { return heads }
    var queries = linear(&g, input, query)
    if choices.scalesQueries { queries = g.multiplyScalar(queries) }
    let queryHeads = normalizedHeads(&g, queries, layer.modules[.queryNorm])
    let keyHeads = normalizedHeads(&g, linear(&g, input, key), layer.modules[.keyNorm])
    return (queryHeads, keyHeads, perHead(&g, linear(&g, input, value)))
  }

  /// Queries and keys under a norm over all heads, all three within the bound that the configuration sets (OLMoE).
  private func clippedProjections(
    _ g: inout GraphBuilder, _ input: Tensor, _ modules: [Role: ModuleParameters]
  ) -> Heads? {
    guard choices.headNorms == .projection, configuration?.number("clip_qkv") != nil,
      let query = modules[.query], let key = modules[.key], let value = modules[.value],
      let queryNorm = modules[.queryNorm], let keyNorm = modules[.keyNorm]
    else { return nil }
    var parts = [norm(&g, linear(&g, input, query), queryNorm, "q_norm")]
    parts.append(norm(&g, linear(&g, input, key), keyNorm, "k_norm"))
    parts.append(linear(&g, input, value))
    for place in parts.indices { parts[place] = g.clampInPlace(parts[place]) }
    return (perHead(&g, parts[0]), perHead(&g, parts[1]), perHead(&g, parts[2]))
  }

  /// [B, S, heads · D] seen as [B, heads, S, D].
  func perHead(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let dimension = sizes.headDimension
    let heads = g.reshape(input, [batch, input.shape[1], input.shape[2] / dimension, dimension])
    let turned = g.transpose(heads, 1, 2)
    return choices.copiesHeads ? g.contiguous(turned) : turned
  }

  /// Whether projections are cut to a bound.
  private var clips: Bool {
    choices.clips
      && (configuration?.number("clip_qkv") ?? configuration?.section("attn_config")?.number("clip_qkv")) != nil
  }

  private func projectsFirst(_ layer: ModelDescription.Layer) -> Bool {
    if case .fp32 = choices.attention { return true }
    if choices.clips { return true }
    guard layer.modules[.queryNorm] != nil else { return false }
    switch choices.headNorms {
    case .heads, .projection, .turned: return false
    case .headsOfAll, .transposed, .eachHead: return true
    }
  }

  /// Queries, keys and values by heads; the norms of queries and keys run when all three are projected.
  private func normalizedAfter(
    _ g: inout GraphBuilder, _ parts: [Tensor], _ layer: ModelDescription.Layer
  ) -> Heads {
    guard let query = layer.modules[.queryNorm], let key = layer.modules[.keyNorm] else {
      return (perHead(&g, parts[0]), perHead(&g, parts[1]), perHead(&g, parts[2]))
    }
    let dimension = sizes.headDimension
    switch choices.headNorms {
    case .headsOfAll:
      let heads = parts.map { g.reshape($0, [batch, length, $0.shape[2] / dimension, dimension]) }
      let queries = norm(&g, heads[0], query, "head_norm")
      let keys = norm(&g, heads[1], key, "head_norm")
      return (g.transpose(queries, 1, 2), g.transpose(keys, 1, 2), g.transpose(heads[2], 1, 2))
    case .eachHead:
      let heads = parts.map { perHead(&g, $0) }
      return (normalizedEach(&g, heads[0], query), normalizedEach(&g, heads[1], key), heads[2])
    case .heads, .projection, .transposed, .turned:
      let heads = parts.map { perHead(&g, $0) }
      return (norm(&g, heads[0], query, "head_norm"), norm(&g, heads[1], key, "head_norm"), heads[2])
    }
  }

  /// Norms of queries and keys that are turned already.
  func normalizedTurned(_ g: inout GraphBuilder, _ heads: Heads, _ layer: ModelDescription.Layer) -> Heads {
    guard let query = layer.modules[.queryNorm], let key = layer.modules[.keyNorm] else { return heads }
    return (norm(&g, heads.query, query, "head_norm"), norm(&g, heads.key, key, "head_norm"), heads.value)
  }

  /// [B, N, S, D] with a norm of its own for each head; `module` is the first one's.
  private func normalizedEach(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    g.frame("head_norms") { g in
      let count = input.shape[1]
      let pieces = g.split(input, axis: 1, lengths: Array(repeating: 1, count: count))
      let results = pieces.indices.map { head in
        norm(&g, pieces[head], module.numbered(head), "norms.\(head)")
      }
      return g.concatenate(results, axis: 1)
    }
  }

  /// The same with a norm over each head's features (Qwen3), or over all of them (OLMo 2).
  private func normalizedHeads(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters?) -> Tensor {
    guard let module, choices.headNorms != .turned else { return perHead(&g, input) }
    if choices.headNorms == .projection { return perHead(&g, norm(&g, input, module, "projection_norm")) }
    let heads = g.reshape(input, [batch, length, input.shape[2] / sizes.headDimension, sizes.headDimension])
    return g.transpose(norm(&g, heads, module, "head_norm"), 1, 2)
  }

  /// A fused projection [B, S, (N + 2K) · D] taken apart as the family's code does it.
  private func separated(_ g: inout GraphBuilder, _ all: Tensor) -> Heads {
    let dimension = sizes.headDimension
    let (queries, others) = (sizes.heads * dimension, sizes.keyValueHeads * dimension)
    let hasOneHead = configuration?.boolean("multi_query") ?? true
    let isGrouped = configuration?.boolean("new_decoder_architecture") == true
    switch choices.fused {
    case .blocks:
      let parts = g.split(all, axis: -1, lengths: [queries, others, others])
      return (perHead(&g, parts[0]), perHead(&g, parts[1]), perHead(&g, parts[2]))
    case .slices:
      g.hold(all)
      let query = g.slice(all, axis: -1, start: 0, length: queries)
      let key = g.slice(all, axis: -1, start: queries, length: others)
      let value = g.slice(all, axis: -1, start: queries + others, length: others)
      return (perHead(&g, query), perHead(&g, key), perHead(&g, value))
    case .heads:
      let heads = g.transpose(g.reshape(all, [batch, length, sizes.heads, 3 * dimension]), 1, 2)
      g.hold(all)
      let parts = g.split(heads, axis: -1, lengths: [dimension, dimension, dimension])
      return (parts[0], parts[1], parts[2])
    case .multiQuery where !hasOneHead && !isGrouped, .selectedHeads:
      g.hold(all)
      let heads = g.frame("") { g in
        let triples = g.reshape(all, [batch, length, sizes.heads, 3, dimension])
        var parts: [Tensor] = []
        for _ in 0..<3 { parts.append(g.transpose(g.select(triples, axis: 3), 1, 2)) }
        return parts
      }
      return (heads[0], heads[1], heads[2])
    case .stacked:
      let parts = g.split(
        g.reshape(all, [batch, length, 3, sizes.heads, dimension]), axis: 2, lengths: [1, 1, 1])
      g.hold(all)
      return (unstacked(&g, parts[0]), unstacked(&g, parts[1]), unstacked(&g, parts[2]))
    case .groups:
      g.hold(all)
      let local = queries / 4
      let groups = g.reshape(all, [batch, length, 4, 3 * local])
      let parts = g.split(groups, axis: -1, lengths: [local, local, local])
      // Query, value, key; bringing the groups' heads together copies.
      let query = grouped(&g, parts[0])
      let key = grouped(&g, parts[2])
      let value = grouped(&g, parts[1])
      return (g.transpose(query, 1, 2), g.transpose(key, 1, 2), g.transpose(value, 1, 2))
    case .multiQuery:
      g.hold(all)
      if isGrouped { return groupedQueries(&g, all) }
      let heads = g.reshape(all, [batch, length, sizes.heads + 2 * sizes.keyValueHeads, dimension])
      let query = g.slice(heads, axis: 2, start: 0, length: sizes.heads)
      let key = g.pick(heads, axis: 2)
      let value = g.pick(heads, axis: 2)
      return (g.transpose(query, 1, 2), g.transpose(key, 1, 2), g.transpose(value, 1, 2))
    }
  }

  /// One of three along the third axis, by heads.
  private func unstacked(_ g: inout GraphBuilder, _ part: Tensor) -> Tensor {
    g.transpose(g.reshape(part, [batch, length, sizes.heads, sizes.headDimension]), 1, 2)
  }

  /// Falcon's newer layout: each group's queries, key and value; keys and values are copied for every query head.
  private func groupedQueries(_ g: inout GraphBuilder, _ all: Tensor) -> Heads {
    let dimension = sizes.headDimension
    let groups = g.reshape(all, [batch, length, sizes.keyValueHeads, sizes.groups + 2, dimension])
    let query = g.slice(groups, axis: 3, start: 0, length: sizes.groups)
    let key = g.pick(groups, axis: 3)
    let value = g.pick(groups, axis: 3)
    func flat(_ g: inout GraphBuilder, _ tensor: Tensor) -> Tensor {
      let whole = tensor.shape == query.shape ? tensor : g.expand(tensor, to: query.shape)
      return g.transpose(g.reshape(whole, [batch, length, sizes.heads, dimension]), 1, 2)
    }
    return (flat(&g, query), flat(&g, key), flat(&g, value))
  }

  private func grouped(_ g: inout GraphBuilder, _ part: Tensor) -> Tensor {
    let dimension = sizes.headDimension
    let split = g.reshape(part, [batch, length, 4, sizes.heads / 4, dimension])
    return g.reshape(split, [batch, length, sizes.heads, dimension])
  }
}
