import Checkpoint
import struct Graph.ForwardSettings
import Testing
import TrainingStep
import Units

@testable import Strategy

/// The strategies of the literature against what their papers and their authors' runs say.
@Suite("Strategies of the literature")
struct LiteratureTests {
  /// GPT-3 of a size.
  static func gpt(_ name: String, layers: Int, hidden: Int, heads: Int, words: Int = 50_257) -> Sketch {
    Sketch(
      name, layers: layers,
      [
        "model_type": .string("gpt2"), "architectures": .array([.string("GPT2LMHeadModel")]),
        "n_embd": .integer(hidden),
        "n_layer": .integer(layers), "n_head": .integer(heads), "n_positions": .integer(1024),
        "vocab_size": .integer(words),
      ],
      """
      transformer.wte \(words)x\(hidden)
      transformer.wpe 1024x\(hidden)
      transformer.h.#.ln_1 \(hidden) +
      transformer.h.#.attn.c_attn \(hidden)x\(3 * hidden) + T
      transformer.h.#.attn.c_proj \(hidden)x\(hidden) + T
      transformer.h.#.ln_2 \(hidden) +
      transformer.h.#.mlp.c_fc \(hidden)x\(4 * hidden) + T
      transformer.h.#.mlp.c_proj \(4 * hidden)x\(hidden) + T
      transformer.ln_f \(hidden) +
      """)
  }

  /// Llama-2's layers, with heads of 128.
  static func llama(_ name: String, layers: Int, hidden: Int, intermediate: Int) -> Sketch {
    Sketch(
      name, layers: layers,
      [
        "model_type": .string("llama"), "architectures": .array([.string("LlamaForCausalLM")]),
        "hidden_size": .integer(hidden), "num_hidden_layers": .integer(layers),
        "num_attention_heads": .integer(hidden / 128), "num_key_value_heads": .integer(hidden / 128),
        "intermediate_size": .integer(intermediate), "vocab_size": .integer(32_000),
        "tie_word_embeddings": .boolean(false),
      ],
      """
      model.embed_tokens 32000x\(hidden)
      model.layers.#.input_layernorm \(hidden)
      model.layers.#.self_attn.q_proj \(hidden)x\(hidden)
      model.layers.#.self_attn.k_proj \(hidden)x\(hidden)
      model.layers.#.self_attn.v_proj \(hidden)x\(hidden)
      model.layers.#.self_attn.o_proj \(hidden)x\(hidden)
      model.layers.#.post_attention_layernorm \(hidden)
      model.layers.#.mlp.gate_proj \(intermediate)x\(hidden)
      model.layers.#.mlp.up_proj \(intermediate)x\(hidden)
      model.layers.#.mlp.down_proj \(hidden)x\(intermediate)
      model.norm \(hidden)
      lm_head 32000x\(hidden)
      """)
  }

  static let gpt13B = gpt("gpt-13b", layers: 40, hidden: 5120, heads: 40)
  static let llama13B = llama("llama-13b", layers: 40, hidden: 5120, intermediate: 13_824)
  static let llama20B = llama("llama-20b", layers: 40, hidden: 5120, intermediate: 20_480)

  static func workload(batch: Int = 1, tokens: Int = 2048) -> Workload {
    Workload(
      forward: ForwardSettings(batchSize: batch, sequenceLength: tokens, precision: .bf16),
      checkpointing: .nonReentrant)
  }

  static func cluster(_ gpu: String, gpus: Int, nodes: Int = 1, drives: Int = 1) throws -> Cluster {
    var cluster = try StepTimeTests.cluster(gpu, gpus: gpus, nodes: nodes, between: nodes > 1 ? "infiniband:200" : nil)
    cluster.drives = drives
    return cluster
  }

