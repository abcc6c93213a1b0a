import Graph
import Testing
import TrainingStep
import Units

/// What a step computes and moves, with numbers worked by hand.
@Suite("Work of a step")
struct WorkTests {
  private static func work(_ graph: Graph, _ checkpointing: Checkpointing = .none) -> StepWork {
    StepWork(graph, checkpointing: checkpointing)
  }

  /// Ten rows by [50, 70] and by [70, 30]: 2·10·50·70 + 2·10·70·30. Backward the first weight alone, since the input is
  /// no parameter's, and of the second layer both.
  @Test func linearLayersCostTwiceTheirSizes() {
    let work = Self.work(Network.perceptron()).behind
    #expect(work.forward.operations == 70_000 + 42_000)
    #expect(work.backward.operations == 70_000 + 2 * 42_000)
    let frozen = Self.work(Network.perceptron(freezesFirst: true)).behind
    #expect(frozen.backward.operations == 42_000)
  }

  @Test func productsReadBothAndWriteOne() {
    let product = Kernel.product(m: 10, n: 70, k: 50, .float32)
    #expect(product.bytes == 4 * (500 + 3500 + 700))
    #expect(Kernel.product(m: 10, n: 70, k: 50, batch: 3, .bfloat16).bytes == 3 * 2 * (500 + 3500 + 700))
  }

  /// Two sequences, four heads of sixteen, 128 tokens: scores and values take 2·2·4·128²·16 each.
  @Test(arguments: [false, true])
  func causalAttentionPassesOverHalf(isCausal: Bool) {
    var g = GraphBuilder()
    let heads = [0, 1, 2].map { g.parameter("p\($0)", [2, 4, 128, 16], .bfloat16) }
    let out = g.attention(.flash, query: heads[0], key: heads[1], value: heads[2], mask: nil, isCausal: isCausal)
    let targets = g.input("t", [1024], .int64)
    let loss = g.crossEntropy(g.cast(g.reshape(out, [1024, 16]), to: .float32), targets)
    let work = Self.work(g.finish(loss: loss)).behind
    let pair = 4_194_304.0 * (isCausal ? 0.5 : 1)
    #expect(work.forward.operations == 2 * pair)
    #expect(work.backward.operations == 5 * pair)
  }

  /// Two products of 2·100·7·15 in each block. Without reentrance the second is not run again, since what is kept of it
  /// is its input.
  @Test func recomputationRepeatsTheForwardPass() {
    func repeated(_ checkpointing: Checkpointing) -> [Double] {
      Self.work(Network.residual(), checkpointing).layers.map(\.stretch.recomputed.operations)
    }
    #expect(repeated(.none) == [0, 0])
    #expect(repeated(.reentrant) == [42_000, 42_000])
    #expect(repeated(.nonReentrant) == [21_000, 21_000])
    let (plain, checkpointed) = (Self.work(Network.residual()), Self.work(Network.residual(), .reentrant))
    #expect(plain.modelOperations == checkpointed.modelOperations)
  }

  @Test func layersThatStandForOthersCount() {
    let graph = Network.residual()
    let work = StepWork(graph, checkpointing: .none, copies: [1, 9])
    #expect(work.layerCount == 10)
    let block = 7.0 + 7 + 2 * 7 * 15
    #expect(work.sum(\.trainedElements) == 35 + 10 * block)
    // 2·100·5·7 forward and for w's weight alone, since its input is no parameter's; three times 42,000 in a block.
    let operations: Double = 2 * 7_000 + 10 * 126_000
    #expect(work.modelOperations == operations)
  }

  /// A fused AdamW reads four tensors and writes three; foreach's eight kernels pass over them 21 times.
  @Test func optimizersPassOverTheirTensors() {
    let work = Self.work(Network.residual())
    func update(_ optimizer: Optimizer) -> KernelList {
      work.update(
        Workload(forward: ForwardSettings(batchSize: 1, sequenceLength: 1, precision: .fp32), optimizer: optimizer))
    }
    let bytes = 4 * work.sum(\.trainedElements)
    #expect(update(.adamWFused).bytes == 7 * bytes)
    #expect(update(.adamW).bytes == 21 * bytes)
    #expect(update(.adamW).launches == 8)
    #expect(update(.adamWLoop).launches == 12 * 9)
    #expect(update(.sgd).bytes < update(.sgdMomentum).bytes)
  }

  /// A gradient that comes back from two readers is summed: one more pass over three tensors.
  @Test func gradientsOfSeveralReadersAreSummed() {
    func backward(_ readers: Int) -> KernelList {
      var g = GraphBuilder()
      let weight = g.parameter("w", [8, 4], .float32)
      var sum = g.unary(.relu, weight)
      let base = sum
      for _ in 1..<readers { sum = g.add(sum, base) }
      let targets = g.input("t", [8], .int64)
      return Self.work(g.finish(loss: g.crossEntropy(sum, targets))).behind.backward
    }
    #expect(backward(3).bytes - backward(2).bytes == 3 * 8 * 4 * 4)
  }
}
