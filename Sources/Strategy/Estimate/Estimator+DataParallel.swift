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

  /// The settings of the forward pass as a layout's engine changes them.
  func settings(_ settings: ForwardSettings, under layout: Layout) -> ForwardSettings {
    guard layout.strategy == .fsdp else { return settings }
    var result = settings
    result.gatheredType = layout.engine.parameterType
    return result
  }

  /// `fully_shard` over a graph whose parameters have the types that they are gathered in.
  ///
  /// - Parameter stored: the same graph with the types that they are held in.
  func fullyShard(_ graph: Graph, stored: Graph, _ layout: Layout) throws(LoweringError) -> Distribution {
    let (ranks, isReplicated) = try sharding(layout)
    var types: [String: DataType] = [:]
    for value in stored.values {
      if case .parameter = value.origin, let name = value.name { types[name] = value.dataType }
    }
    for value in graph.values {
      if let name = value.name, types[name] == value.dataType { types[name] = nil }
    }
    let engine = layout.engine
    return Distribution(
      engine: .fullyShard(
        FullyShardSettings(
          ranks: ranks, isReplicated: isReplicated, reshardsAfterForward: engine.reshardsAfterForward,
          reductionType: engine.reductionType == engine.parameterType ? nil : engine.reductionType,
          storedTypes: types)))
  }
}
