import ArgumentParser
import Testing
import Units

@testable import PlimsollCommand

@Suite struct OptionsTests {
  @Test func defaultsOfTheContract() throws {
    let workload = try WorkloadOptions.parse([])
    #expect(workload.batchSize == 1)
    #expect(workload.sequenceLength == nil)
    #expect(workload.optimizer == .adamW)
    #expect(workload.attention == .sdpa)
    #expect(workload.checkpointing == .none)
    #expect(workload.loop == .accelerate)
    #expect(!workload.padding)
    let strategy = try StrategyOptions.parse([])
    #expect(strategy.reshardAfterForward)
    #expect(!strategy.bucketView)
    #expect(try HardwareOptions.parse([]).gpus == 1)
    #expect(try EstimationOptions.parse([]).model == nil)
  }

  @Test func everyFlagOfTheContract() throws {
    let workload = try WorkloadOptions.parse([
      "--batch-size", "4", "--sequence-length", "512", "--image-size", "224", "--images", "1", "--precision",
      "bf16-mixed", "--optimizer", "paged-adamw-8bit", "--attention", "flash", "--padding", "true", "--checkpointing",
      "non-reentrant", "--lora-rank", "16", "--lora-targets", "q_proj,v_proj", "--lora-exclude", "lm_head",
      "--lora-dropout", "0.05", "--quantize", "nf4-double", "--prepare-kbit", "true", "--dora", "--freeze", "*.wte.*",
      "--freeze", "*.wpe.*",
      "--accumulate", "8", "--max-grad-norm", "1.0", "--loss", "chunked", "--loop", "plain", "--use-cache", "false",
    ])
    #expect(workload.precision == .bf16Mixed)
    #expect(workload.optimizer == .pagedAdamW8bit)
    #expect(workload.padding)
    #expect(workload.freeze == ["*.wte.*", "*.wpe.*"])
    #expect(WorkloadOptions.names(workload.loraTargets) == ["q_proj", "v_proj"])
    let strategy = try StrategyOptions.parse([
      "--strategy", "zero-redundancy", "--data-parallel", "2", "--tensor-parallel", "2", "--pipeline-parallel", "1",
      "--context-parallel", "1", "--expert-parallel", "1", "--reshard-after-forward", "false", "--param-dtype", "bf16",
      "--reduce-dtype", "fp32", "--bucket-view", "true", "--offload", "optimizer",
    ])
    #expect(strategy.strategy == .zeroRedundancy)
    #expect(!strategy.reshardAfterForward)
    let hardware = try HardwareOptions.parse([
      "--gpus", "8", "--gpu", "h100-80gb", "--gpu-memory", "24GiB", "--nodes", "2", "--interconnect", "nvlink",
      "--interconnect", "infiniband:400",
    ])
    #expect(hardware.gpuMemory?.bytes == 24 << 30)
    #expect(hardware.interconnect.flatMap(\.islands).map(\.link.kind) == [.nvlink, .infiniband])
    #expect(hardware.interconnect.last?.islands.first?.link.gigabitsPerSecond?.value == 400)
  }

  @Test(arguments: [
    ["--batch-size", "0"], ["--batch-size", "-1"], ["--batch-size", "9999999999999999999"], ["--precision", "fp8"],
    ["--sequence-length", "0"], ["--padding", "maybe"], ["--lora-targets", "q_proj"], ["--lora-dropout", "1"],
    ["--lora-rank", "16", "--lora-targets", ","], ["--dora"],
    ["--quantize", "nf4"], ["--optimizer", "Adam"],
    ["--method", "prefix", "--lora-rank", "8"], ["--method", "lamda"], ["--prefix-projection"],
    ["--method", "lamda", "--lora-rank", "8", "--dora"], ["--method", "ia3", "--virtual-tokens", "4"],
    ["--max-grad-norm", "0"], ["--max-grad-norm", "nan"],
  ])
  func refusedWorkloads(arguments: [String]) {
    #expect(throws: (any Error).self) { try WorkloadOptions.parse(arguments) }
  }

  @Test(arguments: [
    ["--gpus", "0"], ["--gpus", "3", "--nodes", "2"], ["--gpu-memory", "-1GiB"],
    ["--gpu-memory", "many"], ["--interconnect", "string"], ["--interconnect", "nvlink", "--interconnect", "pcie"],
    ["--interconnect", "infiniband:-1"],
  ])
  func refusedHardware(arguments: [String]) {
    #expect(throws: (any Error).self) { try HardwareOptions.parse(arguments) }
  }

  @Test func degreesMakeUpTheWorld() throws {
    let two = try StrategyOptions.parse(["--tensor-parallel", "2"])
    try two.validate(worldSize: 8)
    #expect(throws: (any Error).self) { try two.validate(worldSize: 3) }
    let all = try StrategyOptions.parse(["--data-parallel", "2", "--tensor-parallel", "2"])
    try all.validate(worldSize: 4)
    #expect(throws: (any Error).self) { try all.validate(worldSize: 8) }
    #expect(throws: (any Error).self) { try StrategyOptions.parse(["--strategy", "single"]).validate(worldSize: 2) }
  }

  @Test(arguments: [("1KiB", 1024), ("80GB", 80_000_000_000), ("1.5 GiB", 3 << 29), ("512", 512)])
  func memorySizes(text: String, bytes: Int) {
    #expect(ByteCount(argument: text)?.bytes == bytes)
  }
}
