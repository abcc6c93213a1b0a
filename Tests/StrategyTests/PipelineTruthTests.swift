import Strategy
import Testing
import TrainingStep

/// Ranks of a pipeline as `torch.distributed.pipelining` (torch 2.11) ran them in a trace, like those of
/// Tests/Truth/README.md: llama3-tiny in bf16, micro-batches of two sequences of 64 tokens, layers cut evenly.
@Suite("Traced ranks of a pipeline")
struct PipelineTruthTests {
  struct Run: Sendable {
    var schedule: PipelineSchedule
    var ranks: Int
    var rank: Int
    var batches: Int
    /// While the schedule runs, and in the update of the second step.
    var peaks: (running: Int, update: Int)
  }

  static let runs = [
    Run(schedule: .oneForwardOneBackward, ranks: 2, rank: 0, batches: 4, peaks: (24_044_544, 22_051_840)),
    Run(schedule: .oneForwardOneBackward, ranks: 2, rank: 1, batches: 4, peaks: (26_243_072, 22_054_400)),
    Run(schedule: .gpipe, ranks: 2, rank: 0, batches: 3, peaks: (23_976_960, 21_984_256)),
    Run(schedule: .gpipe, ranks: 2, rank: 1, batches: 3, peaks: (32_566_272, 21_986_816)),
    Run(schedule: .oneForwardOneBackward, ranks: 4, rank: 1, batches: 6, peaks: (11_512_832, 7_849_984)),
    Run(schedule: .interleaved, ranks: 2, rank: 0, batches: 4, peaks: (26_205_184, 22_576_128)),
    Run(schedule: .interleaved, ranks: 2, rank: 1, batches: 4, peaks: (28_264_448, 22_578_688)),
  ]

  static func workload(_ batches: Int) -> Workload {
    Workload(
      forward: .init(batchSize: 2, sequenceLength: 64, precision: .bf16, loop: .plain), accumulation: batches)
  }

  @Test(arguments: runs) func peaks(_ run: Run) throws {
    let model = try #require(TracedModel.all["llama3-tiny"])
    var layout = Layout(.pp, ParallelDegrees(pipeline: run.ranks))
    layout.engine.schedule = run.schedule
    let timeline = try model.estimator.timeline(Self.workload(run.batches), layout: layout, ofRank: run.rank)
    let peaks = try #require(timeline.peaks[2]).mapValues(\.bytes.bytes)
    let running = max(peaks[.forward] ?? 0, peaks[.backward] ?? 0)
    // Inputs are one allocation here for each micro-batch, and one for all in the trace.
    #expect(abs(running - run.peaks.running) <= 8 * 512, "\(running) bytes, traced are \(run.peaks.running)")
    #expect(abs((peaks[.optimizer] ?? 0) - run.peaks.update) <= 8 * 512)
  }

  /// The estimate is the worst rank's: the last one's, with the logits.
  @Test func theWorstRankCounts() throws {
    let model = try #require(TracedModel.all["llama3-tiny"])
    let layout = Layout(.pp, ParallelDegrees(pipeline: 2))
    let estimate = try model.estimator.estimate(Self.workload(4), layout: layout)
    let last = try model.estimator.timeline(Self.workload(4), layout: layout, ofRank: 1)
    #expect(estimate.peak == last.peak(ofStep: 2)?.peak.bytes)
    #expect(estimate.assumptions.contains { $0.what == "pipeline rank" && $0.value.hasPrefix("1 of 2") })
  }

  /// A deep stage gives the same from one block of each kind of layer.
  @Test func foldedStages() throws {
    let model = try #require(TracedModel.deepened(to: 40)["llama3-tiny"])
    var whole = model.estimator
    whole.playsEveryLayer = true
    for rank in 0..<2 {
      let layout = Layout(.pp, ParallelDegrees(pipeline: 2))
      let folded = try model.estimator.timeline(Self.workload(3), layout: layout, ofRank: rank)
      #expect(
        try whole.timeline(Self.workload(3), layout: layout, ofRank: rank).peaks[2]?.mapValues(\.bytes)
          == folded.peaks[2]?.mapValues(\.bytes))
    }
  }

  @Test func refusals() throws {
    let model = try #require(TracedModel.all["llama3-tiny"])
    func reason(_ layout: Layout, _ batches: Int) -> String? {
      #expect(throws: EstimationError.self) { try model.estimator.estimate(Self.workload(batches), layout: layout) }?
        .reason
    }
    #expect(reason(Layout(.pp, ParallelDegrees(pipeline: 8)), 8)?.contains("4 layers do not fill 8") == true)
    #expect(reason(Layout(.pp, ParallelDegrees(pipeline: 4)), 2)?.contains("1F1B wants") == true)
    #expect(reason(Layout(.fsdp, ParallelDegrees(data: 2, pipeline: 2)), 2)?.contains("with a pipeline") == true)
    #expect(reason(Layout(.pp, ParallelDegrees(pipeline: 2, context: 2)), 2)?.contains("context") == true)
  }
}
