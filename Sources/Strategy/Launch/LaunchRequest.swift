public import TrainingStep
public import Units

/// A way to run that is to be started: the winner of a plan.
public struct LaunchRequest: Sendable {
  /// The folder of the checkpoint, from the root of the file system.
  public var checkpoint: String
  public var model: LaunchModel
  public var layout: Layout
  /// With the batch size that was planned.
  public var workload: Workload
  public var cluster: Cluster
  /// The norm that gradients are clipped to; nil where they are not.
  public var gradientNorm: Double?
  /// What a GPU is to hold at the worst moment.
  public var peak: ByteCount?

  public init(
    checkpoint: String, model: LaunchModel, layout: Layout, workload: Workload, cluster: Cluster,
    gradientNorm: Double? = nil, peak: ByteCount? = nil
  ) {
    self.checkpoint = checkpoint
    self.model = model
    self.layout = layout
    self.workload = workload
    self.cluster = cluster
    self.gradientNorm = gradientNorm
    self.peak = peak
  }

  /// GPUs in all. A layout whose degrees pass 2^63 is refused before anything asks.
  public var gpus: Int { layout.degrees.worldSize ?? 1 }
  /// GPUs of each machine that are used.
  public var gpusPerNode: Int { max(1, min(gpus, cluster.gpusPerNode)) }
  public var nodes: Int { max(1, gpus / gpusPerNode) }
  /// Sequences that each optimizer step sees, over all GPUs.
  public var globalBatchSize: Int {
    workload.forward.batchSize * workload.accumulation * layout.degrees.data
  }

  /// Ranks that share one copy of sharded parameters, where that is fewer than all.
  public var shardDegree: Int? {
    layout.engine.shardDegree.flatMap { $0 < layout.degrees.data ? $0 : nil }
  }
}
