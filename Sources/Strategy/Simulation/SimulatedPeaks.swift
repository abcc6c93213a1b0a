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
      let estimate = try estimator.estimate(workload, layout: layout)
      let terms = Category.allCases.compactMap { category in
        estimate.atPeak[category].map { PeakEstimate.Term(category.rawValue, $0) }
      }
      guard let device = estimate.device else {
        return .estimate(PeakEstimate(peak: estimate.peak, terms: terms))
      }
      // What the allocator holds beyond its tensors, and what the driver takes.
      let rest = PeakEstimate.Term("reserve", device.used - estimate.peak)
      return .estimate(PeakEstimate(peak: device.used, terms: terms + [rest]))
    } catch {
      return .impossible(error.reason)
    }
  }
}
