import Foundation
import Graph
import Report
import Strategy
import Testing
import TrainingStep

@Suite("Training scripts")
struct TrainingScriptTests {
  @Test func workloadInWords() throws {
    let request = try LaunchCase.request(.ddp, ParallelDegrees(data: 8), batch: 3, length: 512) {
      LaunchCase.quantized(&$0)
      $0.workload.accumulation = 2
      $0.workload.forward.frozen = ["*.embed_tokens.*"]
      $0.workload.forward.adapters?.excluded = ["lm_head"]
      $0.workload.optimizer = .pagedAdamW8bit
      $0.workload.forward.attention = .flash
      $0.layout.engine.usesBucketView = true
    }
    for engine in [LaunchEngine.accelerate, .fsdp] {
      let script = try LaunchCase.text("train.py", engine, request)
      for line in [
        "MODEL = \"/models/Llama-3-8B\"", "BATCH_SIZE = 3 ", "SEQUENCE_LENGTH = 512", "ACCUMULATION = 2 ",
        "attn_implementation=\"sdpa\"", "SDPBackend.FLASH_ATTENTION", "load_in_4bit=True",
        "bnb_4bit_quant_type=\"nf4\"",
        "bnb_4bit_use_double_quant=True", "bnb_4bit_compute_dtype=torch.bfloat16", "r=16,", "lora_dropout=0.05",
        "target_modules=[\"q_proj\", \"v_proj\"]", "exclude_modules=[\"lm_head\"]", "{\"use_reentrant\": False}",
        "[\"*.embed_tokens.*\"]", "bitsandbytes.optim.PagedAdamW8bit(", "gradient_as_bucket_view=True",
        "{\"optim_bits\": 32}",
      ] {
        #expect(script.contains(line), "\(engine.rawValue): \(line)")
      }
      #expect(!script.contains("bnb_4bit_quant_storage"))
      #expect(!script.contains("clip_grad_norm_"))
    }
  }

  /// Four-bit weights are sharded as numbers of a floating type.
  @Test func shardedQuantization() throws {
    let request = try LaunchCase.request(.fsdp, ParallelDegrees(data: 8), change: LaunchCase.quantized)
    let script = try LaunchCase.text("train.py", .accelerate, request)
    #expect(script.contains("bnb_4bit_quant_storage=torch.bfloat16"))
    #expect(!script.contains("device_map"))
    #expect(try LaunchCase.text("accelerate_config.yaml", .accelerate, request).contains("efficient_loading: false"))
  }

  /// (optimizer, how it is made)
  @Test(arguments: [
    (Optimizer.adamW, "torch.optim.AdamW(parameters, lr=LEARNING_RATE, foreach=True)"),
    (.adamWFused, "torch.optim.AdamW(parameters, lr=LEARNING_RATE, fused=True)"),
    (.adamWLoop, "torch.optim.AdamW(parameters, lr=LEARNING_RATE, foreach=False)"),
    (.adamW8bit, "bitsandbytes.optim.AdamW8bit("), (.pagedAdamW8bit, "bitsandbytes.optim.PagedAdamW8bit("),
    (.sgd, "torch.optim.SGD(parameters, lr=LEARNING_RATE)"), (.sgdMomentum, "momentum=0.9)"),
    (.adafactor, "Adafactor(parameters, lr=LEARNING_RATE, scale_parameter=False, relative_step=False)"),
    (.lion, "bitsandbytes.optim.Lion("), (.lion8bit, "bitsandbytes.optim.Lion8bit("),
    (.muon, "torch.optim.Muon(matrices, lr=LEARNING_RATE)"), (.galoreAdamW, "\"rank\": 128"),
  ])
  func optimizers(_ optimizer: Optimizer, _ call: String) throws {
    let request = try LaunchCase.request(.single) { $0.workload.optimizer = optimizer }
    #expect(try LaunchCase.text("train.py", .fsdp, request).contains(call))
  }

  @Test func tensorParallelRanksReadTheSameSamples() throws {
    let script = try LaunchCase.text(
      "train.py", .fsdp, LaunchCase.request(.fsdp, ParallelDegrees(data: 4, tensor: 2)))
    #expect(script.contains("init_device_mesh(kind, (4, 2), mesh_dim_names=(\"data\", \"tensor\"))"))
    #expect(script.contains("num_replicas=4, rank=dist.get_rank() // 2"))
    #expect(script.contains("split_matrices(model, mesh[\"tensor\"])\n    shard(model, mesh[\"data\"])"))
  }

  @Test func hybridShards() throws {
    let script = try LaunchCase.text(
      "train.py", .fsdp,
      LaunchCase.request(.fsdp, ParallelDegrees(data: 16), nodes: 2) { $0.layout.engine.shardDegree = 8 })
    #expect(script.contains("(2, 8), mesh_dim_names=(\"replicate\", \"shard\")"))
    #expect(script.contains("shard(model, mesh[(\"replicate\", \"shard\")])"))
  }

  /// What a stranger's folder is called ends no string and starts no command.
  @Test func strangeNames() throws {
    let request = try LaunchCase.request(.ddp, ParallelDegrees(data: 2)) {
      $0.checkpoint = "/models/a\"b'c\n# $(reboot)"
    }
    #expect(try LaunchCase.text("train.py", .accelerate, request).contains(#"MODEL = "/models/a\"b'c\n# $(reboot)""#))
    let task = try LaunchCase.document("task.yaml", .skypilot, request)
    #expect((task["file_mounts"] as? [String: String])?["/checkpoint"] == request.checkpoint)
    #expect(try !LaunchCase.text("README.md", .accelerate, request).contains("\n# $(reboot)"))
  }

  /// Python compiles every script; where there is no Python there is nothing to test.
  @Test func pythonCompilesThem() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("plimsoll-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, engine, request) in try LaunchCase.everyKind() {
      for file in try LaunchFiles(request, for: engine).files where file.name.hasSuffix(".py") {
        let path = folder.appendingPathComponent("\(name)-\(engine.rawValue)-\(file.name)")
        try Data(file.text.utf8).write(to: path)
      }
    }
    guard let status = try Tool.run("python3", ["-m", "compileall", "-q", folder.path]) else {
      try Test.cancel("no Python")
    }
    #expect(status.code == 0, "\(status.output)")
  }
}
