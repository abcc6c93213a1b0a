internal import Architecture
internal import Graph
package import TrainingStep
internal import Units

extension Estimator {
  /// A rank of a pipeline.
  struct PipelineRank: Sendable {
    var rank: Int
    /// For each of its stages, the places of the layers that it runs.
    var stages: [Range<Int>]
  }

  /// More micro-batches than this are not simulated one by one.
  private static let mostBatches = 1024

  /// The rank of a pipeline with the highest peak. Of those that run the same kinds of layers, the first has as many
  /// micro-batches in flight as any, and stands for the others.
  ///
  /// - Parameter only: the one rank that is asked for; nil for all.
  func worstRank(
    _ workload: Workload, _ layout: Layout, only: Int? = nil, _ distribution: @Sendable (Graph) -> Distribution
  ) throws(EstimationError) -> SimulatedRank {
    let ranks = layout.degrees.pipeline
    let batches = workload.accumulation
    guard ownForward == nil else {
      throw EstimationError(reason: "a graph of the model's own cannot be cut into pipeline stages here")
    }
    guard batches <= Self.mostBatches else {
      throw EstimationError(reason: "more than \(Self.mostBatches) micro-batches in a pipeline are not simulated")
    }
    do throws(LoweringError) {
      let description = try description.part(for: layout)
      let perRank = layout.engine.schedule == .interleaved ? layout.engine.virtualStages : 1
      let (count, isTooMany) = ranks.multipliedReportingOverflow(by: perRank)
      guard !isTooMany, count <= description.layers.count else {
        throw LoweringError(message: "\(description.layers.count) layers do not fill \(ranks) times \(perRank) stages")
      }
      if layout.engine.schedule == .oneForwardOneBackward, batches < ranks {
        throw LoweringError(
          message: "1F1B wants as many micro-batches (--accumulate) as stages, and \(batches) are fewer than \(ranks)")
      }
      let kinds = try description.layerKinds(configuration: configuration, settings: workload.forward)
      var seen = Set<[[LayerKind]]>()
      let unlike = (only.map { $0..<$0 + 1 } ?? 0..<ranks).compactMap { rank -> PipelineRank? in
        let stages = (0..<perRank).map {
          Self.layers(ofStage: rank + $0 * ranks, of: count, among: description.layers.count)
        }
        let isEnd = rank == 0 || rank == ranks - 1
        if !isEnd, let kinds, !seen.insert(stages.map { Array(kinds[$0]) }).inserted { return nil }
        return PipelineRank(rank: rank, stages: stages)
      }
      let worst = try SimulatedRank.worst(of: unlike.count) { index throws(LoweringError) in
        let timeline = try timeline(workload, layout, description, unlike[index], kinds: kinds, distribution)
        return SimulatedRank(timeline: timeline, ofPipeline: unlike[index])
      }
      guard let worst else { throw LoweringError(message: "the pipeline has no ranks") }
      return worst
    } catch {
      throw EstimationError(error)
    }
  }

  /// The timeline of one rank: of a pipeline, or of those that share a sequence.
  package func timeline(
    _ workload: Workload, layout: Layout, ofRank rank: Int
  ) throws(EstimationError) -> Timeline {
    if layout.degrees.context > 1 { return try timeline(workload, layout, ofContextRank: rank) }
    return try worstRank(workload, layout, only: rank) { _ in Distribution() }.timeline
  }

  /// The layers of one of `count` stages: as many as of any other, the first ones one more where they do not divide.
  static func layers(ofStage stage: Int, of count: Int, among layers: Int) -> Range<Int> {
    let (each, more) = layers.quotientAndRemainder(dividingBy: count)
    let start = stage * each + min(stage, more)
    return start..<start + each + (stage < more ? 1 : 0)
  }

