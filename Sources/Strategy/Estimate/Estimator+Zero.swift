internal import Graph
internal import TrainingStep
internal import Units

extension StrategyKind {
  /// The stage of DeepSpeed's ZeRO that a strategy is; nil for others.
  var zeroStage: ZeroSettings.Stage? {
    switch self {
    case .zero1: .optimizerStates
    case .zero2: .gradients
    case .zero3, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou: .parameters
    case .single, .ddp, .zeroRedundancy, .fsdp, .fsdp1, .tp, .pp, .gemini: nil
    }
  }
}

extension Layout {
  /// Whether what `--offload` asks for is simulated.
  var canOffload: Bool {
    switch strategy {
    case .zero1, .zero2: engine.offload == .optimizer
    case .zero3: true
    case .zeroPlusPlus: engine.offload == .optimizer
    case .deepOptimizerStates, .fuyou: engine.offload == strategy.variant?.offload
    // FSDP has one switch: parameters, and with them gradients and the optimizer's states.
    case .fsdp, .fsdp1: engine.offload == .all || engine.offload == .parameters
    default: false
    }
  }
}

extension Estimator {
  func zeroSettings(_ layout: Layout) throws(LoweringError) -> ZeroSettings {
    let (ranks, isReplicated) = try sharding(layout)
    guard let stage = layout.strategy.zeroStage, !isReplicated else {
      throw LoweringError(message: "\(layout.strategy.rawValue) with copies of its shards is not simulated yet")
    }
    var settings = ZeroSettings(stage, ranks: ranks, rank: rank ?? 0)
    settings.offloadsOptimizer = [.optimizer, .all, .nvme].contains(layout.engine.offload)
    settings.offloadsParameters = [.parameters, .all, .nvme].contains(layout.engine.offload)
    settings.drive = layout.engine.offload == .nvme ? .infinity : nil
    let levels = layout.engine.levels
    guard stage == .parameters else {
      guard levels.isEven else {
        throw LoweringError(
          message: "\(layout.strategy.rawValue) has neither levels of shards nor quantised collectives")
      }
      return settings
    }
    if settings.offloadsParameters, !levels.isEven {
      throw LoweringError(
        message: "levels of shards, or quantised ones, of parameters in host memory are not simulated yet")
    }
    if let reason = levels.reasonNotToShare(ranks) { throw LoweringError(message: reason) }
    settings.parameterRanks = levels.parameters
    settings.gradientRanks = levels.gradients
    settings.secondaryRanks = levels.secondary
    settings.quantizesParameters = levels.quantizesParameters && ranks > 1
    settings.quantizedGradientNode = levels.quantizesGradients ? levels.node : nil
    guard let row = layout.strategy.variant else { return settings }
    if let drive = row.drive { settings.drive = drive }
    settings.subGroup = row.subGroup ?? settings.subGroup
    settings.bucket = row.bucket ?? settings.bucket
    settings.persistent = row.persistent ?? settings.persistent
    if row.interleaves { settings.updateStride = layout.engine.updateStride }
    return settings
  }

  /// The rank with the highest peak: the first one's gradients come last and the last one's first, and its share is
  /// padded. What lies between holds no more than those.
  func worstPartition(_ workload: Workload, _ layout: Layout) throws(EstimationError) -> SimulatedRank {
    // Under stage 3 each rank holds as much of every parameter.
    let isEven = layout.degrees.data == 1 || layout.strategy.zeroStage == .parameters
    let worst = try SimulatedRank.worst(of: isEven ? 1 : 2) { index throws(EstimationError) in
      var one = self
      one.rank = index == 0 ? 0 : layout.degrees.data - 1
      return try one.simulated(workload, layout)
    }
    guard let worst else { throw EstimationError(reason: "no rank has a part of the optimizer's states") }
    return worst
  }

  /// What is modelled of DeepSpeed, and after which source.
  func zeroAssumptions(_ workload: Workload, _ layout: Layout) -> [Assumption] {
    let settings = ZeroSettings(layout.strategy.zeroStage ?? .optimizerStates, ranks: layout.degrees.data)
    var result = [
      Assumption(
        what: "ZeRO buckets",
        value: layout.strategy.variant?.bucket.map { "\($0) elements" }
          ?? "DeepSpeed's defaults: \(settings.bucket) elements",
        source: "deepspeed/runtime/zero/config.py of 0.19.6; \"auto\" in a file of the Trainer's would take others"),
      settings.stage == .parameters
        ? Assumption(
          what: "ZeRO partition", value: "a share of every parameter, fetched by each module that has parameters",
          source: "deepspeed/runtime/zero/stage3.py and partitioned_param_coordinator.py of 0.19.6")
        : Assumption(
          what: "ZeRO partition", value: "of the first or the last rank, whichever takes more",
          source: "deepspeed/runtime/zero/stage_1_and_2.py of 0.19.6, one group of parameters"),
    ]
    if workload.forward.precision != .fp32 {
      result.append(
        Assumption(
          what: "mixed precision", value: "16-bit weights and gradients, fp32 copies in shares, no autocast",
          source: "what DeepSpeed makes of bf16 and fp16"))
    }
    if let row = layout.strategy.variant {
      result.append(Assumption(what: layout.strategy.rawValue, value: row.summary, source: row.source))
    }
    result += layout.engine.levels.assumptions
    if layout.strategy.variant?.interleaves == true {
      result.append(
        Assumption(
          what: "groups that the GPU updates",
          value: "each \(layout.engine.updateStride). of those in a row (--update-stride)",
          source: "2 was the fastest in the authors' runs on 4 A100 and on 4 H100 (deep-optimizer-states-results)"))
    }
    if layout.engine.offload == .nvme {
      let drive = layout.strategy.variant?.drive ?? .infinity
      result.append(
        Assumption(
          what: "buffers between GPU and drive",
          value: "of \(drive.parameters) parameters and \(drive.states) groups of states",
          source: drive.source))
    }
    if layout.engine.offload != .none {
      result.append(
        Assumption(
          what: "offload", value: "pinned memory in powers of two, DeepSpeedCPUAdam with fp32 states",
          source: "deepspeed/ops/adam/cpu_adam.py; torch's CachingHostAllocator.h"))
    }
    return result
  }
}

extension ForwardSettings.Precision {
  /// Without autocast: in its type.
  var narrow: ForwardSettings.Precision {
    switch self {
    case .fp32, .bf16, .fp16: self
    case .bf16Mixed: .bf16
    case .fp16Mixed: .fp16
    }
  }
}
