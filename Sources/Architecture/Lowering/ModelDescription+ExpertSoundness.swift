internal import Units

extension ModelDescription {
  /// The first shapes of a sparse layer's experts that do not fit together; nil where all do.
  func misfit(of layer: Layer, _ choices: ExpertChoices, hidden: Int) -> String? {
    let modules = layer.modules
    guard let router = modules[.router] else {
      return modules.keys.contains(where: \.isRouted) ? "\(layer.path) has experts and no router" : nil
    }
    if let misfit = router.misfit(input: hidden, output: nil) { return misfit }
    guard let stack = expertStack(layer, choices) else { return "\(layer.path) has a router and no experts" }
    guard stack.count > 0, stack.inner > 0 else { return "\(stack.path) holds nothing" }
    let isApart = modules[.expertFusedGateUp] == nil
    let expected: [(Role, input: Int, output: Int)] =
      isApart
      ? [(.expertGate, hidden, stack.inner), (.expertUp, hidden, stack.inner), (.expertDown, stack.inner, hidden)]
      : [(.expertFusedGateUp, hidden, 2 * stack.inner), (.expertDown, stack.inner, hidden)]
    for (role, input, output) in expected {
      guard let module = modules[role], let weight = module.weight else {
        return "\(stack.path) lacks a matrix of its experts"
      }
      let matrix: Shape = choices.isTransposed ? [input, output] : [output, input]
      let whole = Shape([stack.count] + matrix.dimensions)
      guard weight == whole || (isApart && weight == Shape([output, input])) else {
        return "\(module.path) has the shape \(weight), and \(whole) is wanted"
      }
      guard choices.hasBiases ? module.bias == [stack.count, output] : module.bias == nil else {
        return "\(module.path).bias has the shape \(module.bias ?? [])"
      }
    }
    return sharedMisfit(of: layer, hidden: hidden)
  }

  private func sharedMisfit(of layer: Layer, hidden: Int) -> String? {
    let modules = layer.modules
    guard let down = modules[.sharedExpertDown] else { return nil }
    let inner = down.features?.input ?? 0
    let isFused = modules[.sharedExpertGate] == nil
    let expected: [(Role, input: Int, output: Int?)] = [
      (.sharedExpertDown, inner, hidden), (.sharedExpertUp, hidden, isFused ? 2 * inner : inner),
      (.sharedExpertGate, hidden, inner), (.sharedExpertWeight, hidden, 1),
    ]
    for (role, input, output) in expected {
      if let misfit = modules[role]?.misfit(input: input, output: output) { return misfit }
    }
    return modules[.sharedExpertUp] == nil ? "\(layer.path) has half a shared expert" : nil
  }
}
