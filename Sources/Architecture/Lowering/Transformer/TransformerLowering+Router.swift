internal import Graph
internal import Units

extension TransformerLowering {
  typealias Routed = (logits: Tensor, weights: Tensor, places: Tensor)

  /// Which experts each row goes to and how much each counts, [B · S, k].
  func route(
    _ g: inout GraphBuilder, _ rows: Tensor, _ router: ModuleParameters, _ choices: ExpertChoices
  ) -> Routed {
    guard let weight = routerWeight(&g, router) else { return (rows, rows, rows) }
    return g.frame("") { g in
      let bias = bias(&g, router)
      switch choices.routing {
      case .softmaxThenTopK, .softmaxThenTopKCast:
        return softmaxThenTopK(&g, g.linear(rows, weight, bias), choices)
      case .topKThenSoftmax:
        let logits = g.linear(rows, weight, bias)
        let (values, places) = g.topK(logits, chosenExperts)
        g.hold(values)
        return (logits, g.softmax(values, to: values.dataType), places)
      case .wideTopKThenSoftmax:
        let logits = g.cast(g.linear(rows, weight, bias), to: .float32)
        let (values, places) = g.topK(logits, chosenExperts)
        g.hold(values)
        return (logits, g.cast(g.softmax(values), to: rows.dataType), places)
      case .groupedSoftmax, .groupedSigmoid:
        let wideRows = g.cast(rows, to: .float32)
        let logits = g.linear(wideRows, g.cast(weight, to: .float32), nil)
        if case .groupedSoftmax = choices.routing { return groupedSoftmax(&g, logits) }
        return groupedSigmoid(&g, logits)
      case .sparseMixer: return sparselyMixed(&g, g.linear(rows, weight, bias))
      case .sigmoidOfAll: return scored(&g, g.linear(rows, weight, bias))
      }
    }
  }

  /// The same where the router is a linear layer and the block itself makes weights of what it gives.
  func routeInline(
    _ g: inout GraphBuilder, _ rows: Tensor, _ router: ModuleParameters, _ choices: ExpertChoices
  ) -> Routed {
    let logits = g.hold(linear(&g, rows, router))
    if case .sparseMixer = choices.routing { return sparselyMixed(&g, logits) }
    var (weights, places) = g.topK(g.softmax(logits, to: .float32), chosenExperts)
    if dividesWeights(choices) { weights = g.divideInPlace(weights, by: g.sum(weights, axis: -1, keepsAxis: true)) }
    return (logits, g.cast(weights, to: rows.dataType), places)
  }

  /// Whether the weights of a token's experts are divided by their sum.
  private func dividesWeights(_ choices: ExpertChoices) -> Bool {
    if case .softmaxThenTopKCast = choices.routing { return configuration?.boolean("norm_topk_prob") == true }
    return true
  }

  private func softmaxThenTopK(_ g: inout GraphBuilder, _ logits: Tensor, _ choices: ExpertChoices) -> Routed {
    let isCast = if case .softmaxThenTopKCast = choices.routing { true } else { false }
    let scores = g.hold(g.softmax(isCast ? logits : g.cast(logits, to: .float32), to: .float32))
    var (weights, places) = g.topK(scores, chosenExperts)
    if dividesWeights(choices) {
      weights = g.divideInPlace(weights, by: g.sum(weights, axis: -1, keepsAxis: true))
    }
    return (logits, isCast ? g.cast(weights, to: logits.dataType) : weights, places)
  }

  // MARK: - Groups of experts

  /// `DeepseekV2TopkRouter`: where groups are limited, experts outside of the best groups are hidden first.
  private func groupedSoftmax(_ g: inout GraphBuilder, _ logits: Tensor) -> Routed {
    var scores = g.softmax(logits, to: .float32)
    if configuration?.string("topk_method") == "group_limited_greedy" {
      let shape: Shape = [logits.shape[0], groupCount]
      let layout = Layout(contiguous: shape)
      let best = g.apply(.create("max"), [scores], results: [(layout, .float32), (layout, .int64)])
      for tensor in best { g.hold(tensor) }
      scores = g.hold(g.maskedFill(scores, hidden(&g, best[0], experts: logits.shape[1])))
    }
    let (values, places) = g.topK(scores, chosenExperts)
    let weights = g.multiplyScalar(values)
    return (logits, weights, places)
  }

