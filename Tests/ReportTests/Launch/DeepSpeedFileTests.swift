import Graph
import Report
import Strategy
import Testing
import TrainingStep

@Suite("Launch files of DeepSpeed")
struct DeepSpeedFileTests {
  private func configuration(_ request: LaunchRequest) throws -> [String: Any] {
    try LaunchCase.document("ds_config.json", .deepspeed, request)
  }

  private func enabled(_ document: [String: Any], _ type: String) -> Bool? {
    (document[type] as? [String: Any])?["enabled"] as? Bool
  }

  /// 6 sequences x 4 micro-steps x 8 GPUs = 192.
  @Test func batchSizesAgree() throws {
    let document = try configuration(
      LaunchCase.request(.zero2, ParallelDegrees(data: 8), batch: 6) {
        $0.workload.accumulation = 4
        $0.workload.clipsGradients = true
        $0.gradientNorm = 0.5
      })
    #expect(document["train_batch_size"] as? Int == 192)
    #expect(document["train_micro_batch_size_per_gpu"] as? Int == 6)
    #expect(document["gradient_accumulation_steps"] as? Int == 4)
    #expect(document["gradient_clipping"] as? Double == 0.5)
  }

  @Test(arguments: [(StrategyKind.ddp, 0), (.zero1, 1), (.zero2, 2), (.zero3, 3)])
  func stages(_ strategy: StrategyKind, _ stage: Int) throws {
    let zero = try #require(
      configuration(LaunchCase.request(strategy, ParallelDegrees(data: 8)))["zero_optimization"] as? [String: Any])
    #expect(zero["stage"] as? Int == stage)
    #expect(zero["reduce_bucket_size"] as? Int == (stage == 0 ? nil : 500_000_000))
    #expect(zero["allgather_bucket_size"] as? Int == (stage == 1 || stage == 2 ? 500_000_000 : nil))
    #expect(zero["stage3_prefetch_bucket_size"] as? Int == (stage == 3 ? 50_000_000 : nil))
    #expect(zero["stage3_param_persistence_threshold"] as? Int == (stage == 3 ? 100_000 : nil))
    #expect(zero["offload_optimizer"] == nil)
    #expect(zero["offload_param"] == nil)
  }

  @Test(arguments: [
    (ForwardSettings.Precision.fp32, false, false), (.bf16, true, false), (.bf16Mixed, true, false),
    (.fp16, false, true), (.fp16Mixed, false, true),
  ])
  func types(_ precision: ForwardSettings.Precision, _ bf16: Bool, _ fp16: Bool) throws {
    let document = try configuration(LaunchCase.request(.zero3, ParallelDegrees(data: 8), precision))
    #expect(enabled(document, "bf16") == bf16)
    #expect(enabled(document, "fp16") == fp16)
  }

  /// (what is offloaded, where the states are, where the parameters are)
  @Test(
    arguments: [
      (Offload.optimizer, "cpu", nil), (.parameters, nil, "cpu"), (.all, "cpu", "cpu"), (.nvme, "nvme", "nvme"),
    ] as [(Offload, String?, String?)])
  func offload(_ offload: Offload, _ states: String?, _ parameters: String?) throws {
    let request = try LaunchCase.request(.zero3, ParallelDegrees(data: 8)) { $0.layout.engine.offload = offload }
    let zero = try #require(configuration(request)["zero_optimization"] as? [String: Any])
    #expect((zero["offload_optimizer"] as? [String: Any])?["device"] as? String == states)
    #expect((zero["offload_param"] as? [String: Any])?["device"] as? String == parameters)
    #expect(((zero["offload_param"] as? [String: Any])?["nvme_path"] as? String != nil) == (parameters == "nvme"))
    let script = try LaunchCase.text("train.py", .deepspeed, request)
    #expect(script.contains("DeepSpeedCPUAdam(") == (states != nil))
  }

  /// Every key of the file is told of in the page beside it, or is a number that says itself.
  @Test func thePageTellsOfTheSettings() throws {
    let request = try LaunchCase.request(.zero3, ParallelDegrees(data: 8))
    let page = try LaunchCase.text("README.md", .deepspeed, request)
    for key in try configuration(request).keys where !key.hasPrefix("train_micro") && !key.hasPrefix("gradient_acc") {
      #expect(page.contains("- `\(key)`: "), "\(key)")
    }
  }

  @Test func groupsOfShards() throws {
    let request = try LaunchCase.request(.zero3, ParallelDegrees(data: 16), nodes: 2) {
      $0.layout.engine.shardDegree = 8
    }
    let zero = try #require(configuration(request)["zero_optimization"] as? [String: Any])
    #expect(zero["mics_shard_size"] as? Int == 8)
  }
}
