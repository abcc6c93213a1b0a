import Testing
import TrainingStep
import Units

/// The perceptron of ``PerceptronTests`` under `torch.autocast("cuda", torch.bfloat16)`, by hand; the totals are also
/// what torch 2.11 allocates.
///
///     copies   a.weight 7,000 -> 7,168   b.weight 4,200 -> 4,608   two biases 512 each      C = 12,800
///              x 1,000 -> 1,024
///     values   hidden, relu 10 * 70 * 2 = 1,400 -> 1,536   logits 600 -> 1,024, in fp32 1,536
@Suite("Autocast by hand")
struct AutocastTests {
  static let base = 24_064 + 2_560

  ///     forward   C + x 1,024 + relu 1,536 + logits in fp32 1,536 + log-probabilities 1,536 + 1,024    19,456
  ///               the copies end with autocast, but b.weight's, which the input's gradient needs: left are
  ///               x 1,024, relu 1,536, b.weight 4,608, log-probabilities 1,536, loss and total 1,024: 9,728
  ///     backward  seed 10,240, nll 11,776 -> 11,264, logarithm 12,800 -> 9,728, logits in bf16 10,752 -> 9,216
  ///               b: input 1,536, weight 4,608, bias 512: 15,872, then its gradient and b.weight's copy go: 10,240
  ///               the weight's gradient in fp32 8,704, then in bf16 goes: 14,336; the bias's likewise: 14,336
  ///               relu 15,872 -> 12,800; a: weight 7,168, bias 512: 20,480; hidden's and x go: 17,920
  ///               a.weight's in fp32 14,336:                                                          32,256
  @Test func trainedWeights() throws {
    let timeline = Network.perceptron(autocast: .bfloat16).trained(.sgd)
    #expect(
      timeline.figures(ofStep: 2)
        == .init(forward: Self.base + 19_456, backward: Self.base + 32_256, optimizer: 51_200, resident: 24_064))
    let peak = try #require(timeline.peaks[2]?[.forward])
    #expect(timeline.breakdown(at: peak.event)[.weightCasts] == ByteCount(12_800))
    // One copy for each parameter and step, in the forward pass alone.
    let copies = timeline.allocations.filter { $0.category == .weightCasts }
    #expect(copies.count == 8)
    #expect(copies.allSatisfy { $0.phase == .forward })
  }

  /// Layer a frozen: its copies are not kept, and neither are x and b.weight, which no gradient needs.
  ///
  ///     forward   a 512 + 7,168 + 1,024 + 1,536 = 10,240 -> 1,536; relu 3,072 -> 1,536; b 512 + 4,608 + 1,024: 7,680
  ///               logits in fp32 9,216 -> 8,192, log-probabilities 9,728, loss and total:             10,752
  ///               left are relu 1,536, log-probabilities 1,536, 1,024: 4,096
  ///     backward  4,096 again after the logarithm's, logits in bf16 5,120 -> 3,584; b 8,704 -> 6,144
  ///               b.weight's gradient in fp32 8,704:                                                  14,848
  @Test func frozenWeights() {
    let timeline = Network.perceptron(freezesFirst: true, autocast: .bfloat16).trained(.sgd)
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: Self.base + 10_752, backward: Self.base + 14_848, optimizer: Self.base + 9216 + 512,
          resident: 24_064))
  }
}
