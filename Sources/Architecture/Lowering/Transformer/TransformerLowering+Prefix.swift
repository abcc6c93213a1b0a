internal import Graph
internal import Units

/// Keys and values of virtual tokens, in a cache that the layers add theirs to.
struct PrefixCache {
  /// Keys and values [B, K, N, D] of each layer.
  var layers: [(key: GraphBuilder.Tensor, value: GraphBuilder.Tensor)]
  /// The call that names the cache.
  var caller: GraphBuilder.FrameID
}

// Prefix tuning of PEFT 0.21 (peft/peft_model.py, peft/tuners/prefix_tuning/model.py): N virtual tokens.
extension TransformerLowering {
  /// Keys that a query may see: those of the sequence, behind those of virtual tokens.
  var keyLength: Int { length + (settings.technique?.prefixLength ?? 0) }

  /// Why PEFT has no prefix for this model, or none that is known here; nil where it has.
  var whyPrefixCannotRun: String? {
    guard task == .causalLM else { return "prefix tuning is simulated for models that name the next token alone" }
    guard !settings.isCheckpointed else { return "PEFT's prefix tuning does not work with checkpointing" }
    let knowsCache =
      switch choices.attention {
      case .interface: latent == nil
      case .fp32, .bloom, .mpt, .falcon: true
      case .sinks, .disentangled, .ownMask: false
      }
    if case .chunks = choices.window { return "prefix tuning of layers that see chunks is not simulated yet" }
    guard knowsCache, choices.isCausal else { return "prefix tuning of \(description.family) is not simulated yet" }
    if case .falcon = choices.attention, configuration?.boolean("new_decoder_architecture") != true,
      configuration?.boolean("multi_query") ?? true
    {
      return "PEFT's prefix has a key for every query head, and the model has one for all"
    }
    let count = keyLength - length
    if let window = configuration?.integer("sliding_window"), count >= window {
      return "a prefix as long as the window of \(window) tokens is not simulated yet"
    }
    var elements = 1
    for factor in [batch, count, 2 * stack.layers.count, prefixHeads, sizes.headDimension] {
      let (product, overflow) = elements.multipliedReportingOverflow(by: factor)
      guard !overflow, product <= 1 << 46 else { return "the keys and values of this prefix would pass 2^46 elements" }
      elements = product
    }
    return nil
  }

  /// Heads of a prefix, K; Falcon's layers repeat theirs before a cache takes them.
  private var prefixHeads: Int {
    if case .falcon = choices.attention { sizes.heads } else { sizes.keyValueHeads }
  }

  /// `PeftModelForCausalLM.forward` for prefix tuning: the cache goes in beside the tokens.
  func prefixed(_ g: inout GraphBuilder, _ inputs: TokenInputs, count: Int, isProjected: Bool) -> TokenInputs {
    var inputs = inputs
    inputs.padding = inputs.padding.map { paddedAhead(&g, $0, count) }
    let caller = g.runningFrame
    inputs.prefix = PrefixCache(layers: prompt(&g, count, isProjected, caller), caller: caller)
    return inputs
  }

  /// `get_prompt`: all keys and values from one table, in the model's type, one copy for each layer.
  private func prompt(
    _ g: inout GraphBuilder, _ count: Int, _ isProjected: Bool, _ caller: GraphBuilder.FrameID
  ) -> [(key: Tensor, value: Tensor)] {
    let width = prefixHeads * sizes.headDimension
    let layers = stack.layers.count
    return g.frame("") { g in
      let places = g.hold(g.create("_to_copy", [], [batch, count], .int64))
      let all = g.cast(encoded(&g, places, count, width: width, layers: layers, isProjected), to: type)
      let parted = g.reshape(all, [batch, count, 2 * layers, prefixHeads, sizes.headDimension])
      let pairs = g.split(
        g.permute(parted, [2, 0, 3, 1, 4]), axis: 0, lengths: Array(repeating: 2, count: layers))
      let shape: Shape = [batch, prefixHeads, count, sizes.headDimension]
      if cacheKnowsWindows { g.hold(g.create("arange", [], [count], .int64)) }
      return zip(pairs, stack.layers).map { pair, layer in
        if cacheKnowsWindows, isWindowed(layer) { name(&g, g.create("_to_copy", [], [], .int64), caller) }
        // `DynamicLayer.update` appends each to nothing, which copies.
        let halves = g.split(pair, axis: 0, lengths: [1, 1]).map { half in
          let own = g.concatenate([g.reshape(half, shape)], axis: 2)
          g.endWithLastUse(own)
          return own
        }
        return (halves[0], halves[1])
      }
    }
  }

  /// `PrefixEncoder.forward`, [B, N] to [B, N, 2 · layers · K · D]: a row of each token, or what two linear layers make of
  /// a narrow one.
  private func encoded(
    _ g: inout GraphBuilder, _ places: Tensor, _ count: Int, width: Int, layers: Int, _ isProjected: Bool
  ) -> Tensor {
    let whole = 2 * layers * width
    let table = g.parameter("prompt_encoder.embedding.weight", [count, isProjected ? width : whole], .float32)
    return g.frame("prompt_encoder") { g in
      let rows = g.embedding(places, table)
      guard isProjected else { return rows }
      g.hold(rows)
      func transform(_ g: inout GraphBuilder, _ input: Tensor, _ place: Int, _ output: Int) -> Tensor {
        let path = "prompt_encoder.transform.\(place)"
        let weight = g.parameter("\(path).weight", [output, width], .float32)
        return g.linear(input, weight, g.parameter("\(path).bias", [output], .float32))
      }
      return g.frame("transform") { g in
        let bent = g.unary(.tanh, transform(&g, rows, 0, width))
        return transform(&g, bent, 2, whole)
      }
    }
  }

  /// `DynamicLayer.update`: what the layer adds goes behind the prefix, in a copy that the cache names from then on.
  func prefixed(_ g: inout GraphBuilder, _ heads: Heads, _ prefix: PrefixCache, _ layer: Int) -> Heads {
    guard prefix.layers.indices.contains(layer) else { return heads }
    let before = prefix.layers[layer]
    return g.frame("") { g in
      let key = g.joined([before.key, heads.key], axis: 2)
      let value = g.joined([before.value, heads.value], axis: 2)
      for tensor in [key, value] { name(&g, tensor, prefix.caller) }
      return (heads.query, key, value)
    }
  }

  /// Keeps a value as long as the cache, which the model hands back where it is asked to.
  private func name(_ g: inout GraphBuilder, _ tensor: Tensor, _ caller: GraphBuilder.FrameID) {
    if settings.usesCache { g.holdToTheEnd(tensor) } else { g.hold(tensor, until: caller) }
  }

  /// Whether the cache is made by the configuration, so that a layer with a window has the window's width as a tensor
  /// (`DynamicSlidingWindowLayer`).
  private var cacheKnowsWindows: Bool {
    ["gemma2", "gemma3_text"].contains { description.modelType?.contains($0) == true }
  }
}
