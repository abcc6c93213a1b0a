internal import Graph
internal import Units

extension TransformerLowering {
  /// The loss that the model's class computes from its logits [B, S, V]: `ForCausalLMLoss`
  /// (transformers/loss/loss_utils.py) in fp32 with labels shifted by one, or, where masked tokens are named, plain
  /// cross-entropy.
  func loss(_ g: inout GraphBuilder, _ logits: Tensor, _ labels: Tensor) -> Tensor {
    guard choices.isCausal else {
      let rows = g.reshape(logits, [batch * length, logits.shape[2]])
      return g.crossEntropy(rows, g.reshape(labels, [batch * length]))
    }
    let wide = g.hold(g.cast(logits, to: .float32))
    let padded = g.hold(g.create("constant_pad_nd", [labels], [batch, length + 1], .int64))
    let shifted = g.create("clone", [padded], [batch, length], .int64)
    let rows = g.reshape(wide, [batch * length, wide.shape[2]])
    return g.crossEntropy(rows, g.reshape(shifted, [batch * length]))
  }
}
