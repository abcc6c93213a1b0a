internal import Graph
internal import Units

/// The matrices of a layer's experts as the running module holds them, every expert in one tensor.
struct ExpertStack {
  /// The path of the module that holds them: `model.layers.3.mlp.experts`.
  var path: String
  /// Experts, E.
  var count: Int
  /// Features of an expert's inner side, I.
  var inner: Int
}

extension TransformerLowering {
  /// Experts that a token is handed to, k.
  var chosenExperts: Int {
    if let experts = choices.experts, case .sparseMixer = experts.routing { return 2 }
    return configuration?.integer("num_experts_per_tok") ?? 2
  }

  /// A sparse layer's feed-forward part: a router hands each token to some experts.
  func mixture(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ choices: ExpertChoices
  ) -> Tensor {
    guard let router = layer.modules[.router], let stack = ownExperts(layer, choices) else { return input }
    if case .sigmoidOfAll = choices.routing { return allExperts(&g, input, layer, router, stack, choices) }
    let output = g.frame("mlp") { g in
      var rows = g.reshape(input, [batch * length, sizes.hidden])
      if let noise = choices.noise, number(.init(noise.key, 0)) > 0 {
        for _ in 0..<noise.times { rows = g.multiplyInPlace(rows, by: self.noise(&g, rows)) }
      }
      var shared: Tensor?
      func runShared(_ g: inout GraphBuilder) {
        if choices.shared == .gatedFirst { shared = sharedExpert(&g, rows, layer).map { g.hold($0) } }
      }
      var output: Tensor
      if let loop = choices.loop(settings) {
        output = looped(&g, rows, router, stack, choices, loop)
        runShared(&g)
      } else {
        runShared(&g)
        let routed = g.frame("gate") { g in route(&g, rows, router, choices) }
        for tensor in [routed.logits, routed.weights, routed.places] { g.hold(tensor) }
        output = grouped(&g, rows, routed, stack, choices)
      }
      if let shared { output = withGate(&g, output, shared, rows, layer) }
      output = g.reshape(output, [batch, length, sizes.hidden])
      guard choices.shared == .last, let shared = sharedExpert(&g, input, layer) else { return output }
      return g.add(output, shared)
    }
    guard choices.shared == .beside, let shared = sharedExpert(&g, input, layer) else { return output }
    let sum = g.add(g.hold(output), shared)
    g.keepUntilHere(input)
    return sum
  }

  private func noise(_ g: inout GraphBuilder, _ rows: Tensor) -> Tensor {
    g.create("empty_like", [rows], rows.shape, rows.dataType)
  }

  // MARK: - The shared expert

