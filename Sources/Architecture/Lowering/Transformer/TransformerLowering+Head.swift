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

  /// Hidden states [B, S, H] to logits [B, S, V].
  func head(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let (weight, bias) = headParameters(&g) else { return hidden }
    let logits = g.frame("lm_head") { g in
      let logits = g.linear(transformed(&g, hidden), weight, bias)
      return isHeadSplit ? g.allGather(logits, width: description.vocabularySize?.value ?? 0) : logits
    }
    switch choices.logitScale {
    case .multiplied?: return g.multiplyScalar(logits)
    case .divided?: return g.divideScalar(logits)
    case nil: break
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