  /// `DeepseekV3TopkRouter`: the choice is made on corrected scores, which carry no gradient.
  private func groupedSigmoid(_ g: inout GraphBuilder, _ logits: Tensor) -> Routed {
    let (count, experts) = (logits.shape[0], logits.shape[1])
    let scores = g.hold(g.unary(.sigmoid, logits))
    let corrected = g.create("add", [scores], logits.shape, scores.dataType)
    let pairs = Layout(contiguous: [count, groupCount, 2])
    let best = g.apply(.create("topk"), [corrected], results: [(pairs, scores.dataType), (pairs, .int64)])
    g.hold(best[1])
    let sums = g.hold(g.create("sum", [best[0]], [count, groupCount], sumType(&g, scores)))
    let mask = g.hold(hidden(&g, sums, experts: experts))
    let visible = g.hold(g.create("masked_fill", [corrected, mask], logits.shape, scores.dataType))
    let layout = Layout(contiguous: [count, chosenExperts])
    let chosen = g.apply(.create("topk"), [visible], results: [(layout, scores.dataType), (layout, .int64)])
    var weights = g.pick(scores, at: chosen[1])
    if configuration?.boolean("norm_topk_prob") ?? true {
      let total = g.hold(g.addScalar(g.sum(weights, axis: -1, keepsAxis: true)))
      weights = g.divideInPlace(weights, by: total)
    }
    return (logits, g.multiplyScalar(weights), chosen[1])
  }

  /// Autocast sums in fp32.
  private func sumType(_ g: inout GraphBuilder, _ scores: Tensor) -> DataType {
    g.autocast == nil ? scores.dataType : .float32
  }

  /// Which experts [B · S, E] are outside of the best groups.
  private func hidden(_ g: inout GraphBuilder, _ groups: Tensor, experts: Int) -> Tensor {
    let count = groups.shape[0]
    let kept = Layout(contiguous: [count, configuration?.integer("topk_group") ?? 1])
    let best = g.apply(.create("topk"), [groups], results: [(kept, groups.dataType), (kept, .int64)])
    g.hold(best[1])
    let mask = g.hold(g.create("zeros_like", [groups], groups.shape, groups.dataType))
    let wide = g.hold(g.create("clone", [mask], [count, experts], groups.dataType))
    return g.create("bitwise_not", [g.create("_to_copy", [wide], wide.shape, .bool)], wide.shape, .bool)
  }

  private var groupCount: Int { configuration?.integer("n_group") ?? 1 }

  // MARK: - Sampling (Phi-3.5-MoE)

  /// `sparsemixer`: two experts, one after the other.
  private func sparselyMixed(_ g: inout GraphBuilder, _ logits: Tensor) -> Routed {
    let (weights, places) = g.frame("") { g in
      let first = g.hold(hiddenFarBehind(&g, logits, logits))
      let one = sampled(&g, logits, first)
      let rest = g.hold(g.scatterConstant(logits, one.place))
      let second = g.hold(hiddenFarBehind(&g, rest, logits))
      let two = sampled(&g, logits, second)
      let weights = g.concatenate([one.weight, two.weight], axis: -1)
      return (weights, g.create("cat", [one.place, two.place], weights.shape, .int64))
    }
    return (logits, weights, places)
  }

  /// The logits with those far behind the largest hidden.
  private func hiddenFarBehind(_ g: inout GraphBuilder, _ logits: Tensor, _ scores: Tensor) -> Tensor {
    let (shape, type) = (logits.shape, logits.dataType)
    let top = Layout(contiguous: [shape[0], 1])
    let best = g.apply(.create("max"), [logits], results: [(top, type), (top, .int64)])
    g.hold(best[1])
    let factor = g.hold(g.create("clamp", [g.create("abs", [scores], shape, type), best[0]], shape, type))
    let ratio = g.create("div", [g.create("sub", [best[0], scores], shape, type), factor], shape, type)
    let mask = g.create("gt", [ratio], shape, .bool)
    g.keepUntilHere(best[0])
    return g.maskedFill(logits, mask)
  }

  /// One expert, drawn by Gumbel noise, and its weight.
  private func sampled(
    _ g: inout GraphBuilder, _ logits: Tensor, _ masked: Tensor
  ) -> (weight: Tensor, place: Tensor) {
    let (shape, type) = (masked.shape, masked.dataType)
    let column: Shape = [shape[0], 1]
    let one = Layout(contiguous: column)
    let noise = g.create("log", [g.create("empty_like", [masked], shape, type)], shape, type)
    let noisy = g.create("sub", [masked, noise], shape, type)
    let drawn = g.apply(.create("max"), [noisy], results: [(one, type), (one, .int64)])
    let place = g.hold(drawn[1])
    let probabilities = g.hold(g.softmax(masked))
    let weight = g.hold(g.pick(probabilities, at: place))
    let wide = probabilities.dataType
    let best = g.apply(.create("max"), [probabilities], results: [(one, wide), (one, .int64)])
    for tensor in best { g.hold(tensor) }
    let isBest = g.create("eq", [place, best[1]], column, .bool)
    let isLucky = g.create("gt", [g.create("rand_like", [best[0]], column, wide)], column, .bool)
    let isOne = g.create("logical_or", [isBest, isLucky], column, .bool)
    var factor = g.create("add", [isOne], column, .float32)
    if wide != .float32 { factor = g.create("_to_copy", [factor], column, wide) }
    g.hold(factor)
    let result = g.apply(
      .routed(.sparseMixer), [logits, weight, place, probabilities, factor], one, wide)
    return (g.hold(result), place)
  }
}
