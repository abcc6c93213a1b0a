import Checkpoint
import struct Graph.ForwardSettings
import struct Graph.LowRankAdapters
import Strategy
import Testing
import TrainingStep
import Units

/// What parallel layouts change in one GPU's memory.
@Suite("Layouts of an estimate")
struct EstimateLayoutTests {
  typealias Figures = [Phase: ByteCount]

  static let workload = Workload(
    forward: ForwardSettings(batchSize: 4, sequenceLength: 512, precision: .fp32, loop: .plain))

  static func gpt2() throws -> Estimator { try #require(SampleModels.estimators["gpt2"]) }

  static func ddp(_ ranks: Int = 8, bucketView: Bool = false) -> Layout {
    var layout = Layout(.ddp, ParallelDegrees(data: ranks))
    layout.engine.usesBucketView = bucketView
    return layout
  }

  // MARK: - Replicas

  /// GPT-2 has 124,439,808 parameters: DDP's buckets are one more copy of their gradients in fp32, 497,759,232 bytes.
  /// The phases of the run with buckets are as traced with torch's DDP over eight ranks (as in Tests/Truth); without,
  /// as in the row of the table.
  @Test func bucketsAreOneMoreCopyOfTheGradients() throws {
    let single = try Self.gpt2().estimate(Self.workload)
    let replica = try Self.gpt2().estimate(Self.workload, layout: Self.ddp())
    for (phase, traced) in [Phase.forward: 4_981_954_048, .backward: 5_393_626_112, .optimizer: 2_986_588_672] {
      let bytes = try #require(replica.phases[phase])
      #expect(bytes == ByteCount(traced))
      #expect(try bytes - #require(single.phases[phase]) == ByteCount(497_759_232))
    }
    #expect(replica.peak - single.peak == ByteCount(497_759_232))
    #expect(replica.resident - single.resident == ByteCount(497_759_232))
    #expect(replica.atPeak[.communication] == ByteCount(497_759_232))
    #expect(replica.phase == .backward)
    // How many ranks there are does not matter.
    #expect(try Self.gpt2().estimate(Self.workload, layout: Self.ddp(2)).phases == replica.phases)
  }

  /// With `gradient_as_bucket_view` the buckets are the gradients' only place: they are there in the forward pass
  /// already, and the update takes what it takes on one GPU.
  @Test func gradientsInBuckets() throws {
    let estimator = try Self.gpt2()
    let single = try estimator.estimate(Self.workload)
    let replica = try estimator.estimate(Self.workload, layout: Self.ddp(bucketView: true))
    #expect(replica.phases[.forward] == ByteCount(4_981_954_048))
    #expect(replica.phases[.optimizer] == single.phases[.optimizer])
    #expect(replica.atPeak[.gradients] == ByteCount(497_759_232))
    #expect(replica.atPeak[.communication] == nil)
  }

  /// Llama-3.2-1B under autocast and DDP with `gradient_as_bucket_view`, as traced with torch's DDP over two ranks.
  @Test func tracedBuckets() throws {
    let workload = Workload(
      forward: ForwardSettings(batchSize: 2, sequenceLength: 512, precision: .bf16Mixed, loop: .plain))
    let estimate = try Self.llama1B.estimator.estimate(workload, layout: Self.ddp(2, bucketView: true))
    for (phase, traced) in Self.llama1BPhases {
      let bytes = try #require(estimate.phases[phase])
      #expect(abs(Double(bytes.bytes) / Double(traced) - 1) <= 0.005, "\(phase): \(bytes.bytes), traced \(traced)")
    }
  }

  /// Only what trains is reduced. All layers frozen: 50,257 * 768 + 1,024 * 768 + 2 * 768 = 39,385,344 parameters of 4
  /// bytes. Adapters of rank 16 on the fused projections: 12 * (16 * 768 + 2,304 * 16) = 589,824 of 4 bytes.
  @Test func bucketsOfWhatTrains() throws {
    let estimator = try Self.gpt2()
    var frozen = Self.workload
    frozen.forward.frozen = ["*h.*"]
    var adapted = Self.workload
    adapted.forward.adapters = LowRankAdapters(rank: 16, targets: .names(["c_attn"]))
    for (workload, bytes) in [(frozen, 157_541_376), (adapted, 2_359_296)] {
      let single = try estimator.estimate(workload)
      let replica = try estimator.estimate(workload, layout: Self.ddp())
      #expect(replica.peak - single.peak == ByteCount(bytes))
      #expect(replica.resident - single.resident == ByteCount(bytes))
    }
  }

  // MARK: - Gemini

  /// A GPT-2 of two layers of 256 features: 1,000 words and 64 positions.
  ///
  ///     wte 256,000   wpe 16,384   ln_f 512
  ///     a layer: norms 4 * 256, c_attn 256 * 768 + 768, c_proj 256 * 256 + 256, c_fc 256 * 1,024 + 1,024,
  ///              c_proj 1,024 * 256 + 256 = 789,760, twice 1,579,520                        T = 1,852,416
  static let small = Sketch(
    "gpt2", layers: 2,
    [
      "model_type": .string("gpt2"), "n_embd": .integer(256), "n_layer": .integer(2), "n_head": .integer(4),
      "n_positions": .integer(64), "vocab_size": .integer(1000), "architectures": .array([.string("GPT2LMHeadModel")]),
    ],
    """
    transformer.wte 1000x256
    transformer.wpe 64x256
    transformer.h.#.ln_1 256 +
    transformer.h.#.attn.c_attn 256x768 + T
    transformer.h.#.attn.c_proj 256x256 + T
    transformer.h.#.ln_2 256 +
    transformer.h.#.mlp.c_fc 256x1024 + T
    transformer.h.#.mlp.c_proj 1024x256 + T
    transformer.ln_f 256 +
    """)

  /// All of it fits the smallest chunk, 2^25 = 33,554,432 elements. In 16 bits and whole: 67,108,864 bytes, of which
  /// 2 * T are parameters. Over four ranks a share is 8,388,608 elements: 4 bytes of master weights and 8 of states
  /// make 100,663,296. Gradients reuse the chunks.
  @Test func chunksByHand() throws {
    let estimator = Self.small.estimator
    var workload = Self.workload
    workload.forward.sequenceLength = 64
    let gemini = try estimator.estimate(workload, layout: Layout(.gemini, ParallelDegrees(data: 4)))
    #expect(gemini.atPeak[.parameters] == ByteCount(67_108_864))
    #expect(gemini.atPeak[.optimizerStates] == ByteCount(100_663_296))
    #expect(gemini.atPeak[.gradients] == nil)
    #expect(gemini.resident == ByteCount(67_108_864 + 100_663_296))
    // The update: besides that, two batches of 4 * 64 * 8 = 2,048 bytes, and the loss.
    #expect(gemini.phases[.optimizer] == ByteCount(67_108_864 + 100_663_296 + 2 * 2048 + 512))
    // The forward pass is that of fp16 on one GPU, above other holdings.
    workload.forward.precision = .fp16
    workload.optimizer = .sgd
    let single = try estimator.estimate(workload)
    #expect(single.resident == ByteCount(2 * 1_852_416))
    let above = try #require(single.phases[.forward]) - single.resident
    #expect(gemini.phases[.forward] == gemini.resident + above)
  }

  /// Gemini keeps its own fp32 copies, so what is asked for in fp32 or under autocast runs in 16 bits.
  @Test func geminiRunsInSixteenBits() throws {
    func peak(_ precision: ForwardSettings.Precision) throws -> ByteCount {
      var workload = Self.workload
      workload.forward.sequenceLength = 64
      workload.forward.precision = precision
      return try Self.small.estimator.estimate(workload, layout: Layout(.gemini, ParallelDegrees(data: 2))).peak
    }
    #expect(try peak(.fp32) == peak(.fp16))
    #expect(try peak(.fp16Mixed) == peak(.fp16))
    #expect(try peak(.bf16Mixed) == peak(.bf16))
  }

  /// DP+TP: each of two tensor ranks holds a smaller model in a chunk of the same size, and shares its states with one
  /// other: 12 bytes * 16,777,216. The two halves of c_attn's bias, 384 * 2 = 768 bytes, are rounded up by 256 each.
  @Test func tensorAndData() throws {
    var workload = Self.workload
    workload.forward.sequenceLength = 64
    let estimate = try Self.small.estimator.estimate(workload, layout: .colossalAI(data: 2, tensor: 2))
    #expect(estimate.atPeak[.parameters] == ByteCount(67_108_864 + 2 * 256))
    #expect(estimate.atPeak[.optimizerStates] == ByteCount(201_326_592))
    #expect(estimate.assumptions.contains { $0.what == "sharding" })
  }

  // MARK: - Refusals

  /// ZeRO beside other parallelism, a pipeline of no stages, and what ZeRO-2 and DDP do not offload.
  @Test(arguments: [
    (StrategyKind.zero1, ParallelDegrees(data: 2, tensor: 2), Offload.none, "zero1"),
    (.zero3, ParallelDegrees(data: 2, pipeline: 2), .none, "zero3"),
    (.pp, ParallelDegrees(data: 2), .none, "pp"),
    (.zero2, ParallelDegrees(data: 2), .parameters, "--offload parameters"),
    (.ddp, ParallelDegrees(data: 2), .all, "--offload all"),
  ]) func unsupportedLayouts(_ strategy: StrategyKind, _ degrees: ParallelDegrees, offload: Offload, reason: String) {
    var workload = Self.workload
    workload.forward.sequenceLength = 64
    var layout = Layout(strategy, degrees)
    layout.engine.offload = offload
    let error = #expect(throws: EstimationError.self) {
      try Self.small.estimator.estimate(workload, layout: layout)
    }
    #expect(error?.reason.contains(reason) == true)
  }

