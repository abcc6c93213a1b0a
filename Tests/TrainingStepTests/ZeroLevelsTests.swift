import Testing
import TrainingStep
import Units

/// The levels of ZeRO's third stage over the perceptron of ``ZeroParametersTests``: 3,500 + 70 + 2,100 + 30 numbers in fp32.
@Suite("Levels of ZeRO-3 by hand")
struct ZeroLevelsTests {
  static func settings(ranks: Int) -> ZeroSettings {
    var settings = ZeroSettings(.parameters, ranks: ranks)
    settings.bucket = 6000
    settings.persistent = 80
    return settings
  }

  /// Four ranks hold parts of 875 + 18 + 525 + 8 = 1,426 numbers; a second copy over two ranks has 1,750 + 36 + 1,050 + 16,
  /// each in blocks of 512 bytes: 7,168 + 512 + 4,608 + 512. It is there from the forward pass until the update, when those
  /// that stay gathered are shared out as well.
  @Test func secondCopy() {
    var plain = Self.settings(ranks: 4)
    plain.prefetched = 0
    plain.reuseDistance = 0
    var copied = plain
    copied.secondaryRanks = 2
    let figures = [plain, copied].map { ZeroParametersTests.trained($0).figures(ofStep: 2) }
    #expect(figures[1].resident == figures[0].resident)
    // The backward pass has copies of the two matrices at its worst moment.
    #expect(figures[1].backward - figures[0].backward == 7168 + 4608)
    // Before the update begins the matrices and the biases have theirs.
    #expect(figures[1].optimizer - figures[0].optimizer == 7168 + 512 + 4608 + 512)
  }

  /// Parameters over two ranks, gradients over two, states over four: parts of 2,852 (11,776 bytes) and 1,426 numbers, of
  /// which the fp32 copy is one of its own then.
  @Test func threeLevels() {
    var settings = Self.settings(ranks: 4)
    settings.parameterRanks = 2
    settings.gradientRanks = 2
    let timeline = ZeroParametersTests.trained(settings)
    // 1,750 + 35 + 1,050 + 15 numbers of parameters and as many of gradients; fp32 copy and two moments of 1,426 (6,144);
    // buffer 24,064; biases 1,024.
    #expect(timeline.resident[2] == ByteCount(11_776 + 11_776 + 3 * 6144 + 24_064 + 1024))
  }

  /// Groups of 1,000 numbers or more: 1,750, 1,085 and 15 (two ranks). The GPU updates the second of each two, for which
  /// gradient, fp32 copy and two moments of 4,608 bytes come.
  @Test func inTurns() {
    var settings = Self.settings(ranks: 2)
    settings.subGroup = 1000
    settings.offloadsOptimizer = true
    let plain = ZeroParametersTests.trained(settings).figures(ofStep: 2)
    settings.updateStride = 2
    let turns = ZeroParametersTests.trained(settings).figures(ofStep: 2)
    #expect(turns.resident == plain.resident)
    #expect(turns.backward == plain.backward)
    #expect(turns.optimizer > plain.optimizer)
    #expect(turns.optimizer - turns.resident >= 4 * 4608)
  }

  /// 3,500 numbers over two ranks: 1,750 are no multiple of eight.
  @Test func quantisedInEights() {
    var settings = Self.settings(ranks: 2)
    settings.quantizesParameters = true
    let workload = Workload(forward: .init(batchSize: 1, sequenceLength: 1, precision: .fp32))
    let step = TrainingStep(
      graph: Network.perceptron(), workload: workload, distribution: Distribution(engine: .zero(settings)))
    #expect(step.whatCannotRun?.hasPrefix("quantised parameters come in eights") == true)
  }
}
