public import TrainingStep
public import Units

/// One way to run, and what is known of it. A line of `plimsoll plan`.
public struct Candidate: Hashable, Sendable {
  public var layout: Layout
  /// Sequences per GPU and micro-step: the largest that fits, or 1 where none does.
  public var batchSize: Int
  /// nil where the layout cannot run.
  public var peak: ByteCount?
  public var terms: [PeakEstimate.Term]
  public var fits: Bool
  /// Why it does not fit or cannot run, in one line; nil where it fits.
  public var whyNot: String?
  /// Samples a step, weighted by the strategy's speed (arXiv 2404.10933); 0 where it does not fit.
  public var score: Double
  public var stepSeconds: Double?
  public var tokensPerSecond: Double?
  /// Model FLOPs utilisation.
  public var mfu: Double?
  public var checkpointing = Checkpointing.none
  /// Micro-batches of a step.
  public var accumulation = 1

  public var strategy: StrategyKind { layout.strategy }
  public var degrees: ParallelDegrees { layout.degrees }
}
