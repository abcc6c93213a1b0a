internal import Graph
internal import Units

// Qwen's attention: every layer makes a causal mask of its own, [S, S].
extension TransformerLowering {
  func attentionWithOwnMask(
    _ g: inout GraphBuilder, _ heads: Heads, _ padding: AttentionMask?
  ) -> (output: Tensor, weights: Tensor?) {
    // The kernel of flash_attn itself is causal by a flag.
    if settings.attention == .flash { return fused(&g, heads, padding) }
    let square: Shape = [1, 1, length, length]
    let causal = g.hold(g.create("tril", [g.create("ones", [], square, .bool)], square, .bool))
    guard !isEager else { return writtenOut(&g, heads, causal, padding) }
    guard let padding else { return fused(&g, heads, AttentionMask(tensor: causal, isBoolean: true)) }
    let later = g.create("bitwise_not", [causal], square, .bool)
    let both = g.create("masked_fill", [padding.tensor, later], [batch, 1, length, length], padding.tensor.dataType)
    return fused(&g, heads, AttentionMask(tensor: g.hold(both), isBoolean: false))
  }

  /// `QWenAttention._attn`.
  private func writtenOut(
    _ g: inout GraphBuilder, _ heads: Heads, _ causal: Tensor, _ padding: AttentionMask?
  ) -> (output: Tensor, weights: Tensor?) {
    g.frame("") { g in
      var scores = g.unary(.divideScalar, g.matrixProduct(heads.query, g.transpose(heads.key, 2, 3)))
      scores = g.whereVisible(scores, causal)
      if let padding { scores = g.add(scores, padding.tensor) }
      let weights = g.cast(g.softmax(scores), to: heads.query.dataType)
      let dropped = g.hold(g.dropout(weights, number(choices.attentionDropout)))
      return (g.transpose(g.matrixProduct(dropped, heads.value), 1, 2), dropped)
    }
  }

  /// What padding adds to scores, [B, 1, 1, S], in the parameters' type.
  func paddingRows(_ g: inout GraphBuilder, _ padding: Tensor?) -> AttentionMask? {
    guard let padding else { return nil }
    let shape: Shape = [batch, 1, 1, length]
    let given = g.create("_to_copy", [padding], shape, type)
    let rows = g.create("mul", [g.create("rsub", [given], shape, type)], shape, type)
    return AttentionMask(tensor: rows, isBoolean: false)
  }
}
