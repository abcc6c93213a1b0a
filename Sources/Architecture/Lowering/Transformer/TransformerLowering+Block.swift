internal import Graph
internal import Units

extension TransformerLowering {
  /// One layer: attention and MLP, each behind a norm and added to what came in.
  func block(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ inputs: LayerInputs
  ) -> (hidden: Tensor, weights: Tensor?) {
    let isParallel = choices.parallelKey.map { configuration?.boolean($0.key) ?? $0.value } ?? true
    if let order = choices.parallel, isParallel { return parallelBlock(&g, input, layer, inputs, order) }

    // A norm behind a branch alone stands behind the sum (OPT-350m); beside one before the branch, before it (Gemma 2).
    let normsTheSum = layer.modules[.inputNorm] == nil && !choices.normsBranches
    let before = normalized(&g, input, layer, .inputNorm)
    let attended = g.frame("self_attn") { g in attention(&g, before, layer, inputs) }
    if let weights = attended.weights { g.hold(weights) }
    if choices.holdsInputNorm { g.hold(before) }
    var branch = dropped(&g, attended.output, attentionOutputDropout)
    if choices.holdsAttended { g.hold(branch) }
    if !normsTheSum { branch = normalized(&g, branch, layer, .postAttentionNorm) }
    if choices.holdsBranches { g.hold(branch) }
    let unscaled = branch
    if choices.scalesBranches { branch = g.multiplyScalar(branch) }
    var hidden = g.add(input, branch)
    if choices.holdsBranches || choices.keepsInputNorm { g.keepUntilHere(before) }
    if choices.scalesBranches { g.keepUntilHere(unscaled) }
    if normsTheSum { hidden = normalized(&g, hidden, layer, .postAttentionNorm) }
    if choices.keepsSummed {
      g.keepUntilHere(branch)
      if choices.holdsInner { g.keepUntilHere(attended.context) }
      g.hold(hidden)
    }

    if choices.flattensMLP { hidden = g.reshape(hidden, [batch * length, sizes.hidden]) }
    let residual = hidden
    hidden = normalized(&g, hidden, layer, .preMLPNorm)
    if choices.addsInMLP {
      g.hold(hidden)
      return (mlp(&g, hidden, layer, adding: residual), attended.weights)
    }
    branch = mlp(&g, hidden, layer)
    if !normsTheSum { branch = normalized(&g, branch, layer, .postMLPNorm) }
    if choices.holdsBranches {
      g.hold(branch)
      if !choices.holdsInputNorm { g.hold(hidden) }
    }
    let unscaledBranch = branch
    if choices.scalesBranches { branch = g.multiplyScalar(branch) }
    hidden = g.add(residual, branch)
    if choices.scalesBranches { g.keepUntilHere(unscaledBranch) }
    if choices.flattensMLP { hidden = g.reshape(hidden, [batch, length, sizes.hidden]) }
    if normsTheSum { hidden = normalized(&g, hidden, layer, .postMLPNorm) }
    if choices.keepsSummed { g.keepUntilHere(branch) }
    return (hidden, attended.weights)
  }

  private var attentionOutputDropout: ConfiguredValue<Double>? {
    switch choices.attentionOutputDropout {
    case .residual: choices.residualDropout
    case .none: nil
    case .own(let setting): setting
    }
  }

  /// Attention and MLP side by side, on one norm's output or on two.
  private func parallelBlock(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ inputs: LayerInputs,
    _ order: TransformerChoices.Parallel
  ) -> (hidden: Tensor, weights: Tensor?) {
    let shared = normalized(&g, input, layer, .inputNorm)
    if choices.holdsBranches { g.hold(shared) }
    let attended = g.frame("self_attn") { g in attention(&g, shared, layer, inputs) }
    if let weights = attended.weights { g.hold(weights) }
    let left = g.hold(dropped(&g, attended.output, choices.residualDropout))
    let source = layer.modules[.preMLPNorm] == nil ? shared : normalized(&g, input, layer, .preMLPNorm)
    let right = g.hold(mlp(&g, source, layer))
    switch order {
    case .attentionFirst: return (g.add(g.add(left, right), input), attended.weights)
    case .mlpFirst: return (g.add(g.add(right, left), input), attended.weights)
    case .inputFirst: return (g.add(g.add(input, left), right), attended.weights)
    }
  }

  private func normalized(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ role: Role
  ) -> Tensor {
    if let module = layer.modules[role] { return norm(&g, input, module, role.rawValue) }
    guard choices.norm == .bareLayerNorm, role == .inputNorm || role == .preMLPNorm else { return input }
    return g.frame(role.rawValue) { g in bareNorm(&g, input) }
  }

  /// A norm over the last axis.
  func norm(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters, _ name: String) -> Tensor {
    norm(&g, input, module, choices.norm, name)
  }

  /// The feed-forward part of a layer, with the residual where it adds that itself.
  func mlp(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, adding residual: Tensor? = nil
  ) -> Tensor {
    if let experts = choices.experts, layer.modules[.router] != nil { return mixture(&g, input, layer, experts) }
    let dropout = choices.mlpDropout ?? choices.residualDropout
    guard let down = layer.modules[.down] else { return input }
    if let fused = layer.modules[.fusedGateUp] {
      let inner = g.frame("mlp") { g in
        let both = linear(&g, input, fused)
        let width = both.shape[2] / 2
        let halves = g.split(both, axis: -1, lengths: [width, width])
        guard choices.fused == .stacked else {
          return linear(&g, g.multiply(halves[1], activation(&g, halves[0])), down)
        }
        let gated = g.multiply(activation(&g, halves[0]), halves[1])
        return linear(&g, dropped(&g, gated, choices.activationDropout), down)
      }
      return dropped(&g, inner, dropout)
    }
    guard let up = layer.modules[.up] else { return input }
    if let gate = layer.modules[.gate] {
      let inner = g.frame("mlp") { g in
        let gated = activation(&g, linear(&g, input, gate))
        return linear(&g, g.multiply(gated, linear(&g, input, up)), down)
      }
      return dropped(&g, inner, dropout)
    }
    if choices.holdsInner {
      let wide = g.hold(g.frame("intermediate") { g in activation(&g, linear(&g, input, up)) })
      return g.frame("output") { g in dropped(&g, linear(&g, wide, down), dropout) }
    }
    return g.frame(choices.flattensMLP ? "" : "mlp") { g in
      let wide = activation(&g, linear(&g, input, up))
      if let residual { return g.add(g.hold(linear(&g, g.hold(wide), down)), residual) }
      return dropped(&g, linear(&g, dropped(&g, wide, choices.activationDropout), down), dropout)
    }
  }

  func activation(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor { activation(&g, input, choices.activation) }
}
