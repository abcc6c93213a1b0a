import Testing
import TrainingStep
import Units

/// DeepSpeed's stages 1 and 2 over the perceptron of ``PerceptronTests``, in fp32 on two ranks, worked by hand from
/// deepspeed/runtime/zero/stage_1_and_2.py (0.19.6).
///
///     row         3,500 + 70 + 2,100 + 30 = 5,700 elements, which 2 * 2 divides: 22,800 -> 23,040
///     stretch     2,850 elements: of the first rank in a.weight, of the second in all four (650, 70, 2,100, 30)
///     held        row 23,040, fp32 copy 11,776, two moments 23,552, the norm of the last step 512   58,880
///     buffer      6,000 elements                                                                   24,064
///
/// Above what is held and the batch of 2,560, from what the perceptron takes on one GPU:
///
///     stage 2     b's gradients 16,384, buffer 40,448, then they are copied there: 31,232
///                 relu 34,304, then 28,160; a's gradients 43,008, then 25,088 (buffer, loss, seed)
///                 pieces of both ranks in the buffer: put together anew, 48,128
///                 gradients of the stretch's parameters: 14,336 (first rank) or 23,040 (second)   48,128
///     stage 1     gradients stay: 40,448, relu 43,520, a 52,224                                   52,224
///     update      first rank: gradients and loss 14,848; norm of 2,850 numbers in fp64 23,552     38,400
///                 second: 23,552; behind two norms, that of 2,100 numbers 17,408                  41,984
@Suite("ZeRO by hand")
struct ZeroTests {
  static let held = 58_880
  static let base = held + 2560

  static func settings(_ stage: ZeroSettings.Stage, rank: Int) -> ZeroSettings {
    var settings = ZeroSettings(stage, ranks: 2, rank: rank)
    settings.bucket = 6000
    return settings
  }

  static func trained(_ settings: ZeroSettings, accumulation: Int = 1) -> Timeline {
    Network.perceptron().trained(
      .adamW, accumulation: accumulation, distribution: Distribution(engine: .zero(settings)))
  }

  @Test(arguments: [
    (ZeroSettings.Stage.optimizerStates, 0, 52_224, 38_400), (.optimizerStates, 1, 52_224, 41_984),
    (.gradients, 0, 48_128, 38_400), (.gradients, 1, 48_128, 41_984),
  ]) func stages(_ stage: ZeroSettings.Stage, rank: Int, backward: Int, update: Int) {
    let timeline = Self.trained(Self.settings(stage, rank: rank))
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: Self.base + 7168, backward: Self.base + backward, optimizer: Self.base + update,
          resident: Self.held))
  }

  /// A buffer of 3,600 elements, 14,400 -> 14,848, is sent when a.weight comes: b's parameters lie in the second rank's
  /// stretch alone, so nothing is put together. That rank's gradients are there from then on:
  /// 16,384 + 14,848, then 22,016; relu 25,088, then 18,944; a's gradients 33,792, then 30,720 and 23,040 on top 53,760.
  /// The first rank's come at the end: 15,872 and the pieces of a's two parameters, 3,570 elements 14,336.
  @Test func smallerBuffer() {
    var settings = Self.settings(.gradients, rank: 1)
    settings.bucket = 3600
    #expect(Self.trained(settings).figures(ofStep: 2).backward == Self.base + 53_760)
    settings.rank = 0
    #expect(Self.trained(settings).figures(ofStep: 2).backward == Self.base + 33_792)
  }

  /// The moments and the fp32 stretch lie in host memory, and nothing of the update is on the GPU. The stretch's copies
  /// there: four of 11,400, of which two are pinned (16,384), the one that is sent back and room for 3,500 numbers
  /// (16,384 each). On the GPU lies room for 3,500 numbers, 14,336.
  @Test func offloaded() {
    var settings = Self.settings(.gradients, rank: 0)
    settings.offloadsOptimizer = true
    let timeline = Self.trained(settings)
    #expect(timeline.outside.host == ByteCount(2 * 11_400 + 4 * 16_384))
    #expect(timeline.outside.disk == .zero)
    #expect(timeline.resident[2] == ByteCount(23_040 + 14_336))
    #expect(timeline.peaks[2]?[.forward]?.bytes == ByteCount(23_040 + 14_336 + 2560 + 7168))
  }

  /// Two micro-steps: the gradient of a.weight, of which the first rank updates a part, is added up whole in host memory,
  /// 14,000 in a pinned block of 16,384. The second rank updates parts of all four: 14,000, 280, 8,400 and 120.
  @Test(arguments: [(0, 16_384), (1, 16_384 + 512 + 16_384 + 128)])
  func offloadedSums(rank: Int, sums: Int) {
    var settings = Self.settings(.gradients, rank: rank)
    settings.offloadsOptimizer = true
    let timeline = Self.trained(settings, accumulation: 2)
    #expect(timeline.outside.host == ByteCount(2 * 11_400 + 4 * 16_384 + sums))
  }

  /// Stage 1 names all gradients, and the buffer, over the micro-steps; stage 2 what this rank updates, twice while the
  /// second micro-step's come.
  @Test func microSteps() {
    let first = Self.trained(Self.settings(.optimizerStates, rank: 0), accumulation: 2)
    let second = Self.trained(Self.settings(.gradients, rank: 0), accumulation: 2)
    #expect(first.resident[2] == ByteCount(Self.held))
    #expect(second.resident[2] == ByteCount(Self.held))
    // Both batches, the loss of the step before, and 24,064 + 24,576 - 512 or 14,336 of gradients.
    let batches = Self.held + 2 * 2560
    #expect(first.peaks[2]?[.forward]?.bytes == ByteCount(batches + 512 + 24_064 + 24_064 + 7168))
    #expect(second.peaks[2]?[.forward]?.bytes == ByteCount(batches + 512 + 14_336 + 7168))
    #expect(second.peaks[2]?[.backward]?.bytes == ByteCount(batches + 48_128 + 14_336))
  }
}
