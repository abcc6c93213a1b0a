internal import Graph
internal import Units

extension TransformerLowering {
  /// The loss of hidden states that `backbone` makes, and the logits where the model hands them back.
  func objective(
    _ g: inout GraphBuilder, _ labels: Tensor, _ backbone: (inout GraphBuilder) -> Tensor
  ) -> (logits: Tensor?, loss: Tensor) {
    switch settings.loss {
    case .transformers:
      let hidden = g.hold(backbone(&g))
      let logits = head(&g, hidden)
      return (logits, g.frame("") { g in loss(&g, logits, labels) })
    case .chunked:
      let logits = g.frame("") { g in chunkedLogits(&g, backbone(&g)) }
      return (nil, chunkedLoss(&g, logits, labels))
    case .fused:
      let hidden = g.hold(backbone(&g))
      return (nil, g.frame("") { g in fusedLoss(&g, hidden, labels) })
    }
  }

  /// The loss that the model's class computes of its head's output (transformers/loss/loss_utils.py and the classes
  /// themselves).
  func loss(_ g: inout GraphBuilder, _ output: Tensor, _ labels: Tensor) -> Tensor {
    let upcasts = choices.heads[task]?.upcastsLogits == true
    let values = upcasts ? g.hold(g.cast(output, to: .float32)) : output
    if choices.heads[task]?.cutsLogits == true, settings.context == nil, length > 1 {
      return rowwise(
        &g, g.hold(g.contiguous(g.slice(values, axis: 1, start: 0, length: length - 1))),
        g.hold(g.create("clone", [labels], [batch, length - 1], .int64)))
    }
    switch task {
    case .causalLM: return rowwise(&g, values, settings.context == nil ? shifted(&g, labels) : labels)
    case .maskedLM, .tokenClassification: return rowwise(&g, values, labels)
    case .sequenceClassification, .imageClassification: return classLoss(&g, values, labels)
    case .contrastive: return values
    case .replacedTokenDetection:
      let truth = g.create("_to_copy", [labels], [batch, length], .float32)
      return g.pointwiseLoss("binary_cross_entropy_with_logits", values, truth)
    }
  }

  /// Cross-entropy of each token's logits.
  private func rowwise(_ g: inout GraphBuilder, _ logits: Tensor, _ labels: Tensor) -> Tensor {
    let rows = batch * logits.shape[1]
    return g.crossEntropy(g.reshape(logits, [rows, logits.shape[2]]), g.reshape(labels, [rows]))
  }

  /// The labels that the task is given.
  func labels(_ g: inout GraphBuilder) -> Tensor {
    switch task {
    case .sequenceClassification, .imageClassification: classLabels(&g)
    case .causalLM, .maskedLM, .tokenClassification, .replacedTokenDetection, .contrastive:
      g.input("labels", [batch, length], .int64)
    }
  }

  // MARK: - In chunks

  /// `TransformerDecoder.chunked_output` (torchtune/modules/transformer.py): the head on eight chunks of the sequence.
  private func chunkedLogits(_ g: inout GraphBuilder, _ hidden: Tensor) -> [Tensor] {
    g.hold(hidden)
    let size = (length + 7) / 8
    let lengths = stride(from: 0, to: length, by: size).map { min(size, length - $0) }
    var logits: [Tensor] = []
    for chunk in g.split(hidden, axis: 1, lengths: lengths) { logits.append(head(&g, chunk)) }
    return logits
  }

  /// `CEWithChunkedOutputLoss` (torchtune/modules/loss/ce_chunked_output_loss.py), not compiled: each chunk's logits are
  /// upcast for its own cross-entropy.
  private func chunkedLoss(_ g: inout GraphBuilder, _ logits: [Tensor], _ labels: Tensor) -> Tensor {
    let targets = g.hold(shifted(&g, labels))
    for chunk in logits { g.hold(chunk) }
    return g.frame("") { g in
      var total: Tensor?
      for chunk in logits {
        let rows = batch * chunk.shape[1]
        let wide = g.cast(g.reshape(chunk, [rows, chunk.shape[2]]), to: .float32)
        let loss = g.crossEntropy(wide, g.create("clone", [targets], [rows], .int64))
        total = total.map { g.add($0, loss) } ?? g.addScalar(loss)
      }
      return g.unary(.divideScalar, total ?? targets)
    }
  }

  // MARK: - Fused

  /// `LigerForCausalLMLoss` (liger_kernel/transformers/model/loss_utils.py).
  private func fusedLoss(_ g: inout GraphBuilder, _ hidden: Tensor, _ labels: Tensor) -> Tensor {
    guard let (weight, bias) = headParameters(&g) else { return hidden }
    let shifted = g.hold(self.shifted(&g, labels))
    let rows = g.reshape(hidden, [batch * length, hidden.shape[2]])
    return g.fusedLinearCrossEntropy(rows, weight, bias, shifted)
  }
}
