import Testing
import TrainingStep
import Units

/// DeepSpeed's stage 3 over the perceptron of ``PerceptronTests``, in fp32 on two ranks, worked by hand from
/// deepspeed/runtime/zero/stage3.py and partitioned_param_coordinator.py (0.19.6). The biases are small enough to stay
/// gathered.
///
///     held        parts 1,750 + 35 + 1,050 + 15 = 2,850 elements in a row, which is updated as it is   11,776
///                 buffer of 6,000 elements 24,064, gradients of the parts 11,776, two moments 23,552
///                 biases 1,024                                                                         72,192
///     whole       a.weight 14,336, b.weight 8,704
///
/// Above what is held and the batch of 2,560, where nothing is fetched ahead, nor kept for its next use:
///
///     forward     a.weight and hidden 17,408, then 3,072; relu 6,144, then 3,072
///                 b.weight 11,776, logits 13,312, then 4,608; loss 7,168                               17,408
///     backward    log_softmax 8,704, then 5,632; b.weight 14,336, b's gradients 26,624, then 25,088
///                 they go into the buffer 15,872, and b.weight goes 7,168; relu 10,240, then 4,096
///                 a.weight 18,432, a's gradients 33,280, then 15,360: x needs no gradient, so that nothing tells of
///                 the end of a's backward pass
///                 the buffer in pieces for the ranks: 22,800 -> 23,040                                 38,400
///     update      the loss 512, less the biases 1,024; gradients put together 11,776, roots 11,776     23,040
@Suite("ZeRO-3 by hand")
struct ZeroParametersTests {
  static let held = 72_192
  static let base = held + 2560

  static func settings() -> ZeroSettings {
    var settings = ZeroSettings(.parameters, ranks: 2)
    settings.bucket = 6000
    settings.persistent = 80
    return settings
  }

  static func trained(_ settings: ZeroSettings) -> Timeline {
    Network.perceptron().trained(.adamW, distribution: Distribution(engine: .zero(settings)))
  }

  @Test func fetchedWhenNeeded() {
    var settings = Self.settings()
    settings.prefetched = 0
    settings.reuseDistance = 0
    #expect(
      Self.trained(settings).figures(ofStep: 2)
        == .init(
          forward: Self.base + 17_408, backward: Self.base + 38_400, optimizer: Self.base + 23_040,
          resident: Self.held))
  }

  /// With DeepSpeed's distances a small model is whole from its first module on, 23,040 more, until the last use of each
  /// parameter: 30,208 in the forward pass, 17,920 + 23,040 with b's gradients.
  @Test func fetchedAhead() {
    #expect(
      Self.trained(Self.settings()).figures(ofStep: 2)
        == .init(
          forward: Self.base + 30_208, backward: Self.base + 40_960, optimizer: Self.base + 23_040,
          resident: Self.held))
  }

  /// Groups of 1,000 elements or more are updated one after the other: 1,750, 35 + 1,050 and 15 elements. Their moments
  /// take twice 7,168 + 4,608 + 512, which is 1,024 more. The first one's gradient is a view, and its root 7,168; the
  /// second one's gradients are put together, 4,608, with as much of roots. The norm of a.weight's part takes most:
  /// 14,336 in fp64 and 512, with the loss and less the biases.
  @Test func groups() {
    var settings = Self.settings()
    settings.subGroup = 1000
    let figures = Self.trained(settings).figures(ofStep: 2)
    #expect(figures.resident == Self.held + 1024)
    #expect(figures.optimizer == Self.base + 1024 + 14_336)
  }

  /// In host memory: row of parts and fp32 gradients, and the gradients as they come, pinned to 16,384 each; fp32 copy
  /// and two moments of 11,400. On a drive: parts, and fp32 copies, moments and gradients; in host memory then the row
  /// and the gradients as they come, five buffers of 100,000,000 parameters and four of 2,850 states.
  @Test func offloaded() {
    var settings = Self.settings()
    settings.offloadsOptimizer = true
    settings.offloadsParameters = true
    let timeline = Self.trained(settings)
    #expect(timeline.outside.host == ByteCount(3 * 16_384 + 3 * 11_400))
    #expect(timeline.outside.disk == .zero)
    #expect(timeline.resident[2] == ByteCount(24_064 + 1024))
    settings.drive = .infinity
    let swapped = Self.trained(settings)
    #expect(swapped.outside.host == ByteCount(2 * 16_384 + 2_000_000_000 + 45_600))
    #expect(swapped.outside.disk == ByteCount(5 * 11_400))
    #expect(swapped.resident == timeline.resident)
  }
}
