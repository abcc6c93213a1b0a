import ArgumentParser
import Strategy
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
    ["--interconnect", "infiniband:-1"], ["--interconnect", "infiniband:200,roce:200", "--nodes", "1"],
    ["--gpus", "4", "--nodes", "4", "--interconnect", "2xinfiniband:200,1xroce:200"], ["--drives", "0"],
    ["--between-clusters", "ethernet:25"],
    ["--gpus", "2", "--nodes", "2", "--interconnect", "infiniband,roce", "--between-clusters", "nvlink"],
  ])
  func refusedHardware(arguments: [String]) {
    #expect(throws: (any Error).self) { try HardwareOptions.parse(arguments) }
  }

  @Test func clustersOfNodes() throws {
    let hardware = try HardwareOptions.parse([
      "--gpus", "32", "--nodes", "4", "--interconnect", "3xinfiniband:200,roce", "--between-clusters", "ethernet:25",
    ])
    let cluster = hardware.cluster(nil)
    #expect(cluster.islands.map(\.nodes) == [3, 1])
    #expect(cluster.islands.map(\.link.kind) == [.infiniband, .roce])
    #expect(cluster.betweenIslands?.kind == .ethernet)
  }

  @Test(arguments: [
    ["--secondary-degree", "8"], ["--strategy", "fsdp", "--quantized-weights", "true"],
    ["--strategy", "zero3", "--gradient-degree", "8"], ["--strategy", "zero3", "--update-stride", "2"],
    ["--strategy", "deep-optimizer-states", "--update-stride", "1"],
  ])
  func levelsWithoutTheirStrategy(arguments: [String]) {
    #expect(throws: (any Error).self) { try StrategyOptions.parse(arguments) }
  }

  /// The rows of the strategies fill in what the flags leave open.
  @Test func levelsOfStrategies() throws {
    func engine(_ arguments: [String], gpus: Int = 16) throws -> EngineSettings {
      try StrategyOptions.parse(arguments).layout(worldSize: gpus, nodes: 2).engine
    }
    let plus = try engine(["--strategy", "zero++", "--quantized-gradients", "false"])
    #expect(plus.levels.secondary == 8 && plus.levels.quantizesParameters && !plus.levels.quantizesGradients)
    let levels = try engine(["--strategy", "zero-topo", "--shard-degree", "4"]).levels
    #expect(levels.parameters == 4 && levels.gradients == 8)
    #expect(try engine(["--strategy", "fuyou"]).offload == .nvme)
    #expect(try engine(["--strategy", "deep-optimizer-states", "--update-stride", "4"]).updateStride == 4)
    #expect(try engine(["--strategy", "zero3", "--secondary-degree", "4"]).levels.secondary == 4)
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
