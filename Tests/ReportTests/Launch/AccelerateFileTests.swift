import Report
import Strategy
import Testing
import TrainingStep

@Suite("Launch files of accelerate")
struct AccelerateFileTests {
  private func configuration(_ request: LaunchRequest) throws -> [String: Any] {
    try LaunchCase.document("accelerate_config.yaml", .accelerate, request)
  }

  /// (strategy, GPUs, distributed_type, what is set besides)
  @Test(arguments: [
    (StrategyKind.single, 1, "NO", ""), (.ddp, 8, "MULTI_GPU", ""), (.zero1, 8, "DEEPSPEED", "deepspeed_config"),
    (.zero3, 8, "DEEPSPEED", "deepspeed_config"), (.fsdp, 8, "FSDP", "fsdp_config"), (.fsdp1, 8, "FSDP", "fsdp_config"),
  ])
  func distribution(_ strategy: StrategyKind, _ gpus: Int, _ type: String, _ section: String) throws {
    let document = try configuration(LaunchCase.request(strategy, ParallelDegrees(data: gpus)))
    #expect(document["compute_environment"] as? String == "LOCAL_MACHINE")
    #expect(document["distributed_type"] as? String == type)
    #expect(document["num_machines"] as? Int == 1)
    #expect(document["num_processes"] as? Int == gpus)
    let sections = ["deepspeed_config", "fsdp_config", "parallelism_config"].filter { document[$0] != nil }
    #expect(sections == (section.isEmpty ? [] : [section]))
    // accelerate refuses a type beside a file of DeepSpeed's.
    #expect(document["mixed_precision"] as? String == (type == "DEEPSPEED" ? nil : "no"))
  }

  @Test func autocast() throws {
    #expect(try configuration(LaunchCase.request(.single, .init(), .bf16Mixed))["mixed_precision"] as? String == "bf16")
    #expect(try configuration(LaunchCase.request(.single, .init(), .fp16Mixed))["mixed_precision"] as? String == "fp16")
    #expect(try configuration(LaunchCase.request(.single, .init(), .fp32))["mixed_precision"] as? String == "no")
  }

  @Test func shardsOfFSDP2() throws {
    let request = try LaunchCase.request(.fsdp, ParallelDegrees(data: 16), nodes: 2) {
      $0.layout.engine.reshardsAfterForward = false
      $0.layout.engine.offload = .all
      $0.layout.engine.shardDegree = 8
      $0.layout.engine.parameterType = .bfloat16
      $0.layout.engine.reductionType = .float32
    }
    let document = try configuration(request)
    let fsdp = try #require(document["fsdp_config"] as? [String: Any])
    #expect(fsdp["fsdp_version"] as? Int == 2)
    #expect(fsdp["fsdp_reshard_after_forward"] as? Bool == false)
    #expect(fsdp["fsdp_offload_params"] as? Bool == true)
    #expect(fsdp["fsdp_auto_wrap_policy"] as? String == "TRANSFORMER_BASED_WRAP")
    let parallelism = try #require(document["parallelism_config"] as? [String: Int])
    #expect(parallelism["parallelism_config_dp_replicate_size"] == 2)
    #expect(parallelism["parallelism_config_dp_shard_size"] == 8)
    #expect(document["num_machines"] as? Int == 2)
    #expect(document["num_processes"] as? Int == 16)
    let script = try LaunchCase.text("train.py", .accelerate, request)
    #expect(script.contains("MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32)"))
  }

  /// (frees after forward, shards within a node, the word of FSDP1)
  @Test(arguments: [
    (true, false, "FULL_SHARD"), (false, false, "SHARD_GRAD_OP"), (true, true, "HYBRID_SHARD"),
    (false, true, "HYBRID_SHARD_ZERO2"),
  ])
  func shardsOfFSDP1(_ reshards: Bool, _ isHybrid: Bool, _ word: String) throws {
    let document = try configuration(
      LaunchCase.request(.fsdp1, ParallelDegrees(data: 16), nodes: 2) {
        $0.layout.engine.reshardsAfterForward = reshards
        $0.layout.engine.shardDegree = isHybrid ? 8 : nil
      })
    let fsdp = try #require(document["fsdp_config"] as? [String: Any])
    #expect(fsdp["fsdp_version"] as? Int == 1)
    #expect(fsdp["fsdp_sharding_strategy"] as? String == word)
    #expect(fsdp["fsdp_use_orig_params"] as? Bool == true)
  }

  @Test func deepSpeedHasAFileOfItsOwn() throws {
    let request = try LaunchCase.request(.zero3, ParallelDegrees(data: 8))
    let section = try #require(configuration(request)["deepspeed_config"] as? [String: Any])
    #expect(section["deepspeed_config_file"] as? String == "ds_config.json")
    #expect(section["zero3_init_flag"] as? Bool == true)
    let names = try LaunchFiles(request, for: .accelerate).files.map(\.name)
    #expect(names == ["accelerate_config.yaml", "ds_config.json", "train.py", "README.md"])
  }
}
