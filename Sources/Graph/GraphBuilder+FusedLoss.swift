internal import Units

extension GraphBuilder {
  /// `LigerFusedLinearCrossEntropyFunction` of Liger 0.8 (liger_kernel/ops/fused_linear_cross_entropy.py): cross-entropy
  /// of `hidden @ weight.T` without ever making all logits. Rows are taken in chunks as large as makes a chunk's logits
  /// no larger than the hidden states; a kernel turns them into their gradient in place, which the gradients of hidden
  /// states and weights are formed from at once. Those alone are kept.
  ///
  /// - Parameters:
  ///   - hidden: rows [N, H].
  ///   - weight: the head's, [V, H].
  ///   - bias: the head's, [V].
  ///   - targets: [N].
  public mutating func fusedLinearCrossEntropy(
    _ hidden: Tensor, _ weight: Tensor, _ bias: Tensor?, _ targets: Tensor
  ) -> Tensor {
    frame("") { g in
      let trained = [weight] + (bias.map { [$0] } ?? [])
      let learning = trained.filter { g.graph[$0.id].origin == .parameter(trains: true) }
      let gradients = ([hidden] + learning).map { g.zeros(like: $0) }
      let losses = g.hold(g.create("zeros", [], [hidden.shape[0]], .float32))
      let mask = g.hold(g.create("ne", [targets], targets.shape, .bool))
      _ = g.create("sum", [mask], [], .int64)
      g.formGradients(hidden, weight, bias, trains: learning.first?.id == weight.id)
      let read = trained.filter { tensor in !learning.contains { $0.id == tensor.id } }
      return g.apply(
        .fusedLinearCrossEntropy(gradients: gradients.count), [hidden] + learning + gradients + read + [losses],
        Layout(contiguous: []), .float32)
    }
  }

  private mutating func zeros(like tensor: Tensor) -> Tensor {
    hold(create("zeros_like", [], tensor.shape, tensor.dataType))
  }

  /// The loop over the chunks.
  private mutating func formGradients(_ hidden: Tensor, _ weight: Tensor, _ bias: Tensor?, trains: Bool) {
    let (rows, width, vocabulary) = (hidden.shape[0], hidden.shape[1], weight.shape[0])
    let chunk = Self.fusedChunk(rows: rows, width: width, vocabulary: vocabulary)
    // `_can_use_mm_out`: products are written into tensors that exist, unless autocast is to convert their operands.
    let writesInPlace = hidden.dataType == weight.dataType && autocast.map { $0 == hidden.dataType } ?? true
    let logitsType = writesInPlace ? hidden.dataType : autocast ?? hidden.dataType
    let isNarrow = logitsType != .float32
    let logits = writesInPlace ? create("empty", [], [chunk, vocabulary], logitsType) : nil
    for start in stride(from: 0, to: rows, by: chunk) {
      let count = min(chunk, rows - start)
      frame("") { g in
        let product = logits ?? g.chunkLogits(weight, count: count, width: width, logitsType)
        if !writesInPlace {
          let narrow = g.castForSpeed(weight)
          _ = g.create("mm", [product, narrow], [count, width], logitsType)
        }
        if trains, isNarrow, hidden.dataType != logitsType {
          _ = g.create("_to_copy", [product], [count, width], logitsType)
        } else if trains, !isNarrow {
          _ = g.create("mm", [product], weight.shape, .float32)
        }
        if bias != nil { _ = g.create("sum", [product], [vocabulary], logitsType) }
        g.keepUntilHere(product)
      }
    }
    if let logits { keepUntilHere(logits) }
  }

  /// `_input_chunk @ weight.t()` under autocast, which keeps no copy of a view.
  private mutating func chunkLogits(_ weight: Tensor, count: Int, width: Int, _ type: DataType) -> Tensor {
    let turned = create("_to_copy", [weight], weight.shape, type)
    let input = create("_to_copy", [], [count, width], type)
    return create("mm", [input, turned], [count, weight.shape[0]], type)
  }

  /// Rows of a chunk: the next power of two of what makes a chunk's logits as large as all hidden states.
  static func fusedChunk(rows: Int, width: Int, vocabulary: Int) -> Int {
    let share = (vocabulary + width - 1) / width
    let count = (rows + share - 1) / share
    var chunk = 1
    while chunk < count { chunk *= 2 }
    return min(chunk, rows)
  }
}
