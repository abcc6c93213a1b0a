internal import Graph
internal import TrainingStep
internal import Units

extension Estimator {
  /// How many ranks share the parameters, and whether others hold copies.
  func sharding(_ layout: Layout) throws(LoweringError) -> (ranks: Int, isReplicated: Bool) {
    let (ranks, name) = (layout.degrees.replicas, layout.strategy.rawValue)
    guard let degree = layout.engine.shardDegree else { return (ranks, false) }
    guard degree <= ranks, ranks % degree == 0, degree % layout.degrees.context == 0 else {
      throw LoweringError(
        message: "--shard-degree \(degree) does not divide the \(ranks) ranks of \(name)"
          + (layout.degrees.context > 1 ? " into groups that hold whole sequences" : ""))
    }
    return (degree, degree < ranks)
  }

  /// Which FSDP a layout runs. `fsdp` is `fully_shard` in a loop of one's own; accelerate, asked for FSDP, takes version 1
  /// (`fsdp_version` in accelerate/utils/dataclasses.py) unless `fully_shard` is told how to convert parameters.
  func runsFlatShard(_ layout: Layout, _ settings: ForwardSettings) -> Bool {
    switch layout.strategy {
    case .fsdp1: true
    // Beside another kind of parallelism accelerate takes version 2.
    case .fsdp where layout.degrees.tensor > 1 || layout.degrees.context > 1 || layout.degrees.expert > 1: false
    case .fsdp: settings.loop == .accelerate && layout.engine.parameterType == nil && layout.engine.reshardsAfterForward
    default: false
    }
  }

  /// The settings of the forward pass as a layout's engine changes them.
  func settings(_ settings: ForwardSettings, under layout: Layout) -> ForwardSettings {
    var result = settings
    if layout.strategy.zeroStage != nil {
      // DeepSpeed's engine brings every parameter into the type of computation (`_cast_module_mixed_precision`), and
      // knows of no autocast.
      result.precision = settings.precision.narrow
      result.gatheredType = result.precision.parameterType
      return result
    }
    guard layout.strategy == .fsdp || layout.strategy == .fsdp1 else { return settings }
    result.gatheredType = layout.engine.parameterType
    // accelerate passes its mixed precision on, as the type of parameters and of the reduction.
    if runsFlatShard(layout, settings) {
      result.gatheredType = layout.engine.parameterType ?? settings.precision.autocast
    }
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
    var settings = FullyShardSettings(
      ranks: ranks, isReplicated: isReplicated, reshardsAfterForward: engine.reshardsAfterForward,
      reductionType: engine.reductionType == engine.parameterType ? nil : engine.reductionType,
      sendsOnce: workload.forward.loop == .accelerate, storedTypes: types)
    settings.offloads = engine.offload != .none
    return Distribution(
      engine: runsFlatShard(layout, workload.forward) ? .flatShard(settings) : .fullyShard(settings))
  }

  // MARK: - What is taken for granted

  /// What is modelled of a layout's engine, and after which source.
  func dataParallelAssumptions(_ workload: Workload, _ layout: Layout) -> [Assumption] {
    var result: [Assumption] = []
    func assume(_ what: String, _ value: String, _ source: String) {
      result.append(Assumption(what: what, value: value, source: source))
    }
    switch layout.strategy {
    case .ddp:
      assume("buckets", "of 1 MiB, then of 25 MiB", "DistributedDataParallel of torch 2.11 (reducer.hpp)")
    case .zeroRedundancy:
      assume(
        "partition", "whole parameters, the largest first, each to the rank that has least; the first rank's",
        "ZeroRedundancyOptimizer of torch 2.11, without DistributedDataParallel's buckets")
    case .fsdp where !runsFlatShard(layout, workload.forward):
      assume(
        "sharding", "each block of the longest list of layers, and the model; the first rank's share",
        "fully_shard of torch 2.11")
    case .fsdp, .fsdp1:
      assume(
        "sharding", "each block of the longest list of layers, and the model; adapters apart; the first rank's share",
        "FullyShardedDataParallel of torch 2.11 as accelerate 1.15 sets it up, which takes version 1 unless told "
          + "otherwise (--loop plain, or --param-dtype, for fully_shard)")
      if workload.checkpointing == .reentrant {
        assume(
          "checkpointed layers", "FSDP's hooks run within the checkpoint, and again when it is rebuilt",
          "transformers before GradientCheckpointingLayer (4.53), with which the published runs were measured; since "
            + "then the checkpoint lies within FSDP's module, which keeps less where layers are frozen")
      }
      if workload.forward.precision.autocast != nil, layout.engine.parameterType == nil {
        assume("mixed precision", "held in fp32, gathered and reduced in 16 bits", "accelerate 1.15")
      }
    case _ where layout.strategy.zeroStage != nil: result += zeroAssumptions(workload, layout)
    default: break
    }
    if [.fsdp, .fsdp1].contains(layout.strategy), layout.engine.offload != .none {
      assume(
        "offload", "parameters, gradients and optimizer states, pinned in powers of two where they cross to the GPU",
        "CPUOffloadPolicy and CPUOffload of torch 2.11, whose optimizers then run on the CPU; CachingHostAllocator.h")
    }
    if [.fsdp, .fsdp1].contains(layout.strategy), description.quantization(workload.forward) != nil {
      assume(
        "packed weights", "sharded, with the states of their quantisation whole on each rank",
        "bnb_4bit_quant_storage set to a floating type, as FSDP asks for")
    }
    return result
  }
}
