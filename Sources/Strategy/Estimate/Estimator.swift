public import Architecture
public import Checkpoint
internal import Graph
public import TrainingStep
internal import Units

/// Simulates the training of a described model.
public struct Estimator: Sendable {
  public let description: ModelDescription
  public let configuration: Configuration?

  public init(description: ModelDescription, configuration: Configuration?) {
    self.description = description
    self.configuration = configuration
  }

  /// The timeline of two training steps on one GPU.
  public func timeline(_ workload: Workload) throws(LoweringError) -> Timeline {
    let graph = try description.trainingGraph(configuration: configuration, settings: workload.forward)
    return TrainingStep(graph: graph, workload: workload).run()
  }

  public func estimate(_ workload: Workload) throws(LoweringError) -> Estimate {
    let timeline = try timeline(workload)
    guard let (phase, peak) = timeline.peak(ofStep: 2) else {
      throw LoweringError(message: "the simulated run has no second step")
    }
    let phases = (timeline.peaks[2] ?? [:]).filter { [.forward, .backward, .optimizer].contains($0.key) }
    return Estimate(
      peak: peak.bytes, phase: phase, phases: phases.mapValues(\.bytes),
      atPeak: timeline.breakdown(at: peak.event), resident: timeline.resident[2] ?? .zero,
      isRecognised: description.isRecognised, assumptions: assumptions)
  }

  private var assumptions: [Assumption] {
    [
      Assumption(
        what: "framework", value: "torch 2.11, transformers 5.17, eager mode",
        source: "the versions whose allocations are imitated")
    ]
  }
}
