internal import Checkpoint
internal import Graph

extension TransformerLowering {
  /// What a masked language model does before its head.
  private func transformed(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let module = stack.modules[.headTransform] else { return hidden }
    let bent = activation(&g, linear(&g, hidden, module))
    return stack.modules[.headTransformNorm].map { norm(&g, bent, $0, "transform.LayerNorm") } ?? bent
  }

  /// The matrix that makes logits: one of its own, or the embedding's; and the bias that a head has in either case.
  func headParameters(_ g: inout GraphBuilder) -> (weight: Tensor, bias: Tensor?)? {
    let module = isTied ? stack.modules[.inputEmbedding] : stack.modules[.head]
    guard let weight = module.flatMap({ weight(&g, $0) }) else { return nil }
    return (weight, stack.modules[.head].flatMap { bias(&g, $0) })
  }

  /// Whether the head is split over the vocabulary, which leaves each rank a piece of the logits.
  var isHeadSplit: Bool {
    let module = isTied ? stack.modules[.inputEmbedding] : stack.modules[.head]
    guard let rows = module?.weight?.dimensions.first, let width = description.vocabularySize?.value else {
      return false
    }
    return rows < width
  }

  /// The head's adapter, where it is named among the targets.
  private var headAdapter: Adapter? {
    let table = isTied ? stack.modules[.inputEmbedding] : stack.modules[.head]
    let path = stack.modules[.head]?.path ?? "lm_head"
    guard let adapters = settings.adapters, adapters.name(path), let shape = table?.weight, shape.rank == 2 else {
      return nil
    }
    return Adapter(
      module: ModuleParameters(path: path, weight: shape, bias: nil), features: (shape[1], shape[0]),
      settings: adapters, quantized: nil)
  }

  /// What is asked of adapters that no pass is known for; nil where there is nothing.
  var adaptersThatCannotRun: String? {
    guard let adapters = settings.adapters else { return nil }
    let embedding = stack.modules[.inputEmbedding].map { adapters.name($0.path) } ?? false
    switch choices.embeddingScale {
    case .buffer?, .number?: if embedding { return "an adapter of an embedding that scales its rows is not simulated" }
    case .outside?, nil: break
    }
    guard embedding || headAdapter != nil else { return nil }
    if adapters.usesDoRA { return "DoRA of an embedding or a head is not simulated" }
    if headAdapter != nil, isHeadSplit { return "an adapter of a head that is split over GPUs is not simulated" }
    if headAdapter != nil, settings.loss == .fused {
      return "a fused loss behind an adapter of the head is not simulated"
    }
    return nil
  }

  /// Hidden states [B, S, H] to logits [B, S, V].
  func head(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let (weight, bias) = headParameters(&g) else { return hidden }
    let logits = g.frame("lm_head") { g in
      let hidden = transformed(&g, hidden)
      let logits =
        headAdapter.map { adapted(&g, hidden, $0) { g, input in g.linear(input, weight, bias) } }
        ?? g.linear(hidden, weight, bias)
      return isHeadSplit ? g.allGather(logits, width: description.vocabularySize?.value ?? 0) : logits
    }
    switch choices.logitScale {
    case .multiplied?: return g.multiplyScalar(logits)
    case .divided?: return g.divideScalar(logits)
    case nil: break
    }
    guard configuration?.number("final_logit_softcapping") != nil else { return logits }
    return g.multiplyScalar(g.unary(.tanh, g.unary(.divideScalar, logits)))
  }
}
