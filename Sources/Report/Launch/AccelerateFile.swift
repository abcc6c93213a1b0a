internal import struct Graph.ForwardSettings
internal import Strategy
internal import TrainingStep

/// `accelerate_config.yaml`, as `accelerate config` would write it (accelerate/commands/config, 1.15.0).
struct AccelerateFile: Sendable {
  static let name = "accelerate_config.yaml"
  let request: LaunchRequest
  /// Whether a trainer sets autocast itself, so that the file does not.
  var leavesPrecision = false

  var text: String {
    let strategy = request.layout.strategy
    var fields: [CommentedFields.Field?] = [
      .init(
        "compute_environment", "LOCAL_MACHINE", "machines that are reached directly, not a cloud's training service"),
      .init("distributed_type", .string(distributedType), distribution),
      .init("num_machines", .integer(request.nodes)),
      .init("num_processes", .integer(request.gpus), "one for each GPU, over all machines"),
      .init("machine_rank", 0, request.nodes > 1 ? "given on the command line of each machine" : nil),
      .init("rdzv_backend", "static", "processes find each other at the first machine's address"),
      .init("same_network", true),
      // With a file of DeepSpeed's own the type is that file's, and accelerate refuses to be told it twice.
      strategy.zeroStage == nil && !leavesPrecision
        ? .init(
          "mixed_precision", .string(mixedPrecision), "autocast over fp32 weights; no: all in the weights' own type")
        : nil,
      .init("main_training_function", "main"),
      .init("use_cpu", false),
      .init("debug", false),
    ]
    if strategy.zeroStage != nil { fields.append(.init("deepspeed_config", deepspeed)) }
    if strategy == .fsdp || strategy == .fsdp1 { fields.append(.init("fsdp_config", fsdp)) }
    if let parallelism { fields.append(.init("parallelism_config", parallelism)) }
    return CommentedFields(fields).yaml(heading: [
      "How accelerate starts the run that plimsoll planned: \(request.layout.summary).",
      "accelerate launch --config_file \(Self.name) …",
    ])
  }

  private var distributedType: String {
    switch request.layout.strategy {
    case _ where request.layout.strategy.zeroStage != nil: "DEEPSPEED"
    case .fsdp, .fsdp1: "FSDP"
    default: request.gpus > 1 ? "MULTI_GPU" : "NO"
    }
  }

  private var distribution: String {
    switch request.layout.strategy {
    case _ where request.layout.strategy.zeroStage != nil: "optimizer states, gradients or parameters in shards"
    case .fsdp, .fsdp1: "parameters, gradients and optimizer states in shards"
    default: request.gpus > 1 ? "a replica on each GPU (DistributedDataParallel)" : "one GPU"
    }
  }

  private var mixedPrecision: String {
    switch request.workload.forward.precision.autocast {
    case .bfloat16?: "bf16"
    case .float16?: "fp16"
    default: "no"
    }
  }

  private var deepspeed: CommentedFields {
    CommentedFields([
      .init("deepspeed_config_file", .string(DeepSpeedFile.name), "batch sizes, types and shards are there"),
      .init(
        "zero3_init_flag", .boolean(request.layout.strategy.zeroStage == 3),
        "from_pretrained shards each weight as it reads it"),
      request.nodes > 1
        ? .init(
          "deepspeed_multinode_launcher", "standard", "the command is given on each machine; nothing is started by ssh")
        : nil,
    ])
  }

  private var fsdp: CommentedFields {
    let engine = request.layout.engine
    let isFirst = request.layout.strategy == .fsdp1
    let isQuantized = request.workload.forward.quantization != nil
    return CommentedFields([
      .init("fsdp_version", isFirst ? 1 : 2, isFirst ? "FullyShardedDataParallel" : "fully_shard"),
      .init(
        "fsdp_auto_wrap_policy", "TRANSFORMER_BASED_WRAP",
        "a unit for each block, as the model's _no_split_modules names it"),
      // FSDP1's launcher always sets the first, which outranks the second.
      isFirst
        ? .init("fsdp_sharding_strategy", .string(shardingStrategy), "what is sharded, and over which GPUs")
        : .init(
          "fsdp_reshard_after_forward", .boolean(engine.reshardsAfterForward),
          "whether a unit's gathered parameters go after its forward pass"),
      .init(
        "fsdp_offload_params", .boolean(engine.offload != .none),
        "parameters, gradients and optimizer states in host memory"),
      isFirst ? .init("fsdp_backward_prefetch", "BACKWARD_PRE") : nil,
      isFirst ? .init("fsdp_use_orig_params", true) : nil,
      .init(
        "fsdp_cpu_ram_efficient_loading", .boolean(!isQuantized),
        "one process a machine reads the weights, the others get shards"),
      isFirst ? .init("fsdp_sync_module_states", true) : nil,
      .init("fsdp_state_dict_type", "FULL_STATE_DICT"),
      .init("fsdp_activation_checkpointing", false, "train.py asks the model itself, as planned"),
    ])
  }

  /// ShardingStrategy of FSDP1.
  private var shardingStrategy: String {
    switch (request.layout.engine.reshardsAfterForward, request.shardDegree != nil) {
    case (true, false): "FULL_SHARD"
    case (false, false): "SHARD_GRAD_OP"
    case (true, true): "HYBRID_SHARD"
    case (false, true): "HYBRID_SHARD_ZERO2"
    }
  }

  /// Copies of groups of shards (HSDP).
  private var parallelism: CommentedFields? {
    guard request.layout.strategy == .fsdp, let shards = request.shardDegree else { return nil }
    return CommentedFields([
      .init(
        "parallelism_config_dp_replicate_size", .integer(request.layout.degrees.data / shards), "copies of the shards"),
      .init("parallelism_config_dp_shard_size", .integer(shards), "GPUs that share one copy"),
      .init("parallelism_config_tp_size", 1),
      .init("parallelism_config_cp_size", 1),
    ])
  }
}
