internal import Graph
internal import TrainingStep
internal import Units

extension Estimator {
  /// The rank with the highest peak of those that share a sequence.
  ///
  /// The last one sees most keys, and its chunks follow one another; any other makes a mask, and copies what it puts
  /// together of two chunks. Of those, the one before the last runs every kind of turn.
  func worstOfContext(_ workload: Workload, _ layout: Layout) throws(EstimationError) -> SimulatedRank {
    let first = max(0, layout.degrees.context - 2)
    let worst = try SimulatedRank.worst(of: layout.degrees.context - first) { index throws(EstimationError) in
      let timeline = try timeline(workload, layout, ofContextRank: first + index)
      return SimulatedRank(timeline: timeline, ofContext: first + index)
    }
    guard let worst else { throw EstimationError(reason: "no rank has a part of the sequence") }
    return worst
  }

  /// The timeline of one of the ranks that share a sequence.
  func timeline(
    _ workload: Workload, _ layout: Layout, ofContextRank rank: Int
  ) throws(EstimationError) -> Timeline {
    var workload = workload
    workload.forward.isCheckpointed = workload.checkpointing != .none
    workload.forward.expertRanks = layout.degrees.expert
    workload.forward.context = ContextShare(ranks: layout.degrees.context, rank: rank)
    return try oneOfEqualRanks(workload, layout)
  }

  /// What is taken for granted of context parallelism.
  func contextAssumptions(_ rank: Int, _ layout: Layout) -> [Assumption] {
    [
      Assumption(
        what: "context parallelism",
        value: "two chunks of each sequence a rank, from its head and its tail; keys and values gathered at once; rank "
          + "\(rank) of \(layout.degrees.context), which needs the most",
        source:
          "context_parallel of torch 2.11 with its default rotation, set up as transformers' Trainer and accelerate "
          + (layout.strategy == .fsdp ? "do it" : "do it beside FSDP2, here beside DistributedDataParallel"))
    ]
  }
}
