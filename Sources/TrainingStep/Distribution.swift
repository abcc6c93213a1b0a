public import Units

/// What a parallel strategy changes in one rank's step, beyond the tensors that the graph itself leaves out.
public struct Distribution: Hashable, Sendable {
  /// Memory that the strategy takes and keeps.
  public struct Holding: Hashable, Sendable {
    public var bytes: ByteCount
    public var cause: String
    public var category: Category

    public init(_ bytes: ByteCount, cause: String, category: Category) {
      self.bytes = bytes
      self.cause = cause
      self.category = category
    }
  }

  /// Held when training begins.
  public var fromTheStart: [Holding]
  /// Held from the first optimizer step on.
  public var fromTheFirstUpdate: [Holding]
  /// Whether a finished gradient goes into storage that exists already (a bucket, a chunk).
  public var handsGradientsOn: Bool
  /// Whether the strategy has an optimizer of its own, whose states are among its holdings.
  public var updatesParameters: Bool
  /// What acts around the passes of modules and on each gradient.
  public var engine: Engine?

  /// The engines that are simulated call by call.
  public enum Engine: Hashable, Sendable {
    /// torch's `DistributedDataParallel`, and whether gradients are views of its buckets.
    case replicas(usesBucketView: Bool)
    /// torch's `ZeroRedundancyOptimizer` over so many ranks.
    case zeroRedundancy(ranks: Int)
    /// DeepSpeed's ZeRO.
    case zero(ZeroSettings)
    /// torch's `fully_shard`.
    case fullyShard(FullyShardSettings)
    /// torch's `FullyShardedDataParallel`.
    case flatShard(FullyShardSettings)
  }

  public init(
    fromTheStart: [Holding] = [], fromTheFirstUpdate: [Holding] = [], handsGradientsOn: Bool = false,
    updatesParameters: Bool = false, engine: Engine? = nil
  ) {
    self.fromTheStart = fromTheStart
    self.fromTheFirstUpdate = fromTheFirstUpdate
    self.handsGradientsOn = handsGradientsOn
    self.updatesParameters = updatesParameters
    self.engine = engine
  }
}
