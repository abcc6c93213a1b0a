internal import Graph
internal import Units

// Rotary angles from positions in time, in height and in width (`Qwen2VLRotaryEmbedding`).
extension TransformerLowering {
  /// Positions along the three axes, [3, B, S]: given with images, else one row seen three times.
  func gridPositions(_ g: inout GraphBuilder) -> Tensor {
    settings.imagesPerSample > 0
      ? g.create("zeros", [], [3, batch, length], .int64)
      : g.expand(g.unsqueeze(g.unsqueeze(arange(&g), 0), 0), to: [3, batch, length])
  }

  /// Cosines and sines [B, S, D], each section of features from an axis of its own.
  func gridAngles(
    _ g: inout GraphBuilder, _ positions: Tensor, as type: DataType
  ) -> (cosine: Tensor, sine: Tensor) {
    let half = sizes.headDimension / 2
    let frequencies = g.buffer("rotary_emb.inv_freq", [half], .float32)
    _ = g.buffer("rotary_emb.original_inv_freq", [half], .float32)
    let sections: Shape = [3, batch, length, half]
    return g.frame("rotary_emb") { g in
      let rows = g.hold(g.create("_to_copy", [positions], [3, batch, 1, length], .float32))
      let angles = g.hold(g.create("bmm", [frequencies, rows], sections, .float32))
      let cosines = g.create("mul", [g.create("cos", [angles], sections, .float32)], sections, .float32)
      let sines = g.create("mul", [g.create("sin", [angles], sections, .float32)], sections, .float32)
      let sine = g.hold(recomposed(&g, sines))
      let cosine = g.hold(recomposed(&g, cosines))
      guard type != .float32 else { return (cosine, sine) }
      return (
        g.create("_to_copy", [cosine], cosine.shape, type), g.create("_to_copy", [sine], sine.shape, type)
      )
    }
  }

  private func recomposed(_ g: inout GraphBuilder, _ sections: Tensor) -> Tensor {
    g.frame("") { g in
      let half = sections.shape[3]
      let once = g.create("cat", [sections], [batch, length, half], .float32)
      return g.create("cat", [once], [batch, length, 2 * half], .float32)
    }
  }
}
