internal import Units

/// LLMem's question (arXiv 2404.10933): how large a batch each of its methods can take, and which has the highest score.
/// ``PlanSearch`` asks for every strategy and ranks by time.
public struct Planner: Sendable {
  /// The batch that each layout is tried with.
  public enum Batch: Hashable, Sendable {
    /// The largest that fits, up to a limit.
    case largest(upTo: Int)
    case fixed(Int)
  }

  public var cluster: Cluster
  public var memory: any PeakEstimator

  public init(cluster: Cluster, memory: any PeakEstimator) {
    self.cluster = cluster
    self.memory = memory
  }

  public func plan(_ layouts: [Layout], batch: Batch = .largest(upTo: 1 << 16)) -> Plan {
    let candidates = layouts.map { candidate($0, batch: batch) }.sorted(by: Self.isBefore)
    let fits = candidates.contains(where: \.fits)
    return Plan(candidates: candidates, advice: fits ? [] : advice(candidates))
  }

  private func candidate(_ layout: Layout, batch: Batch) -> Candidate {
    let batchSize =
      switch batch {
      case .fixed(let size): size
      case .largest(let limit): BatchSearch.largest(upTo: limit) { fits(layout, batchSize: $0) } ?? 1
      }
    switch memory.peak(of: layout, batchSize: batchSize) {
    case .impossible(let reason):
      return Candidate(
        layout: layout, batchSize: batchSize, peak: nil, terms: [], fits: false, whyNot: reason, score: 0)
    case .estimate(let estimate):
      let fits = estimate.peak <= cluster.limit
      return Candidate(
        layout: layout, batchSize: batchSize, peak: estimate.peak, terms: estimate.terms, fits: fits,
        whyNot: fits ? nil : shortfall(of: estimate.peak, batchSize: batchSize),
        score: fits ? Self.score(layout, batchSize: batchSize) : 0)
    }
  }

  private func fits(_ layout: Layout, batchSize: Int) -> Bool {
    guard case .estimate(let estimate) = memory.peak(of: layout, batchSize: batchSize) else { return false }
    return estimate.peak <= cluster.limit
  }

  /// Samples a step times the speed of the strategy: CDP `bs * gpu_n * 1.5`, ADP `bs * gpu_n`, TP `bs`, DP+TP
  /// `bs * dp_n` (arXiv 2404.10933).
  static func score(_ layout: Layout, batchSize: Int) -> Double {
    Double(batchSize) * Double(layout.degrees.data) * layout.strategy.speedWeight
  }

  /// The highest score first; equals in the paper's order, then by the smaller peak.
  private static func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
    if left.fits != right.fits { return left.fits }
    if !left.fits { return (left.peak ?? .largest) < (right.peak ?? .largest) }
    if left.score != right.score { return left.score > right.score }
    let ranks = (left.strategy.tieRank(left.degrees), right.strategy.tieRank(right.degrees))
    if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
    return (left.peak ?? .largest) < (right.peak ?? .largest)
  }

  private func shortfall(of peak: ByteCount, batchSize: Int) -> String {
    let missing = peak - cluster.limit
    return "needs \(peak) a GPU at batch size \(batchSize), \(missing) more than the \(cluster.limit) it may use"
  }

  private func advice(_ candidates: [Candidate]) -> [String] {
    guard let nearest = candidates.first(where: { $0.peak != nil }), let peak = nearest.peak else {
      return ["no layout can run on this cluster: change the number of GPUs"]
    }
    return [
      "the nearest, \(nearest.strategy.rawValue), lacks \(peak - cluster.limit) a GPU",
      "offload optimizer states or parameters to the CPU, train adapters only (--lora-rank), or add GPUs",
    ]
  }
}

extension ByteCount {
  fileprivate static let largest = ByteCount(.max)
}