  /// What fully_shard refuses, and what does not divide.
  @Test func refusedShards() {
    var workload = Self.workload
    workload.forward.sequenceLength = 64
    workload.optimizer = .adafactor
    func reason(_ workload: Workload, shardDegree: Int? = nil) -> String? {
      var layout = Layout(.fsdp, ParallelDegrees(data: 4))
      layout.engine.shardDegree = shardDegree
      do throws(EstimationError) {
        _ = try Self.small.estimator.estimate(workload, layout: layout)
        return nil
      } catch {
        return error.reason
      }
    }
    #expect(reason(workload) == "adafactor over parameters that FSDP shards is not simulated")
    workload.optimizer = .adamW
    #expect(reason(workload) == nil)
    #expect(reason(workload, shardDegree: 3) == "--shard-degree 3 does not divide the 4 ranks of fsdp")
  }

  /// Two ranks of four share each copy: shards are twice as large, and the sum over copies is taken in the gradient's
  /// own place, which the backward pass names to its end.
  @Test func twoLevels() throws {
    var workload = Self.workload
    workload.forward.sequenceLength = 64
    var layout = Layout(.fsdp, ParallelDegrees(data: 4))
    let flat = try Self.small.estimator.estimate(workload, layout: layout)
    layout.engine.shardDegree = 2
    let nested = try Self.small.estimator.estimate(workload, layout: layout)
    let pair = try Self.small.estimator.estimate(workload, layout: Layout(.fsdp, ParallelDegrees(data: 2)))
    #expect(nested.resident == pair.resident)
    #expect(nested.resident > flat.resident)
  }

