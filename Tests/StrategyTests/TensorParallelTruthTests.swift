import Strategy
import Testing
import TrainingStep

/// Simulated ranks held against traced ones of torch's tensor parallelism; Tests/Truth/README.md says how those were made.
@Suite("Traced runs under tensor parallelism")
struct TensorParallelTruthTests {
  static let runs = SimulatedRun.simulated(TracedRun.table("tensor-parallel.tsv"))

  /// Each phase's peak to the byte.
  @Test(arguments: runs) func phases(_ simulated: SimulatedRun) throws {
    let phases = try simulated.phases.get()
    for (phase, traced) in simulated.run.phases {
      #expect(phases[phase] == traced, "at the peak of \(phase)")
    }
  }

  @Test func everyStyleHasRuns() {
    #expect(Self.runs.count > 40)
    #expect(Self.runs.contains { $0.run.layout.engine.isSequenceParallel })
    #expect(Set(Self.runs.map(\.run.layout.degrees.tensor)) == [2, 4, 8])
  }
}
