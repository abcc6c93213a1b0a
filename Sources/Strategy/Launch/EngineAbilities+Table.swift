internal import Graph
internal import TrainingStep

extension EngineAbilities {
  /// The engine's row; nil for a scheduler, which runs what another engine runs.
  static func of(_ engine: LaunchEngine) -> EngineAbilities? {
    switch engine {
    case .accelerate: accelerate
    case .deepspeed: deepspeed
    case .fsdp: torch
    case .torchtitan: torchtitan
    case .llamaFactory: llamaFactory
    case .slurm, .skypilot: nil
    }
  }

  private static let accelerate = EngineAbilities(
    name: "accelerate", strategies: [.single, .ddp, .zero1, .zero2, .zero3, .zeroPlusPlus, .fsdp, .fsdp1],
    training: .anything,
    hybridStrategies: [.fsdp, .fsdp1],
    special: { request in
      let forward = request.workload.forward
      if forward.loop == .plain, forward.precision.autocast != nil {
        return "accelerate upcasts the model's outputs under autocast, which --loop plain leaves out"
      }
      if request.layout.strategy == .fsdp1, let degree = request.shardDegree, degree != request.gpusPerNode {
        return "FSDP1's HYBRID_SHARD shards over the \(request.gpusPerNode) GPUs of a node, not over \(degree)"
      }
      return request.reasonAgainstDeepSpeed
    })

  private static let deepspeed = EngineAbilities(
    name: "DeepSpeed", strategies: [.single, .ddp, .zero1, .zero2, .zero3, .zeroPlusPlus],
    training: .anything.subtracting(.bucketView),
    optimizers: Set(Optimizer.allCases).subtracting([.muon, .galoreAdamW, .adafactor]), hybridStrategies: [.zero3],
    special: { $0.reasonAgainstDeepSpeed })

  private static let torch = EngineAbilities(
    name: "torch", strategies: [.single, .ddp, .zeroRedundancy, .fsdp, .tp], axes: [.tensor], training: .anything,
    hybridStrategies: [.fsdp],
    special: { request in
      let (forward, holdsDTensors) = (request.workload.forward, [.fsdp, .tp].contains(request.layout.strategy))
      if holdsDTensors, forward.quantization != nil {
        return "bitsandbytes' weights become shards as accelerate loads them, not under fully_shard alone"
      }
      if holdsDTensors, forward.precision == .fp16Mixed {
        return "GradScaler does not tell ranks of each other's overflows in shards"
      }
      guard request.layout.degrees.tensor > 1 else { return nil }
      if let reason = request.reasonAgainstHeads { return reason }
      if forward.adapters != nil || forward.technique != nil {
        return "parallelize_module splits plain linear layers, not those that PEFT wraps"
      }
      return request.model.task == .causalLM ? nil : "the plan of tensor parallelism is for causal-lm models"
    })

  /// Only its own models, and all their weights.
  private static let torchtitan = EngineAbilities(
    name: "torchtitan", strategies: [.single, .ddp, .fsdp, .tp, .pp], axes: [.tensor, .pipeline, .context],
    training: [.sequenceParallel, .nonReentrantAlone], precisions: [.fp32, .bf16, .bf16Mixed], attention: [.sdpa],
    losses: [.transformers, .chunked], optimizers: [.adamW, .adamWFused, .adamWLoop], hybridStrategies: [.fsdp],
    special: { request in
      guard TorchtitanModel.of(request.model) != nil else {
        return "torchtitan has no model of these sizes (\(request.model.modelType ?? "no model_type"))"
      }
      let (layout, precision) = (request.layout, request.workload.forward.precision)
      if let reason = request.reasonAgainstHeads { return reason }
      if layout.strategy == .tp, layout.degrees.data > 1 {
        return "torchtitan shards what tensor parallelism leaves (fsdp)"
      }
      if layout.strategy != .single, layout.strategy != .ddp, precision == .bf16Mixed {
        return "torchtitan has autocast for replicas alone; --precision fp32 --param-dtype bf16 is its way for shards"
      }
      if let type = layout.engine.reductionType, type != .float32 { return "torchtitan reduces gradients in fp32" }
      return nil
    })

  private static let llamaFactory = EngineAbilities(
    name: "LLaMA-Factory", strategies: [.single, .ddp, .zero1, .zero2, .zero3, .fsdp, .fsdp1],
    training: [.adapters, .quantization, .padding], precisions: [.bf16, .bf16Mixed, .fp16Mixed],
    attention: [.eager, .sdpa], optimizers: Set(Optimizer.allCases).subtracting([.adamWLoop, .muon, .galoreAdamW]),
    special: { request in
      let (forward, strategy) = (request.workload.forward, request.layout.strategy)
      if request.model.task != .causalLM { return "LLaMA-Factory trains causal-lm models" }
      if forward.adapters != nil, forward.precision != .bf16 {
        return "LLaMA-Factory holds frozen weights in bf16; --precision bf16 plans for it"
      }
      if forward.adapters == nil, forward.precision == .bf16, strategy == .zero3 {
        return "LLaMA-Factory's pure_bf16 and DeepSpeed's third stage exclude each other"
      }
      return request.reasonAgainstDeepSpeed
    })
}

extension LaunchRequest {
  /// A rank holds whole heads: rows of a matrix that fall into one are no heads to the model's code.
  fileprivate var reasonAgainstHeads: String? {
    let heads = model.sizes.keyValueHeads ?? model.sizes.heads ?? layout.degrees.tensor
    guard heads % layout.degrees.tensor != 0 else { return nil }
    return "\(heads) key/value heads do not divide by the tensor degree of \(layout.degrees.tensor)"
  }

  /// What DeepSpeed's engine leaves no choice in, for the strategies that are its own.
  fileprivate var reasonAgainstDeepSpeed: String? {
    guard layout.strategy.zeroStage != nil else { return nil }
    let offload = layout.engine.offload
    if offload == .optimizer || offload == .all || offload == .nvme,
      ![.adamW, .adamWFused].contains(workload.optimizer)
    {
      return "DeepSpeed steps on the host with its own Adam alone, not with \(workload.optimizer.rawValue)"
    }
    return nil
  }
}
