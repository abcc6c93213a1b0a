internal import Graph
internal import Units

extension ModuleLowering {
  /// A linear layer, with its adapter where it has one.
  func linear(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    if settings.technique?.kind == .scaling, let scaled = scaled(&g, input, module, weight, bias) { return scaled }
    guard let adapters = settings.adapters, adapters.reach(names(of: module)) else {
      return g.linear(input, weight, bias, transposed: module.isTransposed, throughView: multipliesTransposedWeights)
    }
    return g.frame(module.path) { g in
      let base = g.linear(input, weight, bias, transposed: module.isTransposed)
      return adapted(&g, base, input, module, adapters)
    }
  }

  /// The names that an adapter's targets may mean: the stored one, and the one by which the module runs.
  private func names(of module: ModuleParameters) -> [String] {
    let renamed = Family.row(description.family)?.runningNames ?? [:]
    return [module.path]
      + renamed.compactMap { module.path.endsAsPath(with: $0) ? String(module.path.dropLast($0.count)) + $1 : nil }
  }

  /// `lora.Linear.forward` of PEFT 0.21: the adapter's weights are fp32, and so is what goes through them.
  private func adapted(
    _ g: inout GraphBuilder, _ base: Tensor, _ input: Tensor, _ module: ModuleParameters, _ adapters: LowRankAdapters
  ) -> Tensor {
    guard let (down, up) = factors(&g, module, adapters) else { return base }
    let wide = g.hold(g.cast(input, to: .float32))
    // Modules keep what they are called with until they return.
    let input = g.dropout(wide, adapters.dropout)
    let narrow = g.frame("lora_A") { g in g.linear(input, down, nil) }
    let broad = g.frame("lora_B") { g in g.linear(narrow, up, nil) }
    let sum = g.hold(g.add(base, g.multiplyScalar(broad)))
    return g.cast(sum, to: base.dataType)
  }

  private func factors(
    _ g: inout GraphBuilder, _ module: ModuleParameters, _ adapters: LowRankAdapters
  ) -> (down: Tensor, up: Tensor)? {
    guard let features = module.features else { return nil }
    return (
      g.parameter("\(module.path).lora_A.weight", [adapters.rank, features.input], .float32),
      g.parameter("\(module.path).lora_B.weight", [features.output, adapters.rank], .float32)
    )
  }

  /// Makes the adapter of a linear layer whose weight is read without calling it, so that nothing goes through it.
  func declareAdapter(_ g: inout GraphBuilder, _ module: ModuleParameters) {
    guard let adapters = settings.adapters, adapters.reach(names(of: module)) else { return }
    _ = factors(&g, module, adapters)
  }

  /// The same for every linear layer of a column of blocks that does not run.
  func declareAdapters(_ g: inout GraphBuilder, _ layers: [ModelDescription.Layer]) {
    let linear: [Role] = [.query, .key, .value, .fusedQKV, .attentionOutput, .gate, .up, .fusedGateUp, .down]
    for layer in layers {
      for role in linear { layer.modules[role].map { declareAdapter(&g, $0) } }
    }
  }
}
