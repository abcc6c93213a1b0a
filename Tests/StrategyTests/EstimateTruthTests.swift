import Strategy
import Testing
import TrainingStep

/// Simulated runs held against traced ones; Tests/Truth/README.md says how those were made.
@Suite("Traced runs")
struct EstimateTruthTests {
  static let samples = TracedRun.table("sample-models.tsv", modelTypes: SampleModels.modelTypes)
  static let others = TracedRun.table("other-models.tsv", modelTypes: Sketch.modelTypes(of: Sketch.all))
  static let settings = TracedRun.table("training-settings.tsv", modelTypes: Sketch.modelTypes(of: Sketch.small))
  static let quantized = TracedRun.table("quantized.tsv", modelTypes: Sketch.modelTypes(of: Sketch.twoLayers))
  static let experts = TracedRun.table("experts.tsv", modelTypes: Sketch.modelTypes(of: Sketch.experts))

  @Test func tablesAreComplete() {
    #expect(Self.samples.count == 50)
    #expect(Self.others.count == 20)
    #expect(Self.settings.count == 134)
    #expect(Set(Self.samples.map(\.checkpoint)) == Set(SampleModels.modelTypes.keys))
    #expect(Set(Self.others.map(\.checkpoint)) == Set(Sketch.all.map(\.name)))
    #expect(Set(Self.settings.map(\.checkpoint)) == Set(Sketch.small.map(\.name)))
    #expect(Set(Self.quantized.map(\.checkpoint)) == Set(Sketch.twoLayers.map(\.name)))
    #expect(Set(Self.experts.map(\.checkpoint)) == Set(Sketch.experts.map(\.name)))
  }

  @Test(arguments: samples) func sampleModels(_ run: TracedRun) throws {
    try Self.compare(run, with: try #require(SampleModels.estimators[run.checkpoint]))
  }

  @Test(arguments: others) func otherModels(_ run: TracedRun) throws {
    let sketch = try #require(Sketch.all.first { $0.name == run.checkpoint })
    #expect(sketch.estimator.description.isRecognised)
    try Self.compare(run, with: sketch.estimator)
  }

  @Test(arguments: settings) func smallModels(_ run: TracedRun) throws {
    try Self.compare(run, with: try #require(Sketch.small.first { $0.name == run.checkpoint }).estimator)
  }

  @Test(arguments: quantized) func quantizedModels(_ run: TracedRun) throws {
    try Self.compare(run, with: try #require(Sketch.twoLayers.first { $0.name == run.checkpoint }).estimator)
  }

  @Test(arguments: experts) func mixturesOfExperts(_ run: TracedRun) throws {
    try Self.compare(run, with: try #require(Sketch.experts.first { $0.name == run.checkpoint }).estimator)
  }

  /// The run's peak within 0.1 percent, and each phase's within 0.5.
  static func compare(_ run: TracedRun, with estimator: Estimator) throws {
    let timeline = try estimator.timeline(run.workload)
    let peak = try #require(timeline.peak(ofStep: 2)).peak.bytes.bytes
    let error = abs(Double(peak) / Double(run.peak) - 1)
    #expect(error <= 0.001, "\(peak) bytes at the peak, traced are \(run.peak)")
    for (phase, traced) in run.phases {
      let simulated = try #require(timeline.peaks[2]?[phase]).bytes.bytes
      let error = abs(Double(simulated) / Double(traced) - 1)
      #expect(error <= 0.005, "\(simulated) bytes at the peak of \(phase), traced are \(traced)")
    }
  }
}
