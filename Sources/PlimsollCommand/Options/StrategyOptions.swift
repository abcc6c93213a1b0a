internal import ArgumentParser
internal import Strategy

/// How one training run is spread over the GPUs: the strategy flags of `estimate`.
struct StrategyOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "zero1 to zero3 are DeepSpeed's, fsdp is torch's fully_shard (in accelerate's loop FullyShardedDataParallel, which "
        + "accelerate takes unless --param-dtype is given, --reshard-after-forward is false or other degrees stand beside "
        + "it), fsdp1 is FullyShardedDataParallel as accelerate sets it up, zero-redundancy is torch's "
        + "ZeroRedundancyOptimizer, zero++, zero-topo (three levels of shards), deep-optimizer-states (an update in turns by "
        + "CPU and GPU) and fuyou (all on NVMe drives) are zero3 with the changes of the literature, gemini is LLMem's ADP (default: single on one GPU, otherwise ddp, or what the degrees "
        + "say).",
      valueName: "s"))
  var strategy: StrategyKind?

  @Option(help: ArgumentHelp("GPUs that share the batch.", valueName: "n"))
  var dataParallel: Int?

  @Option(help: ArgumentHelp("GPUs that share each matrix.", valueName: "n"))
  var tensorParallel: Int?

  @Option(help: ArgumentHelp("GPUs that share the layers.", valueName: "n"))
  var pipelineParallel: Int?

  @Option(help: ArgumentHelp("GPUs that share a sequence.", valueName: "n"))
  var contextParallel: Int?

  @Option(help: ArgumentHelp("GPUs that share the experts.", valueName: "n"))
  var expertParallel: Int?

  @Option(
    help: ArgumentHelp("fully_shard frees a layer's parameters after its forward (true or false).", valueName: "b"))
  var reshardAfterForward = true

  @Option(help: ArgumentHelp("MixedPrecisionPolicy: type of the gathered parameters.", valueName: "p"))
  var paramDtype: ElementPrecision?

  @Option(help: ArgumentHelp("MixedPrecisionPolicy: type in which gradients are reduced.", valueName: "p"))
  var reduceDtype: ElementPrecision?

  @Option(help: ArgumentHelp("DDP's gradient_as_bucket_view (true or false).", valueName: "b"))
  var bucketView = false

  @Option(
    help: ArgumentHelp(
      "What lives in host memory or on disk, as the strategy's engine does it (nvme: zero3 as ZeRO-Infinity).",
      valueName: "o"))
  var offload: Offload = .none

  @Option(
    help: ArgumentHelp(
      "Tensor-parallel ranks share norms and residuals along the sequence (true or false).", valueName: "b"))
  var sequenceParallel = false

  @Option(help: ArgumentHelp("The order in which pipeline stages run micro-batches.", valueName: "s"))
  var schedule: PipelineSchedule = .oneForwardOneBackward

  @Option(help: ArgumentHelp("Stages of each rank that the interleaved schedule runs.", valueName: "n"))
  var virtualStages = 2

  @Option(
    help: ArgumentHelp(
      "Ranks that share one copy of sharded parameters; the others hold copies (default: all data-parallel ranks; "
        + "zero-topo: 2).",
      valueName: "n"))
  var shardDegree: Int?

  @Option(
    help: ArgumentHelp(
      "zero3: ranks that share a second copy of the parameters for the backward pass (zero_hpz_partition_size; zero++: the "
        + "GPUs of a node).",
      valueName: "n"))
  var secondaryDegree: Int?

  @Option(
    help: ArgumentHelp(
      "zero-topo: ranks that share one copy of the gradients (default: the GPUs of a node).", valueName: "n"))
  var gradientDegree: Int?

  @Option(help: ArgumentHelp("zero3: gather parameters in 8 bits (true or false; zero++: true).", valueName: "b"))
  var quantizedWeights: Bool?

  @Option(
    help: ArgumentHelp(
      "zero3: sum gradients in 4 bits, over several nodes (true or false; zero++: true).", valueName: "b"))
  var quantizedGradients: Bool?

  @Option(
    help: ArgumentHelp(
      "deep-optimizer-states: of how many groups in a row the GPU updates one (default: 2).", valueName: "k"))
  var updateStride: Int?

  /// The degrees that were given, with their flags.
  var degrees: [(flag: String, degree: Int)] {
    [
      ("--data-parallel", dataParallel), ("--tensor-parallel", tensorParallel),
      ("--pipeline-parallel", pipelineParallel), ("--context-parallel", contextParallel),
      ("--expert-parallel", expertParallel),
    ].compactMap { flag, degree in degree.map { (flag, $0) } }
  }

  func validate() throws {
    for (flag, degree) in degrees { try Limits.check(degree, flag, 1...Limits.count) }
    try Limits.check(virtualStages, "--virtual-stages", 2...Limits.count)
    for (flag, degree) in [
      ("--shard-degree", shardDegree), ("--secondary-degree", secondaryDegree), ("--gradient-degree", gradientDegree),
    ] {
      if let degree { try Limits.check(degree, flag, 1...Limits.count) }
    }
    if let updateStride { try Limits.check(updateStride, "--update-stride", 2...Limits.count) }
    let levels: [(String, Bool)] = [
      ("--secondary-degree", secondaryDegree != nil), ("--quantized-weights", quantizedWeights != nil),
      ("--quantized-gradients", quantizedGradients != nil),
    ]
    if let flag = levels.first(where: \.1)?.0, strategy != .zero3, strategy?.variant == nil {
      throw ValidationError("\(flag) has no effect without --strategy zero3, or one that changes it")
    }
    if gradientDegree != nil, strategy != .zeroTopology {
      throw ValidationError("--gradient-degree has no effect without --strategy zero-topo")
    }
    if updateStride != nil, strategy != .deepOptimizerStates {
      throw ValidationError("--update-stride has no effect without --strategy deep-optimizer-states")
    }
  }

  /// Checks the degrees against `--gpus`. A command that has both groups calls this from its own `validate`.
  func validate(worldSize: Int) throws {
    var rest = worldSize
    for (flag, degree) in degrees {
      guard rest % degree == 0 else {
        throw ValidationError("\(flag) \(degree): the degrees' product must be --gpus, which is \(worldSize)")
      }
      rest /= degree
    }
    if dataParallel != nil, rest != 1 {
      throw ValidationError("the degrees' product is \(worldSize / rest), and must be --gpus, which is \(worldSize)")
    }
    if strategy == .single, worldSize > 1 {
      throw ValidationError("--strategy single runs on one GPU, and --gpus is \(worldSize)")
    }
  }
}
