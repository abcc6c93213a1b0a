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
    let normsTheSum = layer.modules[.inputNorm] == nil
    let before = normalized(&g, input, layer, .inputNorm)
    let attended = g.frame("self_attn") { g in attention(&g, before, layer, inputs) }
    if let weights = attended.weights { g.hold(weights) }
    var branch = dropped(&g, attended.output, choices.residualDropout)
    if !normsTheSum { branch = normalized(&g, branch, layer, .postAttentionNorm) }
    if choices.holdsBranches { g.hold(branch) }
    let unscaled = branch
    if choices.scalesBranches { branch = g.multiplyScalar(branch) }
    if choices.holdsAttended { g.hold(branch) }
    var hidden = g.add(input, branch)
    if choices.holdsBranches || choices.holdsAttended { g.keepUntilHere(before) }
    if choices.scalesBranches { g.keepUntilHere(unscaled) }
    if normsTheSum { hidden = normalized(&g, hidden, layer, .postAttentionNorm) }
    if choices.keepsSummed { g.keepUntilHere(branch) }

    if choices.flattensMLP { hidden = g.reshape(hidden, [batch * length, sizes.hidden]) }
    let residual = hidden
    hidden = normalized(&g, hidden, layer, .preMLPNorm)
    branch = mlp(&g, hidden, layer)
    if !normsTheSum { branch = normalized(&g, branch, layer, .postMLPNorm) }
    if choices.holdsBranches {
      g.hold(branch)
      g.hold(hidden)
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
    let sum = order == .attentionFirst ? g.add(left, right) : g.add(right, left)
    return (g.add(sum, input), attended.weights)
  }

  private func normalized(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ role: Role
  ) -> Tensor {
    layer.modules[role].map { norm(&g, input, $0, role.rawValue) } ?? input
  }

  /// A norm over the last axis.
  func norm(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters, _ name: String) -> Tensor {
    norm(&g, input, module, choices.norm, name)
  }

  /// The feed-forward part of a layer.
  func mlp(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor {
    if let experts = choices.experts, layer.modules[.router] != nil { return mixture(&g, input, layer, experts) }
    guard let down = layer.modules[.down] else { return input }
    if let fused = layer.modules[.fusedGateUp] {
      let inner = g.frame("mlp") { g in
        let both = linear(&g, input, fused)
        let width = both.shape[2] / 2
        let halves = g.split(both, axis: -1, lengths: [width, width])
        return linear(&g, g.multiply(halves[1], activation(&g, halves[0])), down)
      }
      return dropped(&g, inner, choices.residualDropout)
    }
    guard let up = layer.modules[.up] else { return input }
    if let gate = layer.modules[.gate] {
      return g.frame("mlp") { g in
        let gated = activation(&g, linear(&g, input, gate))
        return linear(&g, g.multiply(gated, linear(&g, input, up)), down)
      }
    }
    return g.frame(choices.flattensMLP ? "" : "mlp") { g in
      let wide = activation(&g, linear(&g, input, up))
      return dropped(&g, linear(&g, dropped(&g, wide, choices.activationDropout), down), choices.residualDropout)
    }
  }

  func activation(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor { activation(&g, input, choices.activation) }
}
