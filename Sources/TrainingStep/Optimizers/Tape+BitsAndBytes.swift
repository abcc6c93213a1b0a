internal import Graph
internal import Units

extension Tape {
  /// `Optimizer8bit.step` of bitsandbytes 0.50 (optim/optimizer.py), whose kernels work in place: only states are made.
  ///
  /// States of 8 bits are bytes with an fp32 maximum for every 256 of them, decoded by a table of 256 numbers that all
  /// parameters share. A parameter of fewer than 4,096 elements keeps them in fp32, and so does an embedding where the
  /// Trainer of transformers makes the optimizer (`create_optimizer` in transformers/trainer.py). Paged states of
  /// 100,000 elements or more lie in managed memory, of which torch's allocator knows nothing.
  mutating func bitsAndBytes(_ parameters: [OptimizerShare], _ workload: Workload, _ states: inout OptimizerStates) {
    let optimizer = workload.optimizer
    let moments = optimizer == .lion || optimizer == .lion8bit ? 1 : 2
    let exceptions = workload.forward.loop == .accelerate ? graph.embeddingTables : []
    for share in parameters where states.storages[share.key] == nil {
      let shape = share.shape
      let count = (shape.elementCount ?? .zero).count
      let isNarrow = optimizer != .lion && count >= 4096 && (share.isRow || !exceptions.contains(share.parameter))
      var sizes: [ByteCount] = []
      if optimizer != .pagedAdamW8bit || count < 100_000 {
        sizes += Array(repeating: Tensor.bytes(shape, isNarrow ? .uint8 : .float32), count: moments)
      }
      if isNarrow {
        if states.shared.isEmpty {
          states.shared = (0..<moments).map { _ in state(Tensor.bytes([256], .float32), of: share) }
        }
        let blocks = (count + 255) / 256
        sizes += Array(repeating: Tensor.bytes([blocks], .float32), count: moments)
      }
      states.storages[share.key] = sizes.map { state($0, of: share) }
    }
    memory.section = nil
  }
}
