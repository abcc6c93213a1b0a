internal import Graph
internal import Units

extension ModuleLowering {
  /// `ForCausalLMLoss` (transformers/loss/loss_utils.py) of logits [B, S, V]: in fp32, with labels shifted by one.
  func causalLoss(_ g: inout GraphBuilder, _ logits: Tensor, _ labels: Tensor) -> Tensor {
    let wide = g.hold(g.cast(logits, to: .float32))
    let shifted = self.shifted(&g, labels)
    let count = labels.shape[0] * labels.shape[1]
    let rows = g.reshape(wide, [count, wide.shape[2]])
    return g.crossEntropy(rows, g.reshape(shifted, [count]))
  }

  /// Labels [B, S], each in the place of the token before it.
  func shifted(_ g: inout GraphBuilder, _ labels: Tensor) -> Tensor {
    let padded = g.hold(g.create("constant_pad_nd", [labels], [labels.shape[0], labels.shape[1] + 1], .int64))
    return g.create("clone", [padded], labels.shape, .int64)
  }
}
