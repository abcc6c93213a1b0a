import Graph
import Report
import Strategy
import Testing
import TrainingStep

@Suite("Launch files of torchtitan and LLaMA-Factory")
struct OtherEngineTests {
  @Test func torchtitan() throws {
    let request = try LaunchCase.request(.fsdp, ParallelDegrees(data: 16, tensor: 2), .fp32, nodes: 4) {
      $0.layout.engine.parameterType = .bfloat16
      $0.layout.engine.shardDegree = 8
      $0.layout.engine.isSequenceParallel = true
      $0.workload.checkpointing = .nonReentrant
      $0.workload.accumulation = 2
      $0.workload.forward.loss = .chunked
      $0.gradientNorm = 1
    }
    let module = try LaunchCase.text("plimsoll_run.py", .torchtitan, request)
    for line in [
      "from torchtitan.models.llama3 import model_registry", "model_registry(\"8B\", attn_backend=\"varlen\")",
      "local_batch_size=4,", "global_batch_size=128,", "seq_len=2048,", "max_norm=1.0,", "dtype=\"float32\",",
      "mixed_precision_param=\"bfloat16\",", "data_parallel_replicate_degree=2,", "data_parallel_shard_degree=8,",
      "fsdp_reshard_after_forward=\"always\",", "tensor_parallel_degree=2,", "enable_sequence_parallel=True,",
      "pipeline_parallel_degree=1,", "activation_checkpoint=FullAC.Config(),", "ChunkedLossWrapper.Config(",
      "initial_load_in_hf=True", "rope.scaling = \"none\"", "rope.theta = 500000.0",
    ] {
      #expect(module.contains(line), "\(line)")
    }
    let command = try LaunchFiles(request, for: .torchtitan).command.joined(separator: "\n")
    #expect(command.contains("--nnodes 4") && command.contains("--nproc-per-node 8"))
    #expect(command.contains("-m torchtitan.train --module plimsoll_run --config finetune"))
  }

  /// Micro-batches of a pipeline are one batch of torchtitan's: 8 of 4 sequences.
  @Test func pipeline() throws {
    let request = try LaunchCase.request(.pp, ParallelDegrees(data: 2, pipeline: 4)) {
      $0.workload.accumulation = 8
      $0.layout.engine.schedule = .interleaved
    }
    let module = try LaunchCase.text("plimsoll_run.py", .torchtitan, request)
    for line in [
      "local_batch_size=32,", "global_batch_size=64,", "pipeline_parallel_degree=4,",
      "pipeline_parallel_schedule=\"Interleaved1F1B\",", "pipeline_parallel_microbatch_size=4,",
      "data_parallel_replicate_degree=2,", "data_parallel_shard_degree=1,", "dtype=\"bfloat16\",",
      "activation_checkpoint=None,",
    ] {
      #expect(module.contains(line), "\(line)")
    }
  }

  @Test func llamaFactoryInFull() throws {
    let request = try LaunchCase.request(.zero2, ParallelDegrees(data: 8), batch: 2, .bf16Mixed) {
      $0.workload.checkpointing = .reentrant
      $0.workload.accumulation = 4
      $0.gradientNorm = 1
    }
    let document = try LaunchCase.document("train.yaml", .llamaFactory, request)
    #expect(document["model_name_or_path"] as? String == "/models/Llama-3-8B")
    #expect(document["finetuning_type"] as? String == "full")
    #expect(document["per_device_train_batch_size"] as? Int == 2)
    #expect(document["gradient_accumulation_steps"] as? Int == 4)
    #expect(document["cutoff_len"] as? Int == 2048)
    #expect(document["bf16"] as? Bool == true)
    #expect(document["pure_bf16"] == nil)
    #expect(document["disable_gradient_checkpointing"] as? Bool == false)
    #expect(document["use_reentrant_gc"] as? Bool == true)
    #expect(document["optim"] as? String == "adamw_torch")
    #expect(document["deepspeed"] as? String == "ds_config.json")
    #expect(document["max_grad_norm"] as? Double == 1)
    // 1.0e-05, which a reader of YAML 1.1 takes for a number too.
    #expect(document["learning_rate"] as? Double == 0.00001)
    let shards = try LaunchCase.document("ds_config.json", .llamaFactory, request)
    #expect(shards["train_batch_size"] as? Int == 64)
    let data = try LaunchCase.document("dataset_info.json", .llamaFactory, request)
    #expect((data["train"] as? [String: Any])?["file_name"] as? String == "train.jsonl")
  }

  @Test func llamaFactoryQuantized() throws {
    let request = try LaunchCase.request(.fsdp, ParallelDegrees(data: 2)) {
      LaunchCase.quantized(&$0)
      $0.workload.forward.adapters?.form = .dora
      $0.workload.forward.adapters?.targets = .allLinear
    }
    let document = try LaunchCase.document("train.yaml", .llamaFactory, request)
    #expect(document["finetuning_type"] as? String == "lora")
    #expect(document["quantization_bit"] as? Int == 4)
    #expect(document["double_quantization"] as? Bool == true)
    #expect(document["lora_rank"] as? Int == 16)
    #expect(document["lora_target"] as? String == "all")
    #expect(document["lora_dropout"] as? Double == 0.05)
    #expect(document["use_dora"] as? Bool == true)
    #expect(document["use_reentrant_gc"] as? Bool == false)
    let launcher = try LaunchCase.document("accelerate_config.yaml", .llamaFactory, request)
    #expect(launcher["distributed_type"] as? String == "FSDP")
    #expect(launcher["mixed_precision"] == nil)
  }
}
