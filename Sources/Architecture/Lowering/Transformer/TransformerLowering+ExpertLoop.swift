internal import Graph
internal import Units

extension ExpertStack {
  /// The layers of one expert where it is a module of its own.
  func expert(
    _ number: Int, _ names: ExpertChoices.AdaptedNames, hidden: Int
  ) -> (gate: ModuleParameters, up: ModuleParameters, down: ModuleParameters) {
    func module(_ name: String, _ shape: Shape) -> ModuleParameters {
      ModuleParameters(path: "\(path).\(number).\(name)", weight: shape, bias: nil)
    }
    return (
      module(names.gate, [inner, hidden]), module(names.up, [inner, hidden]), module(names.down, [hidden, inner])
    )
  }
}

// Experts one by one, as transformers 4.48 (DeepSeek-V3: 4.57) ran them: each finds its tokens in a mask, takes their rows
// out of the hidden states, and adds what it makes of them to a sum that starts with zeros.
extension TransformerLowering {
  /// `MixtralSparseMoeBlock.forward`, or `moe` of `DeepseekV3MoE`: rows [B · S, H] to the same.
  func looped(
    _ g: inout GraphBuilder, _ rows: Tensor, _ router: ModuleParameters, _ stack: ExpertStack,
    _ choices: ExpertChoices, _ loop: ExpertChoices.Loop
  ) -> Tensor {
    guard loop.kind == .wide else {
      let routed = routeInline(&g, rows, router, choices)
      for tensor in [routed.weights, routed.places] { g.hold(tensor) }
      return summed(&g, rows, routed, stack, loop)
    }
    let routed = g.frame("gate") { g in route(&g, rows, router, choices) }
    for tensor in [routed.weights, routed.places] { g.hold(tensor) }
    return g.frame("") { g in g.cast(summed(&g, rows, routed, stack, loop), to: rows.dataType) }
  }

  /// The loop itself. Its variables live until the next expert's are bound.
  private func summed(
    _ g: inout GraphBuilder, _ rows: Tensor, _ routed: Routed, _ stack: ExpertStack, _ loop: ExpertChoices.Loop
  ) -> Tensor {
    let (count, chosen) = (rows.shape[0], routed.places.shape[1])
    var sum = g.create("zeros", [], rows.shape, loop.kind == .wide ? routed.weights.dataType : rows.dataType)
    let mask = g.hold(g.create("one_hot", [routed.places], [count, chosen, stack.count], .int64))
    var variables: [String: Tensor] = [:]
    func bind(_ g: inout GraphBuilder, _ name: String, _ tensor: Tensor) -> Tensor {
      if let bound = variables.updateValue(tensor, forKey: name) { g.keepUntilHere(bound) }
      return tensor
    }
    for expert in 0..<stack.count {
      let share = rowCount(of: expert, among: stack.count, tokens: count, chosen: chosen)
      guard share > 0 else { continue }
      let found = bind(&g, "places", g.create("nonzero", [mask], [share, 2], .int64))
      let tokens = g.select(found, axis: 1)
      func weights(_ g: inout GraphBuilder) -> Tensor {
        g.rows(g.reshape(routed.weights, [count * chosen, 1]), tokens)
      }
      let early = loop.kind == .wide ? bind(&g, "weights", weights(&g)) : nil
      let input = bind(&g, "input", g.rows(rows, tokens))
      let modules = stack.expert(expert, loop.names, hidden: sizes.hidden)
      let output = g.frame("experts.\(expert)") { g in
        let gated = activation(&g, linear(&g, input, modules.gate))
        return linear(&g, g.multiply(gated, linear(&g, input, modules.up)), modules.down)
      }
      if loop.kind == .wide { _ = bind(&g, "output", output) }
      let weighted = bind(&g, "weighted", g.multiply(output, early ?? weights(&g)))
      sum = g.addRowsInPlace(sum, tokens, weighted)
    }
    for variable in variables.values { g.hold(variable) }
    return sum
  }

  /// Which linear layers of a layer's experts get an adapter, where experts are modules of their own.
  func adaptedExperts(_ layer: ModelDescription.Layer) -> [Bool] {
    guard let adapters = settings.adapters, let choices = choices.experts, let loop = choices.loop(settings),
      let stack = description.expertStack(layer, choices)
    else { return [] }
    return (0..<stack.count).flatMap { number in
      let modules = stack.expert(number, loop.names, hidden: sizes.hidden)
      return [modules.gate, modules.up, modules.down].map { adapters.reach([$0.path]) }
    }
  }

  /// The rows that an expert gets.
  private func rowCount(of expert: Int, among experts: Int, tokens: Int, chosen: Int) -> Int {
    switch settings.expertBalance {
    case .even: tokens * chosen / experts + (expert < tokens * chosen % experts ? 1 : 0)
    case .worst: expert < chosen ? tokens : 0
    }
  }
}
