internal import Graph
internal import TrainingStep
internal import Units

extension Estimator {
  /// How many ranks share the parameters, and whether others hold copies.
  func sharding(_ layout: Layout) throws(LoweringError) -> (ranks: Int, isReplicated: Bool) {
    let (data, name) = (layout.degrees.data, layout.strategy.rawValue)
    guard layout.degrees.worldSize == data else {
      throw LoweringError(message: "\(name) together with another kind of parallelism is not simulated yet")
    }
    guard let degree = layout.engine.shardDegree else { return (data, false) }
    guard degree <= data, data % degree == 0 else {
      throw LoweringError(message: "--shard-degree \(degree) does not divide the \(data) ranks of \(name)")
    }
    return (degree, degree < data)
  }

  /// Which FSDP a layout runs. `fsdp` is `fully_shard` in a loop of one's own; accelerate, asked for FSDP, takes version 1
  /// (`fsdp_version` in accelerate/utils/dataclasses.py) unless `fully_shard` is told how to convert parameters.
  func runsFlatShard(_ layout: Layout, _ settings: ForwardSettings) -> Bool {
    switch layout.strategy {
    case .fsdp1: true
    case .fsdp: settings.loop == .accelerate && layout.engine.parameterType == nil && layout.engine.reshardsAfterForward
    default: false
    }
  }

  /// The settings of the forward pass as a layout's engine changes them.
  func settings(_ settings: ForwardSettings, under layout: Layout) -> ForwardSettings {
    guard layout.strategy == .fsdp || layout.strategy == .fsdp1 else { return settings }
    var result = settings
    result.gatheredType = layout.engine.parameterType
    // accelerate passes its mixed precision on, as the type of parameters and of the reduction.
    if runsFlatShard(layout, settings) { result.gatheredType = layout.engine.parameterType ?? settings.precision.autocast }
    return result
  }

  /// FSDP over a graph whose parameters have the types that they are gathered in.
  ///
  /// - Parameter stored: the same graph with the types that they are held in.
  func sharded(
    _ graph: Graph, stored: Graph, _ workload: Workload, _ layout: Layout
  ) throws(LoweringError) -> Distribution {
    let (ranks, isReplicated) = try sharding(layout)
    var types: [String: DataType] = [:]
    for value in stored.values {
      if case .parameter = value.origin, let name = value.name { types[name] = value.dataType }
    }
    for value in graph.values {
      if let name = value.name, types[name] == value.dataType { types[name] = nil }
    }
    let engine = layout.engine
    let settings = FullyShardSettings(
      ranks: ranks, isReplicated: isReplicated, reshardsAfterForward: engine.reshardsAfterForward,
      reductionType: engine.reductionType == engine.parameterType ? nil : engine.reductionType,
      sendsOnce: workload.forward.loop == .accelerate, storedTypes: types)
    return Distribution(
      engine: runsFlatShard(layout, workload.forward) ? .flatShard(settings) : .fullyShard(settings))
  }
}