  /// A model without a configuration gets heads of 64 features, and the estimate says that it took them for granted.
  @Test func assumedHeads() throws {
    var bare = Self.small
    bare.configuration = Configuration(file: "config.json", root: [:])
    var workload = Self.workload
    workload.forward.sequenceLength = 64
    let estimate = try bare.estimator.estimate(workload)
    #expect(estimate.assumptions.contains { $0.what == "attention heads" && $0.value == "4" })
    #expect(try !Self.small.estimator.estimate(workload).assumptions.contains { $0.what == "attention heads" })
  }
}

extension EstimateLayoutTests {
  static let llama1B = Sketch(
    "Llama-3.2-1B", layers: 16,
    [
      "model_type": .string("llama"), "architectures": .array([.string("LlamaForCausalLM")]),
      "hidden_size": .integer(2048), "num_hidden_layers": .integer(16), "num_attention_heads": .integer(32),
      "num_key_value_heads": .integer(8), "intermediate_size": .integer(8192), "vocab_size": .integer(128_256),
      "tie_word_embeddings": .boolean(true), "head_dim": .integer(64),
    ],
    """
    model.embed_tokens 128256x2048
    model.layers.#.input_layernorm 2048
    model.layers.#.self_attn.q_proj 2048x2048
    model.layers.#.self_attn.k_proj 512x2048
    model.layers.#.self_attn.v_proj 512x2048
    model.layers.#.self_attn.o_proj 2048x2048
    model.layers.#.post_attention_layernorm 2048
    model.layers.#.mlp.gate_proj 8192x2048
    model.layers.#.mlp.up_proj 8192x2048
    model.layers.#.mlp.down_proj 2048x8192
    model.norm 2048
    """)
  static let llama1BPhases: [Phase: Int] = [
    .forward: 25_703_700_992, .backward: 25_957_963_776, .optimizer: 24_716_305_920,
  ]
}
