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
      return .estimate(PeakEstimate(peak: estimate.peak, terms: terms))
    } catch {
      return .impossible(error.reason)
    }
  }
}
