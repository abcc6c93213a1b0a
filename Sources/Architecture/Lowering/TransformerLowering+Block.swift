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
    var hidden = g.add(input, branch)
    if choices.holdsBranches { g.keepUntilHere(before) }
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
    hidden = g.add(residual, branch)
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
    guard let weight = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    return g.frame(name) { g in
      switch choices.norm {
      case .layerNorm: return g.layerNorm(input, weight, bias)
      case .rms:
        // x · rsqrt(mean(x²) + ε) in fp32, with the variables that the Python code keeps.
        let wide = g.cast(input, to: .float32)
        let variance = g.hold(g.mean(g.power(wide, 2)))
        let normalized = g.hold(g.multiply(wide, g.reciprocalSquareRoot(g.addScalar(variance))))
        return g.multiply(weight, g.cast(normalized, to: input.dataType))
      case .rmsOnePlus:
        let wide = g.cast(input, to: .float32)
        let root = g.reciprocalSquareRoot(g.addScalar(g.mean(g.power(wide, 2))))
        let normalized = g.multiply(wide, root)
        let scaled = g.hold(g.multiply(normalized, g.addScalar(g.cast(weight, to: .float32))))
        return g.cast(scaled, to: input.dataType)
      }
    }
  }

  /// The feed-forward part of a layer.
  func mlp(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor {
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

  /// The activation function that the configuration names, as `transformers.activations.ACT2FN` implements it.
  func activation(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let name = configuration?.string(choices.activation.key) ?? choices.activation.value
    return g.frame("act") { g in
      switch name {
      case "gelu_new", "gelu_fast": newGELU(&g, input)
      case "bloom_gelu": g.fusedTanhGELU(input)
      case "relu": g.unary(.relu, input)
      case "gelu", "gelu_pytorch_tanh", "gelu_python": g.unary(.gelu, input)
      default: g.unary(.silu, input)
      }
    }
  }

  /// 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), operator by operator (`NewGELUActivation`).
  private func newGELU(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let half = g.multiplyScalar(input)
    let inner = g.add(input, g.multiplyScalar(g.power(input, 3)))
    let bent = g.unary(.tanh, g.multiplyScalar(inner))
    return g.multiply(half, g.addScalar(bent))
  }
}
