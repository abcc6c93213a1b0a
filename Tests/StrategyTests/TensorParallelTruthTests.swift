import Strategy
import Testing
import TrainingStep

/// Simulated ranks held against traced ones of torch's tensor parallelism; Tests/Truth/README.md says how those were made.
@Suite("Traced runs under tensor parallelism")
struct TensorParallelTruthTests {
  static let runs = SimulatedRun.simulated(TracedRun.table("tensor-parallel.tsv"))

  /// Each phase's peak within 0.01 percent.
  @Test(arguments: runs) func phases(_ simulated: SimulatedRun) throws {
    let phases = try simulated.phases.get()
    for (phase, traced) in simulated.run.phases {
      let bytes = try #require(phases[phase])
      #expect(abs(Double(bytes) / Double(traced) - 1) <= 0.0001, "\(bytes) bytes at the peak of \(phase), traced are \(traced)")
    }
  }

  @Test func everyStyleHasRuns() {
    #expect(Self.runs.count > 40)
    #expect(Self.runs.contains { $0.run.layout.engine.isSequenceParallel })
    #expect(Set(Self.runs.map(\.run.layout.degrees.tensor)) == [2, 4, 8])
  }
}
