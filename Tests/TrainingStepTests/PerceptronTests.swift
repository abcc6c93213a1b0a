import Testing
import TrainingStep
import Units

/// Two linear layers, worked by hand. Each figure is also what torch 2.11 allocates for the same module: two steps on
/// fake CUDA tensors, every storage counted in blocks of 512 bytes from its birth to its death.
///
///     parameters  a.weight 70 * 50 * 4 = 14,000 -> 14,336    a.bias 280 -> 512
///                 b.weight 30 * 70 * 4 =  8,400 ->  8,704    b.bias 120 -> 512     P = 24,064
///     batch       x 10 * 50 * 4 = 2,000 -> 2,048             t 10 * 8 = 80 -> 512  I =  2,560
///     values      hidden, relu 10 * 70 * 4 = 2,800 -> 3,072  logits 10 * 30 * 4 = 1,200 -> 1,536
///                 log-probabilities 1,536                    loss, weight total 4 -> 512 each
///
/// Above P + I = 26,624:
///
///     forward   hidden 3,072, relu 6,144, then hidden goes (relu keeps its result): 3,072
///               logits 4,608, log-probabilities 6,144, loss and total 7,168                    forward   7,168
///               logits go: 5,632
///     backward  seed 6,144 (held to the end)
///               nll_loss_backward 7,680, then total goes: 7,168
///               _log_softmax_backward 8,704, then log-probabilities and their gradient: 5,632
///               b: gradients of input 3,072, weight 8,704, bias 512: 17,920, then logits' gradient goes: 16,384
///               relu: 19,456, then relu's result and its gradient go: 13,312
///               a: weight 14,336, bias 512: 28,160                                             backward 28,160
///               hidden's gradient goes: 25,088; the seed goes: 24,576
///     update    P of gradients and the loss: 24,576                                            update   24,576
@Suite("A perceptron by hand")
struct PerceptronTests {
  static let base = 24_064 + 2_560

  @Test func plainDescent() {
    let timeline = Network.perceptron().trained(.sgd)
    let expected = Timeline.Figures(
      forward: Self.base + 7168, backward: Self.base + 28_160, optimizer: Self.base + 24_576, resident: 24_064)
    #expect(expected == .init(forward: 33_792, backward: 54_784, optimizer: 51_200, resident: 24_064))
    // There are no states, so the steps are alike.
    #expect(timeline.figures(ofStep: 1) == expected)
    #expect(timeline.figures(ofStep: 2) == expected)
    #expect(timeline.peaks[2]?[.input]?.bytes == ByteCount(Self.base))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var optimizer: Optimizer
    /// Held from the first update on.
    var states: Int
    /// Besides, during an update.
    var temporaries: Int
    var testDescription: String { optimizer.rawValue }
  }

