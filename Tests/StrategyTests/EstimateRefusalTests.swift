import Checkpoint
import Graph
import Strategy
import Testing
import TrainingStep
import Units

/// Models whose step is not known get no figure, and the reason says what about them is not.
@Suite("Models that cannot be estimated")
struct EstimateRefusalTests {
  static func reason(_ sketch: Sketch, batchSize: Int = 1, sequenceLength: Int = 16) -> String? {
    let workload = Workload(
      forward: ForwardSettings(
        batchSize: batchSize, sequenceLength: sequenceLength, precision: .fp32, loop: .plain))
    return #expect(throws: EstimationError.self) { try sketch.estimator.estimate(workload) }?.reason
  }

  /// The small Llama of ``EstimateTensorParallelTests`` with lines left out and others added.
  static func llama(without part: String? = nil, adding lines: String = "") -> Sketch {
    var sketch = EstimateTensorParallelTests.llama()
    if let part {
      sketch.modules = sketch.modules.split(separator: "\n").filter { !$0.contains(part) }.joined(separator: "\n")
    }
    sketch.modules += "\n\(lines)"
    return sketch
  }

  @Test func partsOfModels() {
    #expect(Self.reason(Self.llama(without: "embed_tokens"))?.contains("input embedding") == true)
    #expect(Self.reason(Self.llama(without: "mlp.down_proj"))?.contains("no attention and MLP") == true)
    #expect(Self.reason(Sketch("empty", layers: 0, [:], "")) != nil)
  }

  @Test func shapesThatDoNotFit() {
    let short = Self.llama(without: "o_proj", adding: "model.layers.#.self_attn.o_proj 512x256")
    #expect(Self.reason(short)?.contains("o_proj takes 256 features, and gets 512") == true)
    let norm = Self.llama(without: "model.norm", adding: "model.norm 511")
    #expect(Self.reason(norm)?.contains("normalise 512 features") == true)
    let unequal = EstimateTensorParallelTests.llama(heads: 6, keyValueHeads: 4)
    #expect(Self.reason(unequal) == "6 query heads cannot share 4 key/value heads")
  }

  @Test func sizesThatWouldOverflow() {
    #expect(Self.reason(Self.llama(), batchSize: 1 << 40)?.contains("2^46") == true)
  }

