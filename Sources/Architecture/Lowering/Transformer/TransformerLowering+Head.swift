internal import Checkpoint
internal import Graph

extension TransformerLowering {
  /// What a masked language model does before its head.
  private func transformed(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let module = stack.modules[.headTransform] else { return hidden }
    let bent = activation(&g, linear(&g, hidden, module))
    return stack.modules[.headTransformNorm].map { norm(&g, bent, $0, "transform.LayerNorm") } ?? bent
  }

  /// Hidden states [B, S, H] to logits [B, S, V].
  func head(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard var head = isTied ? stack.modules[.inputEmbedding] : stack.modules[.head] else { return hidden }
    if isTied { head.bias = nil }
    let logits = g.frame("lm_head") { g in
      let hidden = transformed(&g, hidden)
      guard let weight = weight(&g, head) else { return hidden }
      let free = stack.modules[.head]
      let logits = g.linear(hidden, weight, free.flatMap { bias(&g, $0) })
      // A head that is split over the vocabulary leaves each rank a piece of the logits.
      guard let width = description.vocabularySize?.value, weight.shape[0] < width else { return logits }
      return g.allGather(logits, width: width)
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
