public import Units

/// The published equations of LLMem (Kim et al., IJCAI 2024, arXiv 2404.10933, section 4), for comparison
/// (`--model llmem`): fp16 compute, fp32 master weights, HybridAdam, activation checkpointing on.
///
/// Sizes are rounded up to the 2 MiB pages of CUDA. A share of a GPU that is not whole bytes is rounded up.
public struct LLMemEstimator: PeakEstimator {
  public var model: LLMemModel
  /// `sl`
  public var sequenceLength: Int
  /// `m_base`; ``DeviceConstant/llmemBase`` unless a flag replaces it.
  public var base: ByteCount
  /// `cs`, in elements, rounded up to a multiple of the ranks of a layout.
  public var chunkSize: Int

  /// - Parameter chunkSize: nil for what ``GeminiChunks`` finds.
  public init(
    model: LLMemModel, sequenceLength: Int, base: ByteCount = DeviceConstant.llmemBase.value, chunkSize: Int? = nil
  ) {
    self.model = model
    self.sequenceLength = sequenceLength
    self.base = base
    self.chunkSize = chunkSize ?? GeminiChunks().bestSize(for: model.parameterCounts)
  }

  static let page = 2 << 20

  public func peak(of layout: Layout, batchSize: Int) -> PeakOutcome {
    guard batchSize >= 1, sequenceLength >= 1, let gpus = layout.degrees.worldSize else {
      return .impossible("the batch, the sequence and every degree must be at least 1")
    }
    guard layout.degrees == ParallelDegrees(data: layout.degrees.data, tensor: layout.degrees.tensor) else {
      return .impossible("LLMem knows data and tensor parallelism only")
    }
    guard product([base.bytes]) != nil,
      let parts = parts(batchSize: batchSize, gpus: gpus, tensor: layout.degrees.tensor)
    else {
      return .impossible("a size of this model at batch size \(batchSize) passes 2^56 bytes")
    }
    switch (layout.strategy, layout.degrees.data, layout.degrees.tensor) {
    case (.single, 1, 1), (.ddp, _, 1): return .estimate(parts.replicated(base))
    case (.gemini, _, 1): return .estimate(parts.sharded(base, over: gpus))
    case (.tp, 1, 2...): return .estimate(parts.tensorParallel(base, over: gpus))
    case (.tp, 2..., 2...):
      return .estimate(parts.dataAndTensorParallel(base, over: gpus, tensor: layout.degrees.tensor))
    default: return .impossible("LLMem has no equation for \(layout.strategy.rawValue) with these degrees")
    }
  }

  /// The symbols of the paper for one batch size, in bytes.
  struct Parts: Hashable {
    /// `m_p`, and `m_p16` and `m_p32`, its halves.
    var parameters, halfParameters, masterParameters: ByteCount
    /// `m_os`
    var optimizerStates: ByteCount
    /// `m_out`
    var outputs: ByteCount
    /// `m_lm`
    var head: ByteCount
    /// `m_back`
    var backward: ByteCount
  }

  /// nil where a size passes 2^56 bytes.
  func parts(batchSize: Int, gpus: Int, tensor: Int) -> Parts? {
    let logitBytes = model.computesHeadInFP32 ? 4 : 2
    guard let layers = sum([product([model.embeddingLayerCount]), product([model.layerCount])])?.bytes,
      let chunked = chunkedParameters(ranks: gpus),
      let states = sum(model.operatorParameterCounts.map { paged(of: [$0, 8]) }),
      let logits = paged(of: [batchSize, sequenceLength, model.vocabularySize, logitBytes]),
      let shifted = paged(of: [batchSize, sequenceLength - 1, model.vocabularySize, logitBytes]),
      let head = sum([logits, shifted, shifted, product([model.headBytes])]),
      let outputs = paged(of: [layers, batchSize, sequenceLength, model.hiddenSize, 2]),
      let gathered = product([model.layerCount, batchSize, sequenceLength, model.hiddenSize, tensor - 1, 2]),
      let parameters = paged(of: [chunked, 6]), let half = paged(of: [chunked, 2]),
      let master = paged(of: [chunked, 4])
    else { return nil }
    return Parts(
      parameters: parameters, halfParameters: half, masterParameters: master, optimizerStates: states,
      outputs: outputs, head: head, backward: gathered.share(of: tensor).roundedUp(to: Self.page))
  }

  /// `embed_p + ceil(other_p / cs) * cs`, in elements.
  private func chunkedParameters(ranks: Int) -> Int? {
    guard chunkSize >= 1, chunkSize <= Self.largest, ranks <= Self.largest, model.otherParameters >= 0 else {
      return nil
    }
    let size = (chunkSize + ranks - 1) / ranks * ranks
    let whole = model.otherParameters / size + (model.otherParameters % size == 0 ? 0 : 1)
    return sum([product([model.embeddingParameters]), product([whole, size])])?.bytes
  }

  private func paged(of factors: [Int]) -> ByteCount? { product(factors)?.roundedUp(to: Self.page) }

  /// 64 PiB: far from any memory, and far enough from 2^63 that rounding up and adding a few cannot overflow.
  private static let largest = 1 << 56

  private func product(_ factors: [Int]) -> ByteCount? {
    guard factors.allSatisfy({ $0 >= 0 }), let count = Shape(factors).elementCount?.count, count <= Self.largest else {
      return nil
    }
    return ByteCount(count)
  }

  private func sum(_ sizes: [ByteCount?]) -> ByteCount? {
    var total = ByteCount.zero
    for size in sizes {
      guard let size, total.bytes <= Self.largest, size.bytes <= Self.largest else { return nil }
      total += size
    }
    return total.bytes <= Self.largest ? total : nil
  }
}