  private static func order(
    _ layout: Layout, rank: Int, batches: Int
  ) throws(LoweringError) -> PipelineOrder {
    let ranks = layout.degrees.pipeline
    switch layout.engine.schedule {
    case .gpipe: return .gpipe(batches: batches)
    case .oneForwardOneBackward: return .oneForwardOneBackward(batches: batches, ranks: ranks, rank: rank)
    case .interleaved:
      guard
        let order = PipelineOrder.interleaved(
          batches: batches, ranks: ranks, rank: rank, stages: layout.engine.virtualStages)
      else {
        throw LoweringError(
          message: "\(batches) micro-batches do not divide into \(max(1, batches / ranks)) rounds, as the interleaved "
            + "schedule wants them")
      }
      return order
    }
  }

  /// The timeline of one rank.
  private func timeline(
    _ workload: Workload, _ layout: Layout, _ description: ModelDescription, _ rank: PipelineRank,
    kinds: [LayerKind]?, _ distribution: (Graph) -> Distribution
  ) throws(LoweringError) -> Timeline {
    let (stages, last) = (rank.stages, layout.degrees.pipeline - 1)
    func graph(_ places: [[Int]]) throws(LoweringError) -> Graph {
      try description.pipelineGraph(
        stages: places.indices.map {
          (places[$0], isFirst: rank.rank == 0 && $0 == 0, isLast: rank.rank == last && $0 == places.count - 1)
        }, configuration: configuration, settings: workload.forward)
    }
    let order = try Self.order(layout, rank: rank.rank, batches: workload.accumulation)
    if stages.count == 1, let kinds, !playsEveryLayer, distribution(Graph()).fromTheStart.isEmpty,
      let repetition = LayerRepetition(of: Array(kinds[stages[0]]))
    {
      let first = stages[0].lowerBound
      let folded = try graph([repetition.places.map { first + $0 }])
      if let timeline = try step(folded, workload, Distribution()).run(order, repeating: repetition) { return timeline }
    }
    let whole = try graph(stages.map(Array.init))
    return try step(whole, workload, distribution(whole)).run(order)
  }

  /// What is taken for granted of a pipeline.
  func pipelineAssumptions(_ worst: PipelineRank, _ workload: Workload, _ layout: Layout) -> [Assumption] {
    let layers = worst.stages.map { "\($0.lowerBound) to \($0.upperBound - 1)" }.joined(separator: " and ")
    return [
      Assumption(
        what: "pipeline rank",
        value: "\(worst.rank) of \(layout.degrees.pipeline), which needs the most: layers \(layers)",
        source:
          "every rank with layers of its own is simulated; the embedding is on the first, norm and head on the last"),
      Assumption(
        what: "pipeline schedule",
        value: "\(layout.engine.schedule.rawValue) over \(workload.accumulation) micro-batches"
          + (layout.engine.schedule == .interleaved ? ", \(layout.engine.virtualStages) stages a rank" : ""),
        source: "torch.distributed.pipelining (torch 2.11), with a buffer for each micro-batch's hidden states and "
          + "gradients from other ranks; autocast around each forward pass"),
    ]
  }

  /// What is taken for granted of tensor parallelism.
  func tensorParallelAssumptions(_ layout: Layout) -> [Assumption] {
    let plan = TensorParallelPlan(layout.engine.tensorParallelism).assumption
    var result = [Assumption(what: "tensor parallelism", value: plan.value, source: plan.source)]
    if let heads = description.keyValueHeadCount?.value, heads < layout.degrees.tensor {
      result.append(
        Assumption(
          what: "key/value heads", value: "\(heads), each held by \(layout.degrees.tensor / max(1, heads)) ranks",
          source: "as Megatron-LM does it; the layers of transformers as they are cannot be split further"))
    }
    if layout.engine.isSequenceParallel {
      result.append(
        Assumption(
          what: "sequence parallelism", value: "norms and residuals in pieces; embedding and head whole",
          source: "SequenceParallel and PrepareModuleInput of torch.distributed.tensor.parallel (torch 2.11)"))
    }
    return result
  }
}
