internal import Graph
internal import Units

/// One of the two matrices of an expert: gate and up together, or down.
enum ExpertMatrix: String {
  case up = "gate_up_proj"
  case down = "down_proj"
}

extension TransformerLowering {
  /// The matrices of all experts: [E, out, in], or [E, in, out] where they are stored so.
  func expertWeight(
    _ g: inout GraphBuilder, _ stack: ExpertStack, _ matrix: ExpertMatrix, _ choices: ExpertChoices
  ) -> Tensor {
    let (input, output) = matrix == .up ? (sizes.hidden, 2 * stack.inner) : (stack.inner, sizes.hidden)
    let shape: Shape = choices.isTransposed ? [stack.count, input, output] : [stack.count, output, input]
    let weight = parameter(&g, "\(stack.path).\(matrix.rawValue)", shape)
    if settings.expertRanks > 1 {
      g.noteOwn(weight)
      g.noteDistributed(weight)
    }
    return weight
  }

  /// The biases of all experts, [E, out].
  func expertBias(_ g: inout GraphBuilder, _ stack: ExpertStack, _ matrix: ExpertMatrix) -> Tensor {
    let width = matrix == .up ? 2 * stack.inner : sizes.hidden
    return parameter(&g, "\(stack.path).\(matrix.rawValue)_bias", [stack.count, width])
  }

  /// Makes the parameters of a sparse layer's router and experts.
  func declareExperts(_ g: inout GraphBuilder, _ layer: ModelDescription.Layer) {
    guard let choices = choices.experts, let stack = ownExperts(layer, choices) else { return }
    let loop = choices.loop(settings)
    func declareRouter(_ g: inout GraphBuilder) {
      guard let router = layer.modules[.router] else { return }
      if loop?.kind == .narrow { declareLinear(&g, router) } else { declare(&g, router) }
    }
    if !choices.ownsExpertsFirst { declareRouter(&g) }
    if let loop {
      for expert in 0..<stack.count {
        let modules = stack.expert(expert, loop.names, hidden: sizes.hidden)
        for module in [modules.gate, modules.up, modules.down] { declareLinear(&g, module) }
      }
    } else {
      for matrix in [ExpertMatrix.up, .down] {
        _ = expertWeight(&g, stack, matrix, choices)
        if choices.hasBiases { _ = expertBias(&g, stack, matrix) }
      }
    }
    if choices.ownsExpertsFirst { declareRouter(&g) }
    if let module = layer.modules[.routerCorrection], let shape = module.weight {
      _ = g.buffer(module.path, shape, .float32)
    }
  }

  // MARK: - Adapters

  /// The two factors of a stack's low-rank update (`ParamWrapper.get_delta_factors` of PEFT 0.21).
  struct ExpertFactors {
    var left: Tensor
    var right: Tensor
  }

  /// Whether PEFT adapts the router's weight.
  var adaptsRouter: Bool {
    guard let adapters = settings.adapters, let names = choices.experts?.adapted,
      choices.experts?.loop(settings) == nil
    else { return false }
    return adapters.targets(names.router)
  }

  /// Makes the factors as the wrapper does before the experts run: the update is formed once for nothing, when the
  /// parametrization is registered.
  func expertFactors(
    _ g: inout GraphBuilder, _ stack: ExpertStack, _ matrix: ExpertMatrix, _ choices: ExpertChoices
  ) -> ExpertFactors? {
    guard let adapters = settings.adapters, let names = choices.adapted,
      adapters.targets(matrix == .up ? names.up : names.down)
    else { return nil }
    let (input, output) = matrix == .up ? (sizes.hidden, 2 * stack.inner) : (stack.inner, sizes.hidden)
    // Gate and up are one matrix, which gets the ranks of both.
    let rank = matrix == .up ? 2 * adapters.rank : adapters.rank
    let path = "\(stack.path).\(matrix.rawValue)"
    let down = g.parameter("\(path).lora_A.weight", [rank * stack.count, input], settings.adapterType)
    let up = g.parameter("\(path).lora_B.weight", [output, rank * stack.count], settings.adapterType)
    let right = g.reshape(down, [stack.count, rank, input])
    let left = g.permute(g.reshape(up, [output, rank, stack.count]), [2, 0, 1])
    let factors = ExpertFactors(left: g.hold(g.cast(left, to: type)), right: g.hold(g.cast(right, to: type)))
    _ = g.create("baddbmm", [factors.left, factors.right], [stack.count, output, input], type)
    return factors
  }

  /// A stack of matrices with its update.
  func adapted(_ g: inout GraphBuilder, _ weight: Tensor, _ factors: ExpertFactors?) -> Tensor {
    factors.map { g.addedScaledProduct(weight, $0.left, $0.right) } ?? weight
  }

  /// The router's weight, with its update where PEFT adapts it; that is formed twice, for nothing when the
  /// parametrization is registered.
  func routerWeight(_ g: inout GraphBuilder, _ router: ModuleParameters) -> Tensor? {
    guard let weight = weight(&g, router), let features = router.features else { return nil }
    guard let adapters = settings.adapters, adaptsRouter else { return weight }
    let down = g.parameter("\(router.path).lora_A.weight", [adapters.rank, features.input], settings.adapterType)
    let up = g.parameter("\(router.path).lora_B.weight", [features.output, adapters.rank], settings.adapterType)
    let product = g.multiplyScalar(g.linear(up, down, nil, transposed: true))
    let update = g.hold(g.cast(product, to: weight.dataType))
    _ = g.create("add", [weight, update], weight.shape, weight.dataType)
    return g.hold(g.add(weight, update))
  }
}

extension ModelDescription {
  /// The experts of a sparse layer, however the checkpoint stores them; nil for a dense layer.
  func expertStack(_ layer: Layer, _ choices: ExpertChoices) -> ExpertStack? {
    guard let router = layer.modules[.router], let count = router.features?.output,
      let down = layer.modules[.expertDown]?.weight, down.rank == 2 || down.rank == 3
    else { return nil }
    let path = router.path.split(separator: ".").dropLast().joined(separator: ".") + ".experts"
    return ExpertStack(path: path, count: count, inner: down[choices.isTransposed ? down.rank - 2 : down.rank - 1])
  }
}
