internal import Graph
internal import Units

extension DecoderLowering {
  /// `ForCausalLMLoss` (transformers/loss/loss_utils.py): logits in fp32, labels shifted by one, mean cross-entropy.
  func causalLoss(_ g: inout GraphBuilder, _ logits: Tensor, _ labels: Tensor) -> Tensor {
    let wide = g.hold(g.cast(logits, to: .float32))
    let padded = g.hold(g.create("constant_pad_nd", [labels], [batch, length + 1], .int64))
    let shifted = g.create("clone", [padded], [batch, length], .int64)
    let rows = g.reshape(wide, [batch * length, wide.shape[2]])
    return g.crossEntropy(rows, g.reshape(shifted, [batch * length]))
  }
}
