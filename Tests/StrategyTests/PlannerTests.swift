import Strategy
import Testing
import Units

@Suite("The planner")
struct PlannerTests {
  /// A gibibyte a sequence, and one that does not depend on the batch.
  struct Linear: PeakEstimator {
    func peak(of layout: Layout, batchSize: Int) -> PeakOutcome {
      if layout.degrees.tensor == 3 { return .impossible("8 heads do not divide by 3") }
      let (bytes, overflow) = batchSize.multipliedReportingOverflow(by: 1 << 30)
      let peak = overflow ? ByteCount(.max) : ByteCount(bytes) + .gibibytes(layout.strategy == .ddp ? 8 : 1)
      return .estimate(PeakEstimate(peak: peak, terms: [PeakEstimate.Term("all", peak)]))
    }
  }

  static func planner(gibibytes: Int, margin: Double = 0) -> Planner {
    let cluster = Cluster(gpu: nil, memory: .gibibytes(gibibytes), gpusPerNode: 4, memoryMargin: margin)
    return Planner(cluster: cluster, memory: Linear())
  }

  static let layouts = Layout.llmem(gpus: 4, gpusPerNode: 4)

  @Test func layoutsOfThePaper() {
    #expect(
      Self.layouts == [
        Layout(.ddp, ParallelDegrees(data: 4)), Layout(.gemini, ParallelDegrees(data: 4)),
        .colossalAI(tensor: 4), .colossalAI(data: 2, tensor: 2),
      ])
    #expect(Layout.llmem(gpus: 1, gpusPerNode: 8) == [Layout(.single, ParallelDegrees())])
    #expect(Layout.llmem(gpus: 16, gpusPerNode: 8).map(\.degrees.tensor) == [1, 1, 8, 4, 2])
    #expect(Layout.llmem(gpus: 7, gpusPerNode: 1).count == 2)
    #expect(Layout.llmem(gpus: .max, gpusPerNode: .max).allSatisfy { $0.degrees.worldSize == .max })
  }

  @Test func largestBatchThatFits() {
    for memory in [2, 3, 4, 16, 17, 100] {
      let plan = Self.planner(gibibytes: memory).plan([Layout(.gemini, ParallelDegrees(data: 4))])
      #expect(plan.best?.batchSize == memory - 1)
    }
    let limited = Self.planner(gibibytes: 100).plan([Layout(.single, ParallelDegrees())], batch: .largest(upTo: 7))
    #expect(limited.best?.batchSize == 7)
    let fixed = Self.planner(gibibytes: 100).plan([Layout(.single, ParallelDegrees())], batch: .fixed(5))
    #expect(fixed.best?.batchSize == 5)
  }

  /// 20 GiB: replicas take 12 and score 12 * 4 * 1.5 = 72; shards take 19 and score 76; with 26 GiB replicas take 18
  /// and score 108 against 100.
  @Test func speedWeightsRank() {
    #expect(Self.planner(gibibytes: 20).plan(Self.layouts).best?.strategy == .gemini)
    #expect(Self.planner(gibibytes: 26).plan(Self.layouts).best?.strategy == .ddp)
  }

  @Test func marginStaysFree() {
    let plan = Self.planner(gibibytes: 20, margin: 10).plan([Layout(.gemini, ParallelDegrees(data: 4))])
    #expect(plan.best?.batchSize == 17)
  }

  @Test func whyNotSaysHowMuchIsMissing() throws {
    let plan = Self.planner(gibibytes: 1).plan(Self.layouts + [Layout(.tp, ParallelDegrees(tensor: 3))])
    #expect(plan.best == nil)
    let nearest = try #require(plan.candidates.first)
    #expect(nearest.whyNot == "needs 2.00 GiB a GPU at batch size 1, 1.00 GiB more than the 1.00 GiB it may use")
    #expect(plan.candidates.last?.whyNot == "8 heads do not divide by 3")
    #expect(plan.candidates.last?.peak == nil)
    #expect(!plan.advice.isEmpty)
  }
}
