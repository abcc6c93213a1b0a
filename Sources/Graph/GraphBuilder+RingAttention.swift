internal import Units

// `_templated_ring_attention` and `_SDPAMerger` of torch/distributed/tensor/experimental/_context_parallel/_attention.py
// (torch 2.11), with keys and values gathered at once, which is its usual way.

extension GraphBuilder {
  /// Causal `F.scaled_dot_product_attention` under `context_parallel`: queries [B, heads, S, D] of this rank, whose S
  /// tokens are two chunks.
  public mutating func ringAttention(
    _ ring: RingAttention, query: Tensor, key: Tensor, value: Tensor
  ) -> Tensor {
    frame("") { g in
      let whole = Self.attentionResults(ring.kernel, query: query, value: value, length: query.shape[2])
      let half = Self.attentionResults(ring.kernel, query: query, value: value, length: query.shape[2] / 2)
      let own = [key, value].map { tensor in
        tensor.layout.isContiguous ? tensor : g.create("contiguous", [tensor], tensor.shape, tensor.dataType)
      }
      let pair = own.reduce(0) { $0 + ($1.shape.elementCount?.count ?? 0) }
      var gathered: [Tensor] = []
      var merged: (output: Tensor, logarithms: Tensor)?
      var previous: [Tensor] = []
      for turn in 0..<ring.share.ranks {
        if turn < ring.share.ranks - 1 {
          let sent = g.create("cat", turn == 0 ? own : gathered, [pair], key.dataType)
          if turn == 0 {
            gathered = [
              g.hold(
                g.create("all_gather_into_tensor", [sent], [pair * ring.share.ranks], key.dataType))
            ]
          }
          // What the last turn read has a name until this one's is picked.
          if turn == 1 { for tensor in own { g.keepUntilHere(tensor) } }
        }
        let kind = ring.kind(ofTurn: turn)
        let results = g.apply(
          .create("_scaled_dot_product_attention"), [query] + (turn == 0 ? own : gathered),
          results: kind == .halfOfQueries ? half : whole)
        for tensor in previous { g.keepUntilHere(tensor) }
        previous = results
        merged = g.merged(merged, results[0], results[1], isHalf: kind == .halfOfQueries)
      }
      for tensor in previous { g.hold(tensor) }
      var results = whole
      // What is put together of two chunks lies as its shape says.
      if !ring.share.isOneStretch { results[0].layout = Layout(contiguous: results[0].layout.shape) }
      let parts = merged.map { [g.hold($0.output), g.hold($0.logarithms)] } ?? []
      return g.apply(.ringAttention(ring), [query, key, value] + parts, results: results)[0]
    }
  }

  /// `_merge_one`: a turn's output, and the logarithms of its sums, put together in fp32 with those of the turns before.
  private mutating func merged(
    _ before: (output: Tensor, logarithms: Tensor)?, _ output: Tensor, _ logarithms: Tensor, isHalf: Bool
  ) -> (output: Tensor, logarithms: Tensor) {
    frame("") { g in
      let wide = g.hold(
        output.dataType == .float32 ? output : g.create("to", [output], output.shape, .float32))
      guard let before else { return (wide, logarithms) }
      func make(_ cause: String, _ inputs: [Tensor], like tensor: Tensor) -> Tensor {
        g.create(cause, inputs, tensor.shape, .float32)
      }
      let share = make("sigmoid", [make("sub", [logarithms, before.logarithms], like: logarithms)], like: logarithms)
      let step = make("mul", [share, make("sub", [before.output, wide], like: wide)], like: wide)
      let next = g.hold(make("sub", [before.output, step], like: wide))
      let difference = make("sub", [before.logarithms, logarithms], like: logarithms)
      let sums = g.hold(
        make("sub", [before.logarithms, make("log_sigmoid", [difference], like: logarithms)], like: logarithms))
      guard isHalf else { return (next, sums) }
      let allSums = make("cat", [before.logarithms, sums], like: before.logarithms)
      return (make("cat", [before.output, next], like: before.output), allSums)
    }
  }
}
