import Testing
import TrainingStep
import Units

/// Two residual blocks under each kind of activation checkpointing, worked by hand; the totals, and how often each
/// operator runs, are also what torch 2.11 does (`torch.utils.checkpoint`, `preserve_rng_state=False`).
///
///     parameters  nine of 512 bytes each: P = 4,608
///     batch       x 100 * 5 * 4 = 2,000 -> 2,048   t 800 -> 1,024: I = 3,072
///     values      h, norm, narrow, log-probabilities 100 * 7 * 4 = 2,800 -> 3,072   mean, deviation 400 -> 512 each
///                 wide, gelu 100 * 15 * 4 = 6,000 -> 6,144
///
/// A block keeps h 3,072, norm 3,072 and its statistics 1,024, wide 6,144, gelu 6,144: 19,456. All figures are above
/// P + I = 7,680.
@Suite("Activation checkpointing by hand")
struct CheckpointingTests {
  static let base = 4608 + 3072

  ///     forward   block 0: 3,072 + 4,096 + 6,144 + 6,144 + 3,072 + 3,072 = 25,600, then narrow goes: 22,528
  ///               block 1: 45,056 -> 41,984; log-probabilities 45,056, loss and total:               46,080
  ///               the last h goes, which nothing keeps: 43,008
  ///     backward  seed 43,520, nll 46,592 -> 46,080, logarithm 49,152 -> 43,008
  ///               block 1: b 512 + 6,144:                                                            49,664
  ///               gelu's result goes: 43,520; gelu 49,664 -> 37,376; a 3,584: 40,960 -> 31,744
  ///               norm 4,096: 35,840 -> 28,672; the sum with the residual's 31,744 -> 25,600
  ///     update    P and the loss
  @Test func none() {
    let timeline = Network.residual().trained()
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: Self.base + 46_080, backward: Self.base + 49_664, optimizer: Self.base + 4608 + 512, resident: 4608)
    )
    #expect(
      timeline.causes(in: .backward)
        == [
          "ones_like": 1, "nll_loss_backward": 1, "_log_softmax_backward_data": 1, "mm": 9, "gelu_backward": 2,
          "native_layer_norm_backward": 6, "add": 2,
        ])
  }

  ///     forward   only each block's h stays: 3,072, then 6,144; block 1 peaks at wide and gelu:      18,432
  ///     backward  seed, nll, logarithm as before: h 0, h 1, loss, seed and a gradient: 10,240
  ///               block 1 runs again: norm 4,096, wide, gelu: 26,624, and stops, since `b` needs no more
  ///               than its input. b 512 + 6,144:                                                     33,280
  ///     the rest as without checkpointing, each step lower.
  @Test func nonReentrant() {
    let timeline = Network.residual().trained(checkpointing: .nonReentrant)
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: Self.base + 18_432, backward: Self.base + 33_280, optimizer: Self.base + 4608 + 512, resident: 4608)
    )
    // Early stop: neither `b` (a matrix product of the forward pass) nor the addition runs again.
    let causes = timeline.causes(in: .backward)
    #expect(causes["linear"] == 2 && causes["mm"] == 9)
    #expect(causes["native_layer_norm"] == 6 && causes["gelu"] == 2)
    #expect(causes["add"] == 2)
  }

  ///     backward  10,240 as above; block 1 runs again to its end: norm 4,096, wide and gelu 12,288, narrow 3,072,
  ///               result 3,072: 32,768, then narrow goes: 29,696; b 512 + 6,144:                     36,352
  ///     Block 0 starts lower: seed and loss 1,024, h 0 and its gradient 6,144, gradients 2,048, and the same 26,112.
  @Test func reentrant() {
    let timeline = Network.residual().trained(checkpointing: .reentrant)
    #expect(
      timeline.figures(ofStep: 2)
        == .init(
          forward: Self.base + 18_432, backward: Self.base + 36_352, optimizer: Self.base + 4608 + 512, resident: 4608)
    )
    let causes = timeline.causes(in: .backward)
    #expect(causes["linear"] == 4 && causes["mm"] == 9)
    #expect(causes["native_layer_norm"] == 6 && causes["gelu"] == 2)
    // Two additions run again, two gradients are summed.
    #expect(causes["add"] == 4)
  }

  /// What a stretch hands back besides its result gets zeros for a gradient, which are added to the real one and live
  /// until the stretch's backward pass returns.
  ///
  ///     parameters  w 512, c 400 * 7 * 4 = 11,200 -> 11,264, a 150 * 400 * 4 = 240,000 -> 240,128, b 4,608: 256,512;
  ///                 with the batch 259,584
  ///     values      c and relu 100 * 400 * 4 = 160,000 -> 160,256, a and sigmoid 60,416
  ///     forward     h 3,072, c and relu:                                                             323,584
  ///     backward    h, loss, seed, gradient: 7,168; it runs again: relu 160,256, sigmoid 60,416, result 3,072: 230,912
  ///                 zeros 60,416; b's weight 4,608 and sigmoid's gradient 60,416; the sum 60,416, then sigmoid's
  ///                 gradient goes: 356,352; a's gradient takes the sum's place: 356,352
  ///                 a's weight 240,128 and relu's gradient 160,256, then a's goes: 696,320; relu 160,256: 856,576
  @Test func sideResults() {
    let timeline = Network.sideResult().trained(checkpointing: .reentrant)
    #expect(timeline.figures(ofStep: 2).forward == 259_584 + 323_584)
    #expect(timeline.figures(ofStep: 2).backward == 259_584 + 856_576)
    #expect(timeline.causes(in: .backward)["zeros"] == 1)
    let plain = Network.sideResult().trained(checkpointing: .nonReentrant)
    #expect(plain.causes(in: .backward)["zeros"] == nil)
  }

  /// What a stretch is given by keyword is named by its node, and so by the loss, until the update is done; the
  /// non-reentrant kind names it in its saved tensors only. P = 2 * 512, I = 3,072, the mask 2,800 -> 3,072; the
  /// update finds P, the loss, and the mask.
  @Test func argumentsByKeyword() {
    let base = 1024 + 3072
    let reentrant = Network.masked().trained(checkpointing: .reentrant).figures(ofStep: 2)
    #expect(reentrant.optimizer == base + 1024 + 512 + 3072)
    #expect(reentrant.resident == 1024)
    let other = Network.masked().trained(checkpointing: .nonReentrant).figures(ofStep: 2)
    #expect(other.optimizer == base + 1024 + 512)
  }
}
