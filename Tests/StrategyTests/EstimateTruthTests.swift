import Foundation
import Strategy
import Testing
import TrainingStep

/// Simulated runs held against traced ones; Tests/Truth/README.md says how those were made.
@Suite("Traced runs")
struct EstimateTruthTests {
  @Test func everyModelHasRuns() {
    #expect(TracedModel.all.count > 120)
    #expect(Set(TracedRun.all.map(\.checkpoint)) == Set(TracedModel.all.keys))
  }

  /// Rows that cannot be read are recorded; where the tables are read for the first time, that may be outside of any test.
  @Test(arguments: TracedRun.tables) func everyRowIsRead(_ table: String) {
    #expect(!TracedRun.table(table).isEmpty)
  }

  /// The run's peak within 0.1 percent, and each phase's within 0.5.
  @Test(arguments: SimulatedRun.all) func phases(_ simulated: SimulatedRun) throws {
    let run = simulated.run
    #expect(run.estimator.description.isRecognised)
    let phases = try simulated.phases.get()
    let peak = try #require(phases.values.max())
    let error = abs(Double(peak) / Double(run.peak) - 1)
    #expect(error <= 0.001, "\(peak) bytes at the peak, traced are \(run.peak)")
    for (phase, traced) in run.phases {
      let bytes = try #require(phases[phase])
      let error = abs(Double(bytes) / Double(traced) - 1)
      #expect(error <= 0.005, "\(bytes) bytes at the peak of \(phase), traced are \(traced)")
    }
  }
}

/// A traced run and what the simulation says of it.
struct SimulatedRun: Sendable, CustomTestStringConvertible {
  var run: TracedRun
  /// The peak of each phase of the second step, in bytes.
  var phases: Result<[Phase: Int], any Error>

  var testDescription: String { run.testDescription }

  /// All of them, simulated once for every suite that reads them.
  static let all = simulated(TracedRun.all)

  static func simulated(_ runs: [TracedRun]) -> [SimulatedRun] {
    let results = Results(count: runs.count)
    DispatchQueue.concurrentPerform(iterations: runs.count) { place in results[place] = SimulatedRun(runs[place]) }
    return results.all
  }

  private init(_ run: TracedRun) {
    self.run = run
    phases = Result {
      let timeline =
        try run.rank.map { try run.estimator.timeline(run.workload, layout: run.layout, ofRank: $0) }
        ?? run.estimator.timeline(run.workload, layout: run.layout)
      return timeline.peaks[2]?.mapValues(\.bytes.bytes) ?? [:]
    }
  }

  /// What threads put down, each in its own place.
  private final class Results: @unchecked Sendable {
    private let lock = NSLock()
    private var places: [SimulatedRun?]

    init(count: Int) { places = Array(repeating: nil, count: count) }

    subscript(_ place: Int) -> SimulatedRun? {
      get { lock.withLock { places[place] } }
      set { lock.withLock { places[place] = newValue } }
    }

    var all: [SimulatedRun] { lock.withLock { places.compactMap { $0 } } }
  }
}
