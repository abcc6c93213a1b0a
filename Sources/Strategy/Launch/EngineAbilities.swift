internal import Graph
internal import TrainingStep

/// What an engine can run, as a row of a table; ``EngineAbilities/of(_:)`` has the rows.
struct EngineAbilities: Sendable {
  enum Axis: String, CaseIterable, Sendable {
    case tensor, pipeline, context, expert
  }

  /// What beyond all weights in their own type an engine can train.
  struct Training: OptionSet, Sendable {
    let rawValue: Int
    static let adapters = Training(rawValue: 1 << 0)
    static let quantization = Training(rawValue: 1 << 1)
    static let frozenParameters = Training(rawValue: 1 << 2)
    static let otherTechniques = Training(rawValue: 1 << 3)
    static let excludedTargets = Training(rawValue: 1 << 4)
    static let preparation = Training(rawValue: 1 << 5)
    static let cache = Training(rawValue: 1 << 6)
    static let padding = Training(rawValue: 1 << 7)
    static let tasksWithoutGeneration = Training(rawValue: 1 << 8)
    static let bucketView = Training(rawValue: 1 << 9)
    static let sequenceParallel = Training(rawValue: 1 << 10)
    static let nonReentrantAlone = Training(rawValue: 1 << 11)
    static let anything: Training = [
      .adapters, .quantization, .frozenParameters, .otherTechniques, .excludedTargets, .preparation, .cache, .padding,
      .tasksWithoutGeneration, .bucketView,
    ]
  }

  var name: String
  var strategies: Set<StrategyKind>
  var axes: Set<Axis> = []
  var training: Training
  var precisions = Set(ForwardSettings.Precision.allCases)
  var attention = Set(ForwardSettings.Attention.allCases)
  var losses: Set<ForwardSettings.Loss> = [.transformers, .fused]
  var optimizers = Set(Optimizer.allCases)
  /// Whether the strategy's shards can be of fewer ranks than share the batch.
  var hybridStrategies: Set<StrategyKind> = []
  /// What the fields above do not say, in one line; nil where nothing stands against it.
  var special: @Sendable (LaunchRequest) -> String? = { _ in nil }

  func reasonAgainst(_ request: LaunchRequest) -> String? {
    let (layout, workload) = (request.layout, request.workload)
    let forward = workload.forward
    guard strategies.contains(layout.strategy) else { return "\(name) has no \(layout.strategy.rawValue)" }
    for (axis, degree) in layout.degrees.byAxis where degree > 1 && !axes.contains(axis) {
      return "\(name) has no \(axis.rawValue)-parallel degree here, and the plan has \(degree)"
    }
    if request.shardDegree != nil, !hybridStrategies.contains(layout.strategy) {
      return "\(name) does not shard \(layout.strategy.rawValue) over fewer ranks than share the batch"
    }
    if layout.engine.isSequenceParallel, !training.contains(.sequenceParallel) {
      return "\(name) shares no norms and residuals along the sequence"
    }
    if layout.engine.usesBucketView, layout.strategy == .ddp, !training.contains(.bucketView) {
      return "\(name) does not set gradient_as_bucket_view"
    }
    if let reason = layout.strategy.reasonAgainst(layout.engine.offload, name) { return reason }
    guard precisions.contains(forward.precision) else {
      return "\(name) has no --precision \(forward.precision.rawValue)"
    }
    guard attention.contains(forward.attention) else {
      return "\(name) has no --attention \(forward.attention.rawValue)"
    }
    guard losses.contains(forward.loss) else { return "\(name) has no --loss \(forward.loss.rawValue)" }
    guard optimizers.contains(workload.optimizer) else { return "\(name) has no \(workload.optimizer.rawValue)" }
    guard layout.strategy.shardableOptimizers(layout.degrees).contains(workload.optimizer) else {
      return "\(workload.optimizer.rawValue) cannot step over the shards of \(layout.strategy.rawValue)"
    }
    return reasonAgainst(forward) ?? reasonAgainst(quantizationOf: request)
      ?? (workload.checkpointing == .reentrant && training.contains(.nonReentrantAlone)
        ? "\(name) checkpoints without re-entry alone" : nil) ?? special(request)
  }