  /// Positions that are looked up end with their table; rotated ones are computed as they come.
  @Test func sequencesPastTheLastPosition() throws {
    #expect(
      Self.reason(.bert, sequenceLength: 513)
        == "a sequence of 513 tokens is longer than the 512 positions that the model has")
    #expect(Self.reason(.gptJ, sequenceLength: 2049)?.contains("2048 positions") == true)
    for (sketch, length) in [(Sketch.bert, 512), (.pythia, 2049)] {
      let workload = Workload(forward: ForwardSettings(batchSize: 1, sequenceLength: length, precision: .bf16))
      _ = try sketch.estimator.estimate(workload)
    }
  }

  @Test func expertsThatCannotRun() {
    #expect(
      Self.reason(Self.mixtral(["num_experts_per_tok": .integer(3)])) == "3 experts of 2 for each token make no sense")
    #expect(
      Self.reason(Self.mixtral(["output_router_logits": .boolean(true)]))?.contains("loss on the balance") == true)
  }

  /// A way to train that the model does not know, or that is not known of it.
  @Test func techniquesThatCannotRun() {
    func reason(_ sketch: Sketch, _ change: (inout Workload) -> Void) -> String? {
      var workload = Workload(forward: ForwardSettings(sequenceLength: 16, precision: .bf16))
      change(&workload)
      return #expect(throws: EstimationError.self) { try sketch.estimator.estimate(workload) }?.reason
    }
    func prefix(_ count: Int) -> Technique { Technique(.prefix(virtualTokens: count, isProjected: false)) }
    #expect(
      reason(Self.llama()) {
        $0.forward.technique = prefix(4)
        $0.checkpointing = .nonReentrant
      }?.contains("does not work with checkpointing") == true)
    var split = Workload(forward: ForwardSettings(sequenceLength: 16, precision: .bf16))
    split.forward.technique = prefix(4)
    #expect(throws: EstimationError.self) {
      try Self.llama().estimator.estimate(split, layout: Layout(.tp, ParallelDegrees(tensor: 2)))
    }
    #expect(reason(.falcon) { $0.forward.technique = prefix(4) }?.contains("a key for every query head") == true)
    #expect(reason(.bert) { $0.forward.technique = prefix(4) }?.contains("name the next token") == true)
    #expect(reason(.resnetTiny) { $0.forward.technique = prefix(4) }?.contains("reads images") == true)
    #expect(reason(Self.llama()) { $0.forward.technique = prefix(1 << 40) }?.contains("2^46") == true)
    for sketch in [Self.llama(), .convnextTiny, .bert] {
      #expect(
        reason(sketch) { $0.forward.technique = Technique(.tunedConvolutions) }
          == "Tune mode is there for convolutions that a norm over the batch follows")
    }
    let square = LowRankAdapters(.lamda, rank: 4, targets: .names(["embed_tokens"]))
    #expect(reason(Self.llama()) { $0.forward.adapters = square }?.contains("no embedding or head") == true)
    let everywhere = LowRankAdapters(.lamda, rank: 4, targets: .allLinear)
    #expect(reason(Self.mixtral()) { $0.forward.adapters = everywhere }?.contains("pairs of matrices alone") == true)
    #expect(
      reason(Self.llama()) {
        $0.forward.adapters = everywhere
        $0.forward.quantization = .int8
      } == "LaMDA over quantised weights is not simulated yet")
  }

  /// Which routing is modelled is said, and what the worst would add.
  @Test func routingIsSaid() throws {
    let workload = Workload(forward: ForwardSettings(batchSize: 1, sequenceLength: 8, precision: .bf16))
    let assumptions = try Self.mixtral().estimator.estimate(workload).assumptions
    #expect(
      assumptions.filter { $0.what == "routing of experts" }.map(\.value) == [
        "any; the worst adds 0 B to an even one"
      ])
  }

  /// Quantised experts run one by one, and what stacks of them would take is said, beside the worst routing.
  @Test func quantizedExpertsAreOneByOne() throws {
    var workload = Workload(forward: ForwardSettings(batchSize: 1, sequenceLength: 8, precision: .bf16))
    workload.forward.quantization = .nf4
    workload.forward.adapters = LowRankAdapters(rank: 8, targets: .names(["q_proj"]), dropout: 0.1)
    let estimate = try Self.mixtral().estimator.estimate(workload)
    let experts = estimate.assumptions.first { $0.what == "experts" }
    // Two layers of two experts of three matrices of 1024 by 512: two bytes each, or half of one, a scale for 64 of
    // them, and a table of 16 values.
    let difference = ByteCount(2 * 2 * 3 * (1024 * 512 * 2 - 1024 * 512 / 2 - 1024 * 512 / 64 * 4 - 64))
    #expect(experts?.source.contains("leaves in BF16: \(difference) more") == true)
    let routing = estimate.assumptions.first { $0.what == "routing of experts" }
    #expect(routing?.value.hasPrefix("even; the worst adds ") == true)
  }

  private static func mixtral(_ settings: [String: Configuration.Node] = [:]) -> Sketch {
    let configuration: [String: Configuration.Node] = [
      "model_type": .string("mixtral"), "architectures": .array([.string("MixtralForCausalLM")]),
      "hidden_size": .integer(512), "num_hidden_layers": .integer(2), "num_attention_heads": .integer(8),
      "num_key_value_heads": .integer(2), "intermediate_size": .integer(1024), "vocab_size": .integer(1000),
      "num_local_experts": .integer(2), "tie_word_embeddings": .boolean(false),
    ]
    var experts = Sketch(
      "mixtral", layers: 2, configuration.merging(settings) { $1 }, Self.llama(without: "mlp").modules)
    experts.modules += "\nmodel.layers.#.block_sparse_moe.gate 2x512"
    for expert in 0..<2 {
      for (name, shape) in [("w1", "1024x512"), ("w2", "512x1024"), ("w3", "1024x512")] {
        experts.modules += "\nmodel.layers.#.block_sparse_moe.experts.\(expert).\(name) \(shape)"
      }
    }
    return experts
  }
}
