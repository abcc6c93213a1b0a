public import Units

/// How the engine of a strategy is set up.
public struct EngineSettings: Hashable, Sendable {
  /// Whether fully_shard frees a layer's gathered parameters after its forward pass (`reshard_after_forward`).
  public var reshardsAfterForward = true
  /// The type that sharded parameters are gathered in (`MixedPrecisionPolicy.param_dtype`); nil: their own.
  public var parameterType: DataType?
  /// The type that gradients are reduced in (`MixedPrecisionPolicy.reduce_dtype`); nil: that of the parameters.
  public var reductionType: DataType?
  /// Whether DDP's gradients are views of its buckets (`gradient_as_bucket_view`).
  public var usesBucketView = false
  public var offload = Offload.none
  public var tensorParallelism = TensorParallelEngine.torch
  /// Whether tensor-parallel ranks share what lies between their matrices along the sequence (arXiv 2205.05198).
  public var isSequenceParallel = false
  public var schedule = PipelineSchedule.oneForwardOneBackward
  /// Stages of each rank that the interleaved schedule runs.
  public var virtualStages = 2
  /// Ranks that share one copy of sharded parameters, where that is fewer than the data degree (HSDP, MiCS).
  public var shardDegree: Int?
  /// How the third stage of ZeRO lays out and sends what it shares.
  public var levels = ZeroLevels()
  /// Of how many groups in a row the GPU updates the last, where it takes turns with the CPU.
  public var updateStride = 2

  public init() {}
}

/// What lives in host memory or on disk between its uses. The raw value is what `--offload` calls it.
public enum Offload: String, CaseIterable, Hashable, Sendable {
  case none, optimizer, parameters, all, nvme
}

/// The order in which pipeline stages run their micro-batches. The raw value is what `--schedule` calls it.
public enum PipelineSchedule: String, CaseIterable, Hashable, Sendable {
  /// All forward passes, then all backward passes (arXiv 1811.06965).
  case gpipe
  /// One backward pass as soon as one can run (PipeDream-Flush, arXiv 2006.09503).
  case oneForwardOneBackward = "1f1b"
  /// The same over several smaller stages a rank (arXiv 2104.04473).
  case interleaved
}
