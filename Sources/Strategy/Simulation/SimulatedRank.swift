internal import TrainingStep

/// What one rank of a layout does to its memory: of ranks that differ, the one that needs the most.
struct SimulatedRank {
  var timeline: Timeline
  /// Which rank of a pipeline it is; nil where there is none.
  var ofPipeline: Estimator.PipelineRank?
  /// Which of the ranks that share a sequence it is; nil where none do.
  var ofContext: Int?
}
