/// What a plan asks of a model of memory: the peak of the fullest GPU under a layout.
///
/// A larger batch must not have a smaller peak: the search for the largest that fits relies on it.
public protocol PeakEstimator: Sendable {
  func peak(of layout: Layout, batchSize: Int) -> PeakOutcome
}

/// A peak, or why there is none.
public enum PeakOutcome: Hashable, Sendable {
  case estimate(PeakEstimate)
  /// The layout cannot run at all, in one line: `32 heads do not divide by 5`.
  case impossible(String)
}
