internal import Checkpoint
internal import TrainingStep
internal import Units

/// What one rank of a layout does to its memory: of ranks that differ, the one that needs the most.
struct SimulatedRank: Sendable {
  var timeline: Timeline
  /// Which rank of a pipeline it is; nil where there is none.
  var ofPipeline: Estimator.PipelineRank?
  /// Which of the ranks that share a sequence it is; nil where none do.
  var ofContext: Int?
}

extension SimulatedRank {
  var peak: ByteCount { timeline.peak(ofStep: 2)?.peak.bytes ?? .zero }

  /// Of ranks that are simulated side by side, the one with the highest peak, the first of equals; nil where there is
  /// none.
  static func worst<Failure: Error>(
    of count: Int, _ simulated: @Sendable (Int) throws(Failure) -> SimulatedRank
  ) throws(Failure) -> SimulatedRank? {
    let found = parallelMap(count) { index in Result { () throws(Failure) in try simulated(index) } }
    var worst: SimulatedRank?
    for result in found {
      let rank = try result.get()
      if let known = worst?.peak, known >= rank.peak { continue }
      worst = rank
    }
    return worst
  }
}
