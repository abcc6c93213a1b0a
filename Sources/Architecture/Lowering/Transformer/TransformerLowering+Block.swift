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
    if let weights = attended.weights, !choices.dropsWeights { g.hold(weights) }
    if choices.holdsInputNorm { g.hold(before) }
    var branch = dropped(&g, attended.output, attentionOutputDropout)
    branch = scaled(&g, branch, layer, .attentionScale)
    if choices.holdsAttended { g.hold(branch) }
    branch = dropPath(&g, branch, choices.dropPath)
    if !normsTheSum { branch = normalized(&g, branch, layer, .postAttentionNorm) }
    if choices.scalesBranches { branch = g.multiplyScalar(branch) }
    if choices.holdsBranches { g.hold(branch) }
    var hidden = g.add(input, branch)
    if choices.holdsBranches { g.keepUntilHere(before) }
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
    if choices.dropsBehindMLP { branch = dropped(&g, branch, choices.residualDropout) }
    branch = dropPath(&g, scaled(&g, branch, layer, .mlpScale), choices.dropPath)
    if !normsTheSum { branch = normalized(&g, branch, layer, .postMLPNorm) }
    if choices.scalesBranches { branch = g.multiplyScalar(branch) }
    if choices.holdsBranches {
      g.hold(branch)
      if !choices.holdsInputNorm { g.hold(hidden) }
    }
    hidden = g.add(residual, branch)
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

  /// A branch multiplied by a learned vector, where the layer has one.
  private func scaled(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ role: Role
  ) -> Tensor {
    guard let scale = layer.modules[role].flatMap({ weight(&g, $0) }) else { return input }
    return g.multiply(input, scale)
  }

  /// A norm over the last axis.
  func norm(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters, _ name: String) -> Tensor {
    norm(&g, input, module, choices.norm, name)
  }

  /// The feed-forward part of a layer, with the residual where it adds that itself.
  func mlp(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, adding residual: Tensor? = nil
  ) -> Tensor {
    let dropout = choices.mlpDropout ?? choices.residualDropout
    guard let down = layer.modules[.down] else { return input }
    if let fused = layer.modules[.fusedGateUp] {
      let inner = g.frame("mlp") { g in
        let both = linear(&g, input, fused)
        let width = both.shape[2] / 2
        let halves = g.split(both, axis: -1, lengths: [width, width])
        guard choices.fused == .stacked else {
          let gate = activation(&g, halves[0], choices.fusedActivation ?? choices.activation)
          return linear(&g, g.multiply(halves[1], gate), down)
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
      let narrow = linear(&g, dropped(&g, wide, choices.activationDropout), down)
      return choices.dropsBehindMLP ? narrow : dropped(&g, narrow, dropout)
    }
  }

  func activation(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor { activation(&g, input, choices.activation) }
}
