public import TrainingStep

/// What a plan is told to leave as it is.
public struct PlanChoices: Hashable, Sendable {
  public var strategy: StrategyKind?
  public var data: Int?
  public var tensor: Int?
  public var pipeline: Int?
  public var context: Int?
  public var expert: Int?
  public var batchSize: Int?
  public var checkpointing: Checkpointing?
  public var offload: Offload?
  public var isSequenceParallel: Bool?
  public var shardDegree: Int?

  public init() {}

  /// Whether a layout is as it is to be.
  func allow(_ layout: Layout) -> Bool {
    func agrees<Value: Equatable>(_ wanted: Value?, _ value: Value) -> Bool { wanted.map { $0 == value } ?? true }
    let (degrees, engine) = (layout.degrees, layout.engine)
    return agrees(strategy, layout.strategy) && agrees(data, degrees.data) && agrees(tensor, degrees.tensor)
      && agrees(pipeline, degrees.pipeline) && agrees(context, degrees.context) && agrees(expert, degrees.expert)
      && agrees(offload, engine.offload) && agrees(isSequenceParallel, engine.isSequenceParallel)
      && (shardDegree == nil || engine.shardDegree == shardDegree)
  }
}
