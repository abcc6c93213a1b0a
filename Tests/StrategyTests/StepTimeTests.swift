import Checkpoint
import struct Graph.ForwardSettings
import struct Graph.LowRankAdapters
import Strategy
import Testing
import TrainingStep
import Units

/// How long a step takes: numbers worked by hand, and what must be slower than what.
@Suite("Time of a step")
struct StepTimeTests {
  static func workload(batch: Int = 2, tokens: Int = 1024) -> Workload {
    Workload(forward: ForwardSettings(batchSize: batch, sequenceLength: tokens, precision: .bf16, attention: .flash))
  }

  static func model(_ name: String) throws -> Estimator { try #require(SampleModels.estimators[name]) }

  static func cluster(_ gpu: String, gpus: Int = 1, nodes: Int = 1, between: String? = nil) throws -> Cluster {
    let row = try GPU.named(gpu)
    return try Cluster(
      gpu: row, memory: row.usableMemory, nodes: nodes, gpusPerNode: gpus / nodes,
      betweenNodes: between.map { try Interconnect(parsing: $0) })
  }

  static func time(
    _ model: Estimator, _ workload: Workload, _ cluster: Cluster, _ layout: Layout = Layout(.single, ParallelDegrees())
  ) throws -> StepTime {
    let times = SimulatedStepTimes(estimator: model, workload: workload, cluster: cluster)
    return try #require(try times.time(of: layout))
  }

  // MARK: - Work

  /// Llama-3-8B: 32 layers of 2·4096² + 2·4096·1024 + 3·4096·14336 and a head of 128256·4096 multiply each token, three
  /// times a step. Causal attention takes 2·S²·4096 a layer forward and two and a half times that backward.
  @Test func sixTimesParametersTimesTokens() throws {
    let workload = Self.workload(batch: 1, tokens: 2048)
    let work = try Self.model("Llama-3-8B").work(workload, Layout(.single, ParallelDegrees()))
    let layer: Int = 2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14_336
    let products: Int = 32 * layer + 128_256 * 4096
    let attention: Int = 32 * 7 * 2048 * 2048 * 4096
    let expected = Double(6 * products * 2048 + attention)
    #expect(abs(work.modelOperations / expected - 1) < 1e-12)
  }

  /// Under LoRA the frozen weights get no gradient: two thirds of the products, and the adapters'.
  @Test func frozenWeightsGetNoGradient() throws {
    var tuned = Self.workload()
    tuned.forward.adapters = LowRankAdapters(rank: 8, targets: .names(["q_proj", "v_proj"]))
    let layout = Layout(.single, ParallelDegrees())
    let full = try Self.model("Llama-3-8B").work(Self.workload(), layout).modelOperations
    let part = try Self.model("Llama-3-8B").work(tuned, layout).modelOperations
    #expect(part / full > 0.64 && part / full < 0.70)
  }

  // MARK: - Products

  /// Shapes measured on an A100 PCIe (SimuMax, configs/system/a100_pcie.json), as a share of 312 TFLOP/s.
  @Test(arguments: [
    (4096, 4096, 4096, 0.721), (4096, 6144, 4096, 0.717), (4096, 4096, 1024, 0.616), (24640, 3072, 5120, 0.741),
    (4096, 4096, 14336, 0.738), (4096, 2048, 4096, 0.682), (4096, 5120, 16384, 0.749),
  ])
  func productsReachWhatWasMeasured(m: Int, n: Int, k: Int, share: Double) throws {
    let gpu = try GPU.named("a100-pcie-80gb")
    let kernel = Kernel.product(m: m, n: n, k: k, .bfloat16)
    // What the PCIe card reaches of its rate, where the table has the SXM card's.
    let rate = kernel.operations / Roofline(gpu).seconds(kernel)
    let reached = rate / gpu.rates.fp16 * (0.78 / 0.835)
    #expect(abs(reached / share - 1) < 0.15, "\(reached)")
  }

  @Test func smallProductsWaitForMemory() throws {
    let roofline = Roofline(try GPU.named("a100-80gb"))
    let thin = Kernel.product(m: 16_384, n: 16, k: 4096, .bfloat16)
    let seconds = thin.bytes / (2039e9 * 0.82)
    #expect(roofline.seconds(thin) >= seconds && roofline.seconds(thin) < 1.6 * seconds)
  }

  // MARK: - Collectives

  /// A ring of k ranks sends 2·(k - 1)/k of the bytes, in 2·(k - 1) steps.
  @Test(arguments: [2, 4, 8])
  func ringAllReduce(ranks: Int) {
    let link = Link(name: "", bandwidth: 1e9, ringLatency: 1e-6, treeLatency: 1, source: "")
    let steps = Double(ranks - 1)
    let latency: Double = 2 * steps * 1e-6
    let sent: Double = 2 * steps / Double(ranks) * 5
    let expected = Link.base + latency + sent
    #expect(abs(link.seconds(.allReduce, bytes: 5e9, ranks: ranks) / expected - 1) < 1e-12)
    let half = link.seconds(.allGather, bytes: 5e9, ranks: ranks)
    #expect(abs((2 * half - Link.base) / expected - 1) < 1e-12)
    #expect(link.seconds(.reduceScatter, bytes: 5e9, ranks: ranks) == half)
  }

  /// Few bytes go through a tree where its steps are fewer.
  @Test func treesAreShallow() {
    let link = Link(name: "", bandwidth: 1e9, ringLatency: 1e-5, treeLatency: 1e-5, source: "")
    let seconds = link.seconds(.allReduce, bytes: 1, ranks: 64)
    #expect(abs(seconds - Link.base - 12e-5) < 1e-7)
    #expect(link.seconds(.allReduce, bytes: 0, ranks: 64) == 0)
    #expect(link.seconds(.allReduce, bytes: 1, ranks: 1) == 0)
  }

  // MARK: - Strategies

  /// Four stages and eight micro-batches: three eighths of the work are waited for; half of that where each rank has two
  /// smaller stages.
  @Test func bubbles() throws {
    // Adapters, so that gradients that are added up take no time beside the rest.
    var workload = Self.workload()
    workload.forward.adapters = LowRankAdapters(rank: 8, targets: .names(["q_proj", "v_proj"]))
    workload.accumulation = 8
    let cluster = try Self.cluster("a100-80gb", gpus: 4)
    var layout = Layout(.pp, ParallelDegrees(pipeline: 4))
    for (schedule, share) in [(PipelineSchedule.oneForwardOneBackward, 3.0 / 8), (.interleaved, 1.5 / 8)] {
      layout.engine.schedule = schedule
      let time = try Self.time(Self.model("Llama-3-8B"), workload, cluster, layout)
      let parts = Dictionary(uniqueKeysWithValues: time.parts.map { ($0.name, $0.seconds) })
      let busy = try #require(parts["forward"]) + #require(parts["backward"])
      #expect(abs(try #require(parts["bubble"]) / busy - share) < 0.01)
    }
  }

  /// Every strategy has a time, whether or not its memory is simulated.
  @Test func everyStrategyTakesLongerThanAnEvenShare() throws {
    let model = try Self.model("Llama-3-8B")
    let alone = try Self.time(model, Self.workload(), Self.cluster("a100-80gb")).seconds
    let cluster = try Self.cluster("a100-80gb", gpus: 8)
    for strategy in StrategyKind.allCases where strategy != .single && strategy.variant?.offload == nil {
      let degrees: ParallelDegrees =
        switch strategy {
        case .tp: ParallelDegrees(tensor: 8)
        case .pp: ParallelDegrees(pipeline: 8)
        default: ParallelDegrees(data: 8)
        }
      let time = try Self.time(model, Self.workload(), cluster, Layout(strategy, degrees))
      #expect(time.mfu > 0.02 && time.mfu < 0.8, "\(strategy)")
      if degrees.data == 8 {
        // Sharded updates save what the optimizer takes alone.
        #expect(time.seconds > 0.75 * alone && time.seconds < 2 * alone, "\(strategy) \(time.seconds) \(alone)")
      } else {
        #expect(time.seconds > alone / 8, "\(strategy)")
      }
    }
  }

  @Test func slowLinksShow() throws {
    let layout = Layout(.fsdp, ParallelDegrees(data: 16))
    let model = try Self.model("Llama-3-8B")
    let seconds = try ["infiniband:400", "ethernet:100", "ethernet:10"].map { link in
      try Self.time(
        model, Self.workload(), Self.cluster("h100-80gb", gpus: 16, nodes: 2, between: link), layout
      ).seconds
    }
    #expect(seconds[0] < seconds[1] && seconds[1] < seconds[2])
    #expect(seconds[2] > 5 * seconds[0])
  }

  /// The paper's table: four V100 fine-tune OPT-1.3b fastest as sharded replicas, then two by two, then all on each
  /// matrix (arXiv 2404.10933).
  @Test func methodsRankAsMeasuredByLLMem() throws {
    var workload = Workload(
      forward: ForwardSettings(batchSize: 4, sequenceLength: 512, precision: .fp16), checkpointing: .reentrant)
    workload.forward.isCheckpointed = true
    let cluster = try Self.cluster("v100-16gb", gpus: 4)
    var engine = EngineSettings()
    engine.tensorParallelism = .colossalAI
    let layouts = [
      Layout(.gemini, ParallelDegrees(data: 4)), Layout(.tp, ParallelDegrees(data: 2, tensor: 2), engine: engine),
      Layout(.tp, ParallelDegrees(tensor: 4), engine: engine),
    ]
    let speeds = try layouts.map { layout in
      try #require(try Self.time(Self.model("opt-1.3b"), workload, cluster, layout).tokensPerSecond)
    }
    #expect(speeds[0] > speeds[1] && speeds[1] > speeds[2], "\(speeds)")
  }

  // MARK: - Settings

  /// Each change makes a step of Llama-3-8B on an A100 longer.
  @Test(arguments: ["checkpointing", "eager", "math", "nf4", "rank", "loop", "chunked", "accumulation"])
  func slower(change: String) throws {
    let model = try Self.model("Llama-3-8B")
    var base = Self.workload()
    var changed = base
    let tuned = LowRankAdapters(rank: 8, targets: .names(["q_proj", "v_proj"]))
    switch change {
    case "checkpointing": changed.checkpointing = .nonReentrant
    case "eager": changed.forward.attention = .eager
    case "math": changed.forward.attention = .math
    case "nf4":
      base.forward.adapters = tuned
      changed = base
      changed.forward.quantization = .nf4
    case "rank":
      base.forward.adapters = tuned
      changed.forward.adapters = LowRankAdapters(rank: 64, targets: .allLinear)
    case "loop":
      base.optimizer = .adamWFused
      changed.optimizer = .adamWLoop
    case "chunked":
      base.forward.loss = .fused
      changed.forward.loss = .chunked
    default: changed.accumulation = 4
    }
    let cluster = try Self.cluster("a100-80gb")
    let (left, right) = (try Self.time(model, base, cluster), try Self.time(model, changed, cluster))
    #expect(left.seconds < right.seconds, "\(left.seconds) \(right.seconds)")
    if change == "accumulation" { #expect(right.seconds < 4 * left.seconds) }
    if change == "checkpointing" { #expect(right.mfu < left.mfu) }
  }

  /// A model of few layers waits for its host: twice the batch takes hardly longer.
  @Test func smallModelsWaitForTheHost() throws {
    let cluster = try Self.cluster("h100-80gb")
    let model = try Self.model("Qwen2.5-0.5B")
    let times = try [1, 2].map { try Self.time(model, Self.workload(batch: $0, tokens: 64), cluster) }
    #expect(times[0].host == times[0].seconds)
    #expect(times[1].seconds < 1.1 * times[0].seconds)
  }
}
