internal import Graph
internal import Units

extension ModuleLowering {
  /// A linear layer, with its adapter where it has one.
  func linear(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    if settings.technique?.kind == .scaling, let scaled = scaled(&g, input, module, weight, bias) { return scaled }
    guard let adapters = settings.adapters, adapters.reach(module.path) else {
      return g.linear(input, weight, bias, transposed: module.isTransposed, throughView: multipliesTransposedWeights)
    }
    return g.frame(module.path) { g in
      let base = g.linear(input, weight, bias, transposed: module.isTransposed)
      return adapted(&g, base, input, module, adapters)
    }
  }

  /// `lora.Linear.forward` of PEFT 0.21: the adapter's weights are fp32, and so is what goes through them.
  private func adapted(
    _ g: inout GraphBuilder, _ base: Tensor, _ input: Tensor, _ module: ModuleParameters, _ adapters: LowRankAdapters
  ) -> Tensor {
    guard let features = module.features else { return base }
    let down = g.parameter("\(module.path).lora_A.weight", [adapters.rank, features.input], .float32)
    let up = g.parameter("\(module.path).lora_B.weight", [features.output, adapters.rank], .float32)
    let wide = g.hold(g.cast(input, to: .float32))
    let narrow = g.linear(g.dropout(wide, adapters.dropout), down, nil)
    let sum = g.hold(g.add(base, g.multiplyScalar(g.linear(narrow, up, nil))))
    return g.cast(sum, to: base.dataType)
  }
}