  private func reasonAgainst(_ forward: ForwardSettings) -> String? {
    let asked: [(Bool, Training, String)] = [
      (forward.adapters != nil, .adapters, "trains no such LoRA adapters"),
      (forward.quantization != nil, .quantization, "quantises no frozen weights"),
      (!forward.frozen.isEmpty, .frozenParameters, "freezes no parameters by name"),
      (forward.technique != nil, .otherTechniques, "trains no virtual tokens or scales"),
      (forward.adapters?.excluded.isEmpty == false, .excludedTargets, "leaves out no modules by name"),
      (forward.isPreparedForKBitTraining, .preparation, "does not hold norms and embeddings in fp32 as --prepare-kbit"),
      (forward.usesCache, .cache, "fills no key/value cache in training"),
      (forward.isPadded, .padding, "packs its batches instead of padding them"),
    ]
    return asked.first { $0.0 && !training.contains($0.1) }.map { "\(name) \($0.2)" }
  }

  /// bitsandbytes' weights as shards: four bits in a type that can be sharded (`bnb_4bit_quant_storage`), eight not.
  private func reasonAgainst(quantizationOf request: LaunchRequest) -> String? {
    guard let scheme = request.workload.forward.quantization else { return nil }
    switch request.layout.strategy {
    case .fsdp, .fsdp1, .zero3, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou:
      return scheme.isFourBit
        ? nil : "bitsandbytes' int8 weights cannot be sharded (\(request.layout.strategy.rawValue))"
    case .tp, .pp, .gemini: return "bitsandbytes' weights cannot be split (\(request.layout.strategy.rawValue))"
    case .single, .ddp, .zero1, .zero2, .zeroRedundancy: return nil
    }
  }
}

extension ParallelDegrees {
  fileprivate var byAxis: [(EngineAbilities.Axis, Int)] {
    [(.tensor, tensor), (.pipeline, pipeline), (.context, context), (.expert, expert)]
  }
}

extension StrategyKind {
  /// DTensors and flattened shards take torch's own optimizers; DeepSpeed's flat partitions any that looks at each
  /// number for itself.
  fileprivate func shardableOptimizers(_ degrees: ParallelDegrees) -> Set<Optimizer> {
    let torch: Set<Optimizer> = [.adamW, .adamWFused, .adamWLoop, .sgd, .sgdMomentum]
    switch self {
    case .single, .ddp: return Set(Optimizer.allCases)
    case .zero1, .zero2, .zero3, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou:
      return torch.union([.adamW8bit, .pagedAdamW8bit, .lion, .lion8bit])
    case .zeroRedundancy, .fsdp, .fsdp1, .tp, .pp, .gemini: return torch
    }
  }

  /// What the strategy's engine cannot move off the GPU.
  fileprivate func reasonAgainst(_ offload: Offload, _ name: String) -> String? {
    let possible: Set<Offload>
    switch self {
    case .zero1, .zero2: possible = [.none, .optimizer]
    case .zero3: possible = [.none, .optimizer, .parameters, .all, .nvme]
    case .zeroPlusPlus: possible = [.none, .optimizer]
    case .zeroTopology, .deepOptimizerStates, .fuyou: possible = Set(Offload.allCases)
    // FSDP's offload takes parameters, gradients and with them the optimizer's states.
    case .fsdp, .fsdp1: possible = [.none, .parameters, .all]
    case .single, .ddp, .zeroRedundancy, .tp, .pp, .gemini: possible = [.none]
    }
    return possible.contains(offload) ? nil : "\(name) has no --offload \(offload.rawValue) under \(rawValue)"
  }
}
