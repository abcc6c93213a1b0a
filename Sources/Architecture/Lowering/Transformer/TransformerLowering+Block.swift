internal import Graph
internal import Units

extension TransformerLowering {
  /// One layer: attention and MLP, each behind a norm and added to what came in.
  func block(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ inputs: LayerInputs
  ) -> BlockResults {
    if choices.nestsBranches { return nestedBlock(&g, input, layer, inputs) }
    let isParallel = choices.parallelKey.map { configuration?.boolean($0.key) ?? $0.value } ?? true
    if let order = choices.parallel, isParallel { return parallelBlock(&g, input, layer, inputs, order) }

    // A norm behind a branch alone stands behind the sum (OPT-350m); beside one before the branch, before it (Gemma 2).
    let normsTheSum = layer.modules[.inputNorm] == nil && !choices.normsBranches
    let before = normalized(&g, input, layer, .inputNorm)
    let attended = onWholeSequence(&g, before) { g, whole in
      g.frame("self_attn") { g in attention(&g, whole, layer, inputs) }
    }
    let memory = layer.modules[.crossQuery] == nil ? nil : inputs.memory
    if memory == nil, let weights = attended.weights, !choices.dropsWeights { g.hold(weights) }
    if choices.holdsInputNorm { g.hold(before) }
    var branch = dropped(&g, attended.output, attentionOutputDropout)
    branch = scaled(&g, branch, layer, .attentionScale)
    if choices.holdsAttended { g.hold(branch) }
    branch = dropPath(&g, branch, choices.dropPath)
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

    if let memory {
      let residual = hidden
      let before = normsTheSum ? hidden : normalized(&g, hidden, layer, .crossAttentionNorm)
      let crossed = g.frame("encoder_attn") { g in crossAttention(&g, before, layer, memory) }
      // The variable of the probabilities is bound anew only now.
      if let weights = attended.weights { g.keepUntilHere(weights) }
      if let weights = crossed.weights { g.hold(weights) }
      hidden = g.add(residual, dropped(&g, crossed.output, choices.residualDropout))
      if normsTheSum {
        hidden = normalized(&g, hidden, layer, .crossAttentionNorm)
        g.keepUntilHere(residual)
      }
    }

    if choices.flattensMLP { hidden = g.reshape(hidden, [batch * length, sizes.hidden]) }
    let residual = hidden
    hidden = normalized(&g, hidden, layer, .preMLPNorm)
    if choices.addsInMLP {
      // The variable of the norms' results is bound anew only now.
      g.keepUntilHere(before)
      g.hold(hidden)
      return BlockResults(hidden: mlp(&g, hidden, layer, adding: residual), weights: attended.weights)
    }
    branch = onWholeSequence(&g, hidden) { g, whole in mlp(&g, whole, layer) }
    if choices.dropsBehindMLP { branch = dropped(&g, branch, choices.residualDropout) }
    branch = dropPath(&g, scaled(&g, branch, layer, .mlpScale), choices.dropPath)
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
    if choices.inlineMLP != nil { g.keepUntilHere(residual) }
    return BlockResults(hidden: hidden, weights: attended.weights)
  }

  /// What a layer hands back.
  struct BlockResults {
    var hidden: Tensor
    var weights: Tensor?
    /// Biases by distance, of self-attention and of the attention over an encoder.
    var biases: [Tensor] = []
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
  ) -> BlockResults {
    let shared = normalized(&g, input, layer, .inputNorm)
    if choices.holdsBranches || choices.holdsInputNorm { g.hold(shared) }
    let attended = g.frame("self_attn") { g in attention(&g, shared, layer, inputs) }
    if let weights = attended.weights { g.hold(weights) }
    let left = g.hold(dropped(&g, attended.output, choices.residualDropout))
    let source = layer.modules[.preMLPNorm] == nil ? shared : normalized(&g, input, layer, .preMLPNorm)
    let right = g.hold(mlp(&g, source, layer))
    let sum =
      switch order {
      case .attentionFirst: g.add(g.add(left, right), input)
      case .mlpFirst: g.add(g.add(right, left), input)
      case .intoMLP: g.add(g.addInPlace(right, left), input)
      case .inputFirst: g.add(g.add(input, left), right)
      }
    return BlockResults(hidden: sum, weights: attended.weights)
  }

  func normalized(
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
    if let experts = choices.experts, layer.modules[.router] != nil { return mixture(&g, input, layer, experts) }
    // Where another module adds the residual, that drops too.
    let dropout = choices.nestsBranches ? nil : choices.mlpDropout ?? choices.residualDropout
    guard let down = layer.modules[.down] else { return input }
    if let fused = layer.modules[.fusedGateUp] {
      let inner = g.frame("mlp") { g in
        let both = linear(&g, input, fused)
        let width = both.shape[2] / 2
        let halves = g.split(both, axis: -1, lengths: [width, width])
        if fusesGatedProduct { return linear(&g, g.fusedGatedProduct(halves[0], halves[1]), down) }
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
        if fusesGatedProduct {
          let gated = linear(&g, input, gate)
          return linear(&g, g.fusedGatedProduct(gated, linear(&g, input, up)), down)
        }
        let gated = activation(&g, linear(&g, input, gate))
        let wide = linear(&g, input, up)
        let product = g.multiply(gated, wide)
        if choices.castsToDown {
          g.hold(gated)
          g.hold(wide)
        }
        return narrowed(&g, dropped(&g, product, choices.activationDropout), down)
      }
      return dropped(&g, inner, dropout)
    }
    if choices.holdsInner {
      let wide = g.hold(g.frame("intermediate") { g in activation(&g, linear(&g, input, up)) })
      return g.frame("output") { g in dropped(&g, linear(&g, wide, down), dropout) }
    }
    func plain(_ g: inout GraphBuilder) -> Tensor {
      let wide = activation(&g, linear(&g, input, up))
      if choices.inlineMLP == .byLayer { g.keepUntilHere(input) }
      if let residual { return g.add(g.hold(linear(&g, g.hold(wide), down)), residual) }
      let narrow = narrowed(&g, dropped(&g, wide, choices.activationDropout), down)
      return choices.dropsBehindMLP ? narrow : dropped(&g, narrow, dropout)
    }
    return choices.inlineMLP == nil ? g.frame("mlp", plain) : plain(&g)
  }

  /// Whether Liger's kernel multiplies the gate's SiLU by what is beside it.
  private var fusesGatedProduct: Bool {
    let name = configuration?.string(choices.activation.key) ?? choices.activation.value
    return settings.kernels == .liger && ActivationFunction(name) == .silu && !choices.castsToDown
  }

  /// The projection that ends an MLP, its input in the type that the family wants.
  private func narrowed(_ g: inout GraphBuilder, _ input: Tensor, _ down: ModuleParameters) -> Tensor {
    guard choices.castsToDown else { return linear(&g, input, down) }
    let wide = g.cast(input, to: parameterType(down))
    let output = linear(&g, wide, down)
    g.keepUntilHere(wide)
    return output
  }

  func activation(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor { activation(&g, input, choices.activation) }
}