  /// Momentum: one tensor like each parameter, 24,064. Adam: two, 48,128, and a root for every parameter at once while
  /// it updates (foreach); one step counter of 512 for each of four parameters (fused); a root and a quotient of the
  /// largest parameter, 2 * 14,336 (loop). The optimizers of bitsandbytes keep so small parameters in fp32.
  @Test(arguments: [
    Case(optimizer: .sgdMomentum, states: 24_064, temporaries: 0),
    Case(optimizer: .adamW, states: 48_128, temporaries: 24_064),
    Case(optimizer: .adamWFused, states: 48_128 + 4 * 512, temporaries: 0),
    Case(optimizer: .adamWLoop, states: 48_128, temporaries: 28_672),
    Case(optimizer: .adamW8bit, states: 48_128, temporaries: 0),
    Case(optimizer: .lion, states: 24_064, temporaries: 0),
    Case(optimizer: .lion8bit, states: 24_064, temporaries: 0),
  ]) func optimizers(_ entry: Case) {
    let timeline = Network.perceptron().trained(entry.optimizer)
    let update = Self.base + 24_576 + entry.states + entry.temporaries
    // The first step's passes run before there are states.
    #expect(
      timeline.figures(ofStep: 1)
        == .init(forward: 33_792, backward: 54_784, optimizer: update, resident: 24_064 + entry.states))
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: 33_792 + entry.states, backward: 54_784 + entry.states, optimizer: update,
          resident: 24_064 + entry.states))
  }

  /// Muon keeps a momentum for a.weight, 14,336, and Adam's two states for the head and the biases, 19,456; its update,
  /// 14,336, meets two of 70 * 50 * 2 = 7,000 -> 7,168 in bf16 and two squares of 50 * 50 * 2 = 5,000 -> 5,120: 38,912.
  /// In the first step Adam's states come only after that.
  @Test func muon() {
    let timeline = Network.perceptron().trained(.muon)
    let update = Self.base + 24_576 + 14_336 + 38_912
    #expect(timeline.peaks[1]?[.optimizer]?.bytes == ByteCount(update))
    #expect(timeline.peaks[2]?[.optimizer]?.bytes == ByteCount(update + 19_456))
    #expect(timeline.resident[2] == ByteCount(24_064 + 33_792))
  }

  /// At the peak of AdamW's update: parameters, gradients, two states, the roots as temporaries, the batch, and the
  /// loss that the forward pass left.
  @Test func breakdownOfAnUpdate() throws {
    let timeline = Network.perceptron().trained(.adamW)
    let peak = try #require(timeline.peak(ofStep: 2))
    #expect(peak.phase == .optimizer)
    #expect(peak.peak.bytes == ByteCount(123_392))
    #expect(
      timeline.breakdown(at: peak.peak.event)
        == [
          .parameters: ByteCount(24_064), .gradients: ByteCount(24_064), .optimizerStates: ByteCount(48_128),
          .temporaries: ByteCount(24_064), .inputs: ByteCount(2560), .activations: ByteCount(512),
        ])
    #expect(timeline.live(at: peak.peak.event).reduce(.zero) { $0 + $1.bytes } == peak.peak.bytes)
  }

  /// Two micro-steps: both batches are there from the start, 24,064 + 2 * 2,560 = 29,184, and the second pass runs
  /// above the first's gradients, 53,248. Its gradients are added and go as soon as they are formed: after layer b
  /// 16,384 - 9,216 = 7,168, after relu 4,096, and a's 14,848 make 18,944.
  @Test func accumulation() {
    let timeline = Network.perceptron().trained(.sgd, accumulation: 2)
    let figures = timeline.figures(ofStep: 2)
    #expect(figures.backward == 53_248 + 18_944)
    #expect(figures.optimizer == 53_248 + 512)
    #expect(figures.resident == 24_064)
    // The second forward pass, with the first one's loss still named.
    #expect(figures.forward == 53_248 + 512 + 7168)
    #expect(timeline.peaks[2]?[.input]?.bytes == ByteCount(29_184))
  }

  /// Layer a frozen: no gradient, no states, and relu keeps nothing for itself. Trained: 8,704 + 512 = 9,216.
  ///
  ///     forward   7,168 as before; relu's result stays for b's weight
  ///     backward  5,632 after the logarithm's; b's weight and bias: 14,848
  ///     update    states 18,432, roots 9,216, gradients 9,216, loss 512
  @Test func frozenParameters() {
    let timeline = Network.perceptron(freezesFirst: true).trained(.adamW)
    let base = Self.base + 2 * 9216
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: base + 7168, backward: base + 14_848, optimizer: base + 9216 + 512 + 9216,
          resident: 24_064 + 2 * 9216))
    let trained = Set(timeline.allocations.filter { $0.category == .optimizerStates }.map(\.module))
    #expect(trained == ["b.weight", "b.bias"])
    #expect(timeline.allocations.filter { $0.step == 2 && $0.category == .gradients }.count == 2)
  }

  /// A head tied to the embedding. P: 30 * 70 * 4 = 8,400 -> 8,704 once; I: 2 * 512; above P + I = 9,728:
  ///
  ///     forward   hidden 3,072, logits 1,536, log-probabilities 1,536, loss and total 1,024: 7,168; logits go: 5,632
  ///     backward  as before 5,632 after the logarithm's; the head's weight 8,704 and input 3,072: 17,408
  ///               logits' gradient and hidden go: 12,800; the embedding's gradient 8,704: 21,504
  ///               hidden's gradient goes: 18,432; the sum of the two is a third: 27,136           backward 27,136
  ///     update    8,704 + 512
  @Test func tiedWeights() {
    let timeline = Network.tied().trained(.sgd)
    #expect(
      timeline.figures(ofStep: 2)
        == .init(forward: 9728 + 7168, backward: 9728 + 27_136, optimizer: 9728 + 9216, resident: 8704))
    #expect(timeline.causes(in: .backward)["add"] == 1)
    #expect(timeline.allocations.filter { $0.category == .parameters }.count == 1)
  }

  /// A strategy that hands gradients on frees each as it is done, keeps what it holds, and updates by itself.
  @Test func distributedGradients() {
    let held = ByteCount(10_000)
    let timeline = Network.perceptron().trained(
      .adamW,
      distribution: Distribution(
        fromTheStart: [.init(held, cause: "buckets", category: .communication)],
        fromTheFirstUpdate: [.init(held, cause: "shards", category: .optimizerStates)], handsGradientsOn: true,
        updatesParameters: true))
    // 10,000 -> 10,240, twice in the second step. Backward as the second micro-step above: 18,944, without b's
    // gradients, and no gradient is left for the update, only the loss.
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: Self.base + 20_480 + 7168, backward: Self.base + 20_480 + 18_944,
          optimizer: Self.base + 20_480 + 512, resident: 24_064 + 20_480))
    #expect(timeline.figures(ofStep: 1).forward == Self.base + 10_240 + 7168)
  }
}
