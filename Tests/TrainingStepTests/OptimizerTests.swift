import Graph
import Testing
import TrainingStep
import Units

/// A table of 400 rows and a layer of 128 outputs, both 300 wide: 120,000 and 38,400 elements, and a bias of 128.
@Suite("What optimizers keep")
struct OptimizerTests {
  private static let graph: Graph = {
    var g = GraphBuilder()
    let tokens = g.input("i", [10], .int64)
    let targets = g.input("t", [10], .int64)
    let table = g.parameter("e.weight", [400, 300], .float32)
    let weight = g.parameter("a.weight", [128, 300], .float32)
    let bias = g.parameter("a.bias", [128], .float32)
    return g.finish(loss: g.crossEntropy(g.linear(g.embedding(tokens, table), weight, bias), targets))
  }()

  private func states(_ workload: Workload) -> Int {
    let timeline = TrainingStep(graph: Self.graph, workload: workload).run()
    return timeline.allocations.reduce(0) { $0 + ($1.category == .optimizerStates ? $1.bytes.bytes : 0) }
  }

  private func states(_ optimizer: Optimizer, _ loop: ForwardSettings.Loop) -> Int {
    states(Workload(forward: ForwardSettings(sequenceLength: 1, precision: .fp32, loop: loop), optimizer: optimizer))
  }

  /// For each moment:
  ///
  ///     table    120,000 bytes -> 120,320, 469 maxima of 4 bytes = 1,876 -> 2,048; in fp32 480,000 -> 480,256
  ///     weight   38,400 bytes, 150 maxima = 600 -> 1,024
  ///     bias     fp32, 512
  ///     decoder  256 numbers of 4 bytes, 1,024
  @Test func eightBits() {
    let others = 38_400 + 1024 + 512 + 1024
    #expect(states(.lion8bit, .plain) == 120_320 + 2048 + others)
    #expect(states(.adamW8bit, .plain) == 2 * (120_320 + 2048 + others))
    // The HF Trainer has embeddings kept in 32 bits.
    #expect(states(.lion8bit, .accelerate) == 480_256 + others)
    #expect(states(.adamW8bit, .accelerate) == 2 * (480_256 + others))
  }

  /// The table's states, of more than 100,000 elements, lie outside; its maxima do not.
  @Test func paged() {
    let others = 38_400 + 1024 + 512 + 1024
    #expect(states(.pagedAdamW8bit, .plain) == 2 * (2048 + others))
    #expect(states(.pagedAdamW8bit, .accelerate) == 2 * others)
  }

  /// Rank 16: a momentum pair of [16, 300] = 19,200 -> 19,456 each in place of the weight's, and in fp32 all 128 left
  /// singular vectors, 65,536; the table's pair 480,256 each, the bias's 512 each.
  @Test func projectedGradients() {
    let workload = Workload(
      forward: ForwardSettings(sequenceLength: 1, precision: .fp32), optimizer: .galoreAdamW,
      projection: GradientProjection(rank: 16, targets: ["a."]))
    #expect(states(workload) == 65_536 + 2 * (19_456 + 480_256 + 512))
  }

  @Test func projectionNeedsALayer() {
    let workload = Workload(
      forward: ForwardSettings(sequenceLength: 1, precision: .fp32), optimizer: .galoreAdamW,
      projection: GradientProjection(targets: ["mlp"]))
    #expect(TrainingStep(graph: Self.graph, workload: workload).whatCannotRun?.contains("mlp") == true)
  }

  /// Three norms of 512, their stack, the norm of norms: 2,560 above what an update without states needs; one stays.
  @Test func clipping() throws {
    var workload = Workload(forward: ForwardSettings(sequenceLength: 1, precision: .fp32), optimizer: .sgd)
    let free = TrainingStep(graph: Self.graph, workload: workload).run()
    workload.clipsGradients = true
    let clipped = TrainingStep(graph: Self.graph, workload: workload).run()
    let update = try #require(free.peaks[1]?[.optimizer]).bytes.bytes
    #expect(try #require(clipped.peaks[1]?[.optimizer]).bytes.bytes == update + 2560)
    #expect(clipped.resident[2]?.bytes == (free.resident[2]?.bytes ?? 0) + 512)
  }
}
