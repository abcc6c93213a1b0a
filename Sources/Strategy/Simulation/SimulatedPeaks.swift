public import TrainingStep
internal import Units

/// Peaks of simulated steps, for the planner.
public struct SimulatedPeaks: PeakEstimator {
  public let estimator: Estimator
  public let workload: Workload

  public init(estimator: Estimator, workload: Workload) {
    self.estimator = estimator
    self.workload = workload
  }

  public func peak(of layout: Layout, batchSize: Int) -> PeakOutcome {
    var workload = workload
    workload.forward.batchSize = batchSize
    do throws(EstimationError) {
      return .estimate(PeakEstimate(try estimator.estimate(workload, layout: layout)))
    } catch {
      return .impossible(error.reason)
    }
  }
}

extension PeakEstimate {
  /// What is held against the device's memory: where one was named, with what the allocator holds beyond its tensors and
  /// what the driver takes.
  init(_ estimate: Estimate) {
    let terms = Category.allCases.compactMap { category in
      estimate.atPeak[category].map { Term(category.rawValue, $0) }
    }
    guard let device = estimate.device else {
      self.init(peak: estimate.peak, terms: terms)
      return
    }
    self.init(peak: device.used, terms: terms + [Term("reserve", device.used - estimate.peak)])
  }
}
