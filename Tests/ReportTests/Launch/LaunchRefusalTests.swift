import Architecture
import Graph
import Report
import Strategy
import Testing
import TrainingStep

@Suite("What engines cannot run")
struct LaunchRefusalTests {
  private func reason(_ engine: LaunchEngine, _ request: LaunchRequest) -> LaunchRefusal? {
    do throws(LaunchRefusal) {
      _ = try LaunchFiles(request, for: engine)
      return nil
    } catch {
      return error
    }
  }

  @Test func torchtitanAndQuantizedAdapters() throws {
    let request = try LaunchCase.request(.ddp, ParallelDegrees(data: 8), change: LaunchCase.quantized)
    let refusal = try #require(reason(.torchtitan, request))
    #expect(refusal.reason == "torchtitan trains no such LoRA adapters")
    #expect(refusal.alternatives == [.accelerate, .deepspeed, .fsdp, .llamaFactory, .slurm, .skypilot])
  }

  @Test func accelerateAndPipelines() throws {
    let request = try LaunchCase.request(.pp, ParallelDegrees(data: 2, pipeline: 4))
    let refusal = try #require(reason(.accelerate, request))
    #expect(refusal.reason == "accelerate has no pp")
    #expect(refusal.alternatives == [.torchtitan])
  }

  @Test func degreesThatAnEngineLacks() throws {
    let request = try LaunchCase.request(.fsdp, ParallelDegrees(data: 2, tensor: 2, context: 2))
    #expect(reason(.fsdp, request)?.reason == "torch has no context-parallel degree here, and the plan has 2")
    #expect(reason(.fsdp, request)?.alternatives == [.torchtitan])
  }

  @Test(arguments: LaunchEngine.allCases)
  func whatNoEngineRuns(_ engine: LaunchEngine) throws {
    let eight = ParallelDegrees(data: 8)
    var seq2seq = LaunchCase.llama8B
    seq2seq.isEncoderDecoder = true
    let images = LaunchModel(modelType: "vit", task: .imageClassification)
    for request in [
      try LaunchCase.request(.gemini, eight), try LaunchCase.request(.ddp, eight, model: seq2seq),
      try LaunchCase.request(.ddp, eight, model: images),
      try LaunchCase.request(.ddp, ParallelDegrees(data: .max, tensor: 2)),
      try LaunchCase.request(.ddp, eight) {
        $0.workload.forward.adapters = LowRankAdapters(.lamda, rank: 8, targets: .allLinear)
      },
      try LaunchCase.request(.ddp, ParallelDegrees(data: 12)) { $0.cluster.gpusPerNode = 8 },
      try LaunchCase.request(.tp, ParallelDegrees(tensor: 8)) { $0.layout.engine.tensorParallelism = .colossalAI },
    ] {
      #expect(reason(engine, request)?.alternatives == [])
    }
  }

  /// (what is asked, who can)
  @Test func whoCan() throws {
    let eight = ParallelDegrees(data: 8)
    func able(_ request: LaunchRequest) -> [LaunchEngine] {
      LaunchEngine.allCases.filter { reason($0, request) == nil }
    }
    #expect(
      able(try LaunchCase.request(.zeroRedundancy, eight)) == [.fsdp, .slurm, .skypilot])
    #expect(
      able(try LaunchCase.request(.zero3, eight) { $0.workload.optimizer = .adafactor }) == [])
    #expect(
      able(try LaunchCase.request(.zero3, eight) { $0.layout.engine.offload = .nvme })
        == [.accelerate, .deepspeed, .slurm, .skypilot])
    #expect(able(try LaunchCase.request(.fsdp, eight) { $0.workload.optimizer = .muon }) == [])
    #expect(
      able(try LaunchCase.request(.single, .init(), .bf16Mixed) { $0.workload.forward.loop = .plain })
        == [.deepspeed, .fsdp, .torchtitan, .llamaFactory, .slurm, .skypilot])
    #expect(
      able(
        try LaunchCase.request(.fsdp, eight) {
          LaunchCase.quantized(&$0)
          $0.workload.forward.quantization = .int8
        }) == [])
    #expect(able(try LaunchCase.request(.ddp, eight) { $0.cluster.gpu = nil }).contains(.skypilot) == false)
  }

  /// Two ranks of eight would share one of four heads.
  @Test func headsThatDoNotDivide() throws {
    let request = try LaunchCase.request(.tp, ParallelDegrees(tensor: 8)) { $0.model.sizes.keyValueHeads = 4 }
    #expect(reason(.fsdp, request)?.reason == "4 key/value heads do not divide by the tensor degree of 8")
  }

  /// Of torch's own script; accelerate knows both.
  @Test func shardsThatAreAcceleratesOwn() throws {
    let eight = ParallelDegrees(data: 8)
    for request in [
      try LaunchCase.request(.fsdp, eight, change: LaunchCase.quantized),
      try LaunchCase.request(.fsdp, eight, .fp16Mixed),
    ] {
      #expect(reason(.fsdp, request)?.alternatives.first == .accelerate)
    }
  }

  @Test func modelsOfTorchtitan() {
    #expect(TorchtitanModel.of(LaunchCase.llama8B)?.flavor == "8B")
    var other = LaunchCase.llama8B
    other.sizes.layers = 31
    #expect(TorchtitanModel.of(other) == nil)
    let qwen = LaunchModel(
      modelType: "qwen3", task: .causalLM,
      sizes: LaunchModel.Sizes(
        layers: 28, hidden: 1024, intermediate: 3072, heads: 16, keyValueHeads: 8, vocabulary: 151_936))
    #expect(TorchtitanModel.of(qwen)?.module == "qwen3")
    #expect(TorchtitanModel.of(qwen)?.flavor == "0.6B")
  }
}