  /// The gated MLP that every token passes.
  func sharedExpert(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor? {
    guard let up = layer.modules[.sharedExpertUp], let down = layer.modules[.sharedExpertDown] else { return nil }
    return g.frame("shared_expert") { g in
      guard let gate = layer.modules[.sharedExpertGate] else {
        let both = g.hold(linear(&g, input, up))
        let halves = g.split(both, axis: -1, lengths: [both.shape[2] / 2, both.shape[2] / 2])
        return linear(&g, g.multiply(activation(&g, halves[0]), halves[1]), down)
      }
      let gated = activation(&g, linear(&g, input, gate))
      return linear(&g, g.multiply(gated, linear(&g, input, up)), down)
    }
  }

  /// `F.sigmoid(shared_expert_gate(x)) * shared_expert(x)`, added to what the experts gave.
  private func withGate(
    _ g: inout GraphBuilder, _ output: Tensor, _ shared: Tensor, _ input: Tensor, _ layer: ModelDescription.Layer
  ) -> Tensor {
    guard let module = layer.modules[.sharedExpertWeight] else { return g.add(output, shared) }
    let gate = g.unary(.sigmoid, linear(&g, input, module))
    return g.add(output, g.hold(g.multiply(gate, shared)))
  }

  // MARK: - The experts

  /// `grouped_mm_experts_forward` (transformers/integrations/moe.py), the implementation that is picked where nothing
  /// is said. Rows are sorted by expert, so what it takes does not depend on which experts are picked.
  private func grouped(
    _ g: inout GraphBuilder, _ rows: Tensor, _ routed: Routed, _ stack: ExpertStack, _ choices: ExpertChoices
  ) -> Tensor {
    let chosen = routed.places.shape[1]
    let pairs = rows.shape[0] * chosen
    return g.frame("experts") { g in
      // The wrapper of the second matrix is the outer one, and prepares first.
      let downFactors = expertFactors(&g, stack, .down, choices)
      let upFactors = expertFactors(&g, stack, .up, choices)
      return g.frame("") { g in
        let sampleWeights = g.reshape(routed.weights, [pairs])
        let experts = g.reshape(routed.places, [pairs])
        let ordered = Layout(contiguous: [pairs])
        let sorted = g.apply(.create("sort"), [experts], results: [(ordered, .int64), (ordered, .int64)])
        let (sortedExperts, order) = (g.hold(sorted[0]), g.hold(sorted[1]))
        let tokens = g.create("floor_divide", [order], [pairs], .int64)
        var selected = g.rows(rows, tokens)
        let sortedWeights = g.hold(g.rows(sampleWeights, order))
        let narrow = g.hold(g.create("_to_copy", [sortedExperts], [pairs], .int32))
        let counts = g.hold(g.create("histc", [narrow], [stack.count * settings.expertRanks], .int32))
        if settings.expertRanks > 1 {
          let outer = exchangedThroughExperts(&g, selected, counts, stack, choices, (upFactors, downFactors))
          let weighted = g.multiply(outer, g.unsqueeze(sortedWeights, -1))
          return summed(&g, weighted, order, tokens: rows, chosen: chosen)
        }
        let ends = g.hold(g.create("cumsum", [counts], [stack.count], .int32))
        let unused = g.hold(g.create("ge", [sortedExperts], [pairs, 1], .bool))
        let upBias = choices.hasBiases ? g.rows(expertBias(&g, stack, .up), sortedExperts) : nil
        let up = g.hold(adapted(&g, expertWeight(&g, stack, .up, choices), upFactors))
        selected = g.hold(g.maskedFillInPlace(selected, unused))

        let inner = groupedLinear(&g, selected, up, upBias, ends, choices)
        let bent = gated(&g, g.maskedFill(inner, unused), choices)
        let downBias = choices.hasBiases ? g.hold(g.rows(expertBias(&g, stack, .down), sortedExperts)) : nil
        let down = g.hold(adapted(&g, expertWeight(&g, stack, .down, choices), downFactors))
        if let upBias { g.keepUntilHere(upBias) }
        let outer = groupedLinear(&g, bent, down, downBias, ends, choices)
        let weighted = g.multiply(g.hold(g.maskedFill(outer, unused)), g.unsqueeze(sortedWeights, -1))
        return summed(&g, weighted, order, tokens: rows, chosen: chosen)
      }
    }
  }

  /// What experts gave, weighted, in the order of the tokens again, and the sum for each token.
  private func summed(
    _ g: inout GraphBuilder, _ weighted: Tensor, _ order: Tensor, tokens: Tensor, chosen: Int
  ) -> Tensor {
    let back = g.hold(g.create("empty_like", [order], order.shape, .int64))
    _ = g.create("arange", [], order.shape, .int64)
    let unsorted = g.hold(g.rows(weighted, back))
    let perToken = g.reshape(unsorted, [tokens.shape[0], chosen, sizes.hidden])
    return g.cast(g.hold(g.sum(perToken, axis: 1, keepsAxis: false)), to: tokens.dataType)
  }

  /// `_grouped_linear`: the rows in the weights' type times each expert's matrix.
  func groupedLinear(
    _ g: inout GraphBuilder, _ rows: Tensor, _ weight: Tensor, _ bias: Tensor?, _ ends: Tensor,
    _ choices: ExpertChoices
  ) -> Tensor {
    g.frame("") { g in
      let weight = choices.isTransposed ? weight : g.transpose(weight, 1, 2)
      let product = g.groupedProduct(g.cast(rows, to: weight.dataType), weight, ends: ends)
      return bias.map { g.addInPlace(product, $0) } ?? product
    }
  }

  /// `_apply_gate`: act(gate) · up, or gpt-oss's version, in which gate and up alternate.
  func gated(_ g: inout GraphBuilder, _ both: Tensor, _ choices: ExpertChoices) -> Tensor {
    g.frame("") { g in
      let width = both.shape[1] / 2
      guard choices.clampsInterleaved, let upper = ElementwiseFunction.named("clamp_bound"),
        let range = ElementwiseFunction.named("clamp")
      else {
        let halves = g.split(both, axis: -1, lengths: [width, width])
        return g.multiply(activation(&g, halves[0]), halves[1])
      }
      let gates = g.slice(both, axis: -1, start: 0, length: width, step: 2)
      let ups = g.slice(both, axis: -1, start: 1, length: width, step: 2)
      let gate = g.hold(g.unary(.function(upper), gates))
      let up = g.hold(g.unary(.function(range), ups))
      let bent = g.hold(g.multiply(gate, g.unary(.sigmoid, g.multiplyScalar(gate))))
      return g.multiply(g.addScalar(up), bent)
    }
  }
}