  static func model(
    _ sketch: Sketch, _ strategy: StrategyKind, _ workload: Workload, _ cluster: Cluster,
    _ change: (inout Layout) -> Void = { _ in }
  ) throws -> StepTimeModel {
    var layout = Layout(strategy, ParallelDegrees(data: cluster.gpus ?? 1)).resolved(gpusPerNode: cluster.gpusPerNode)
    change(&layout)
    return StepTimeModel(
      work: try sketch.estimator.work(workload, layout), workload: workload, layout: layout, cluster: cluster,
      roofline: Roofline(try #require(cluster.gpu)))
  }

  // MARK: - Deep Optimizer States

  /// Updates of the authors' logs (mauryaavinash95/deep-optimizer-states-results), seconds: 13B on four A100, 3.78 by ZeRO-3
  /// with states in host memory and 2.61 in turns of two; 20B on four H100, 2.27 and 1.29. The first is met to 10 %. Turns
  /// gain 1.45 and 1.76 there, and up to 2.2 here, where the CPU is taken to share its memory with nobody.
  @Test func updatesInTurns() throws {
    let rows = [(Self.llama13B, "a100-80gb", 3.78 / 2.61), (Self.llama20B, "h100-80gb", 2.27 / 1.29)]
    for (sketch, gpu, measured) in rows {
      let cluster = try Self.cluster(gpu, gpus: 4)
      let whole = try Self.model(sketch, .zero3, Self.workload(), cluster) { $0.engine.offload = .optimizer }
      let turns = try Self.model(sketch, .deepOptimizerStates, Self.workload(), cluster)
      let gain = whole.updateTimes().computed / turns.updateTimes().computed
      #expect(gain > measured && gain < 2.2, "\(gain)")
      if gpu == "a100-80gb" { #expect(abs(whole.updateTimes().computed / 3.78 - 1) < 0.1) }
    }
    // Longer turns leave more to the CPU.
    let slower = try Self.model(
      Self.llama13B, .deepOptimizerStates, Self.workload(), Self.cluster("a100-80gb", gpus: 4)
    ) {
      $0.engine.updateStride = 8
    }
    let faster = try Self.model(
      Self.llama13B, .deepOptimizerStates, Self.workload(), Self.cluster("a100-80gb", gpus: 4))
    #expect(slower.updateTimes().computed > 1.5 * faster.updateTimes().computed)
  }

  // MARK: - Fuyou

  /// GPT-3 with 175B parameters on an RTX 4090, 1,024 tokens a sequence: batches of 8 and 16 run, 32 does not fit
  /// (Crispig/Ratel, evaluation_data.md).
  @Test(arguments: [(16, true), (32, false)]) func largestModelOnOneGPU(batch: Int, fits: Bool) throws {
    let gpu = try GPU.named("rtx-4090")
    var estimator = Self.gpt("gpt-175b", layers: 96, hidden: 12_288, heads: 96).estimator
    estimator.device = Device(gpu: gpu, memory: gpu.usableMemory, ranks: 1)
    let layout = Layout(.fuyou, ParallelDegrees()).resolved(gpusPerNode: 1)
    let estimate = try estimator.estimate(Self.workload(batch: batch, tokens: 1024), layout: layout)
    #expect(estimate.device?.fits == fits)
    // Two bytes of a parameter and twelve of its states, and what 96 checkpoints keep.
    let states = 14 * 174_604_996_608 + 96 * batch * 1024 * 12_288 * 2
    #expect(abs(Double(estimate.outside.disk.bytes) / Double(states) - 1) < 0.01)
    #expect(estimate.outside.host < ByteCount(768_000_000_000))
  }

  /// TFLOP/s of 13B on an RTX 4090 with one and two drives, where those decide (the same table): recomputation is counted.
  @Test(arguments: [(1, 32, 37.5), (1, 64, 70.3), (2, 32, 64.3), (2, 64, 111.7)])
  func drivesDecide(drives: Int, batch: Int, measured: Double) throws {
    let workload = Self.workload(batch: batch, tokens: 1024)
    let model = try Self.model(Self.gpt13B, .fuyou, workload, Self.cluster("rtx-4090", gpus: 1, drives: drives))
    let operations = model.work.sum { $0.forward.operations + $0.backward.operations + $0.recomputed.operations }
    #expect(abs(operations / model.time().seconds / 1e12 / measured - 1) < 0.1)
  }

  @Test(arguments: [
    (Checkpointing.none, 1, "(--checkpointing non-reentrant)"), (.nonReentrant, 2, "leaves nothing to accumulate"),
  ])
  func fuyouRefuses(_ checkpointing: Checkpointing, accumulation: Int, words: String) {
    var workload = Self.workload(tokens: 64)
    workload.checkpointing = checkpointing
    workload.accumulation = accumulation
    let layout = Layout(.fuyou, ParallelDegrees()).resolved(gpusPerNode: 1)
    let error = #expect(throws: EstimationError.self) {
      try EstimateTensorParallelTests.llama().estimator.estimate(workload, layout: layout)
    }
    #expect(error?.reason.contains(words) == true)
  }

  // MARK: - ZeRO++ and three levels

  /// ZeRO gathers every parameter twice and sends every gradient once, all between nodes: three times the model. ZeRO++
  /// gathers half of it once, and sends a quarter (arXiv 2306.10209, table 1).
  @Test func volumeBetweenNodes() throws {
    let cluster = try Self.cluster("a100-80gb", gpus: 64, nodes: 8)
    let model = 2 * 13_015_864_320.0 * 7 / 8
    let volumes = try [StrategyKind.zero3, .zeroPlusPlus].map {
      try Self.model(Self.llama13B, $0, Self.workload(), cluster).bytesIntoNode
    }
    #expect(abs(volumes[0] / model - 3) < 1e-9)
    #expect(abs(volumes[1] / model - 0.75) < 1e-9)
    let copy = try Self.model(Self.llama13B, .zero3, Self.workload(), cluster) { $0.engine.levels.secondary = 8 }
    #expect(abs(copy.bytesIntoNode / model - 2) < 1e-9)
  }

  /// The small Llama of ``EstimateTensorParallelTests``, 5,483,008 numbers in bf16 over 16 ranks in two nodes: parts of two
  /// bytes over two, gradients of two bytes over eight, copy and moments of four bytes over 16. Every extent divides.
  @Test func bytesOfThreeLevels() throws {
    let layout = Layout(.zeroTopology, ParallelDegrees(data: 16)).resolved(gpusPerNode: 8)
    let timeline = try EstimateTensorParallelTests.llama().estimator.timeline(Self.workload(tokens: 64), layout: layout)
    func held(_ cause: String) -> Int {
      timeline.allocations.filter { $0.cause == cause && $0.step == 0 }.reduce(0) { $0 + $1.bytes.bytes }
    }
    func rounded(_ bytes: Int) -> Int { (bytes + 511) / 512 * 512 }
    let elements = 5_483_008
    #expect(held("defragment") == rounded(elements / 2 * 2))
    #expect(held("grad_partitions") == rounded(elements / 8 * 2))
    #expect(held("clone") == rounded(elements / 16 * 4))
  }

  /// On Frontier, GPT with 20B parameters over 48 nodes, 16 micro-steps: ZeRO sends three times the model in each, ZeRO++ three
  /// quarters of it; with three levels nodes sum their gradients, twice the model, and share what is updated, once, at the
  /// end (arXiv 2501.04266).
  @Test func frontier() throws {
    let cluster = try StepTimeTests.cluster("mi250x", gpus: 384, nodes: 48, between: "slingshot:200")
    let gpt = Self.gpt("gpt-20b", layers: 44, hidden: 6144, heads: 64)
    var workload = Self.workload(tokens: 1024)
    workload.accumulation = 16
    let rows: [(StrategyKind, Double)] = [(.zero3, 48), (.zeroPlusPlus, 12), (.zeroTopology, 3)]
    for (strategy, times) in rows {
      let model = try Self.model(gpt, strategy, workload, cluster)
      let share = model.bytesIntoNode / (model.work.sum(\.gradientBytes) * 47 / 48)
      #expect(abs(share - times) < 1e-9, "\(strategy) \(share)")
    }
    // Where every micro-step waits for the network, fewer bytes are less time.
    workload.forward.sequenceLength = 128
    let seconds = try rows.map { try Self.model(gpt, $0.0, workload, cluster).time().seconds }
    #expect(seconds[0] > seconds[1] && seconds[1] > seconds[2], "\(seconds)")
  }

  @Test func levelsThatDoNotDivide() {
    func reason(_ kind: StrategyKind, _ change: (inout ZeroLevels) -> Void) -> String? {
      var layout = Layout(kind, ParallelDegrees(data: 16)).resolved(gpusPerNode: 8)
      change(&layout.engine.levels)
      let error = #expect(throws: EstimationError.self) {
        try EstimateTensorParallelTests.llama().estimator.estimate(Self.workload(tokens: 64), layout: layout)
      }
      return error?.reason
    }
    #expect(reason(.zeroPlusPlus) { $0.secondary = 3 } == "--secondary-degree 3 does not divide the 16 ranks")
    #expect(reason(.zeroPlusPlus) { $0.secondary = 16 }?.contains("is the first one") == true)
    #expect(reason(.zeroTopology) { $0.gradients = 1 }?.contains("not whole shards") == true)
    #expect(reason(.zero2) { $0.secondary = 8 }?.hasPrefix("zero2 has neither levels") == true)
  }

  // MARK: - Holmes

  /// Two nodes with InfiniBand and two with RoCE: replicas within each, and stages across, come nearer to InfiniBand alone
  /// than to Ethernet, which is what replicas across both come to (arXiv 2312.03549).
  @Test func clustersWithAdaptersOfTheirOwn() throws {
    func cluster(_ text: String, between: String? = nil) throws -> Cluster {
      var result = try StepTimeTests.cluster("a100-80gb", gpus: 32, nodes: 4)
      let links = try NodeLinks(parsing: text)
      result.betweenNodes = links.islands[0].link
      result.islands =
        links.islands.count == 1
        ? [] : zip(links.islands, try #require(links.split(4))).map { Cluster.Island(nodes: $1, link: $0.link) }
      result.betweenIslands = try between.map { try Interconnect(parsing: $0) }
      return result
    }
    let mixed = try cluster("infiniband:200,roce:200", between: "ethernet:25")
    #expect(mixed.network(ofGroups: 16)?.name == "infiniband")
    #expect(mixed.network(ofGroups: 32)?.name == "ethernet")
    #expect(try cluster("3xinfiniband:200,1xroce:100").network(ofGroups: 8)?.name == "roce")
    #expect(try cluster("3xinfiniband:200,1xroce:100").network(ofGroups: 16)?.name == "ethernet")
    #expect(try cluster("infiniband:200,infiniband:400").network(ofGroups: 32)?.bandwidth == 200e9 / 8 * 0.74)

    var workload = Self.workload(batch: 4, tokens: 1024)
    workload.accumulation = 8
    let gpt = Self.gpt("gpt-3.6b", layers: 30, hidden: 3072, heads: 32)
    func seconds(_ cluster: Cluster, _ layout: Layout) throws -> Double {
      try StepTimeTests.time(gpt.estimator, workload, cluster, layout).seconds
    }
    let stages = Layout(.pp, ParallelDegrees(data: 16, pipeline: 2))
    let replicas = Layout(.ddp, ParallelDegrees(data: 32))
    let (alike, ethernet) = (try cluster("infiniband:200"), try cluster("ethernet:25"))
    let times = try [alike, mixed, ethernet].map { try seconds($0, stages) }
    #expect(times[0] <= times[1] && times[1] < times[2], "\(times)")
    #expect(times[1] - times[0] < 0.6 * (times[2] - times[0]), "\(times)")
    #expect(try seconds(mixed, replicas) == seconds(ethernet, replicas))
  }

  @Test(arguments: ["infiniband:200,nvlink", "0xroce:100,ethernet:25", "infiniband:200,", "roce:100,string"])
  func noClusters(_ text: String) {
    #expect(throws: HardwareError.self) { try NodeLinks(parsing: text) }
  }

  // MARK: - AMD

  /// A node of Frontier: dies of a module have 200 GB/s, others 100; four adapters of 25 GB/s, of which each die has a half;
  /// 36 GB/s to the host. MI300X: a link of 64 GB/s to each of seven others.
  @Test func nodesOfAMD() throws {
    let frontier = try StepTimeTests.cluster("mi250x", gpus: 16, nodes: 2, between: "slingshot:200")
    #expect(frontier.link(within: 2)?.bandwidth == 200e9 * 0.7)
    #expect(frontier.link(within: 8)?.bandwidth == 100e9 * 0.7)
    #expect(frontier.network?.bandwidth == 12.5e9 * 0.74)
    #expect(frontier.hostBandwidth == 36e9 * 0.87)
    let mesh = try StepTimeTests.cluster("mi300x", gpus: 8)
    let reached = try [2, 4, 8].map { try #require(mesh.link(within: $0)).bandwidth / 0.7 / 64e9 }
    for (reached, links) in zip(reached, [1.0, 3, 7]) { #expect(abs(reached - links) < 1e-9) }
  }

  /// ROCm's products take room of their own while they run.
  @Test func workspacesOfAMD() throws {
    var estimator = EstimateTensorParallelTests.llama().estimator
    let gpu = try GPU.named("mi300x")
    estimator.device = Device(gpu: gpu, memory: gpu.usableMemory, ranks: 1)
    let estimate = try estimator.estimate(Self.workload(tokens: 64))
    #expect(estimate.atPeak[.workspaces] == .mebibytes(2 * 128 + 76))
    #expect(estimate.assumptions.contains { $0.what == "hipBLASLt workspace" && $0.value == "76.00 MiB" })
  }
}
