import Architecture
import Graph
import TrainingStep
import Units

extension Estimator {
  /// Which routing is modelled, and what the worst one would add.
  ///
  /// Where rows are sorted by expert, nothing has a size that depends on which experts a token goes to: the pairs of a
  /// token and an expert are as many however they are spread, and the products by group write one tensor for all of them.
  func expertAssumptions(_ workload: Workload, _ layout: Layout, peak: ByteCount) -> [Assumption] {
    var settings = workload.forward
    settings.quantization = description.quantization(settings)
    switch description.expertRouting(settings) {
    case nil: return []
    case .grouped? where layout.degrees.expert > 1:
      return [
        Assumption(
          what: "experts", value: "\(layout.degrees.expert) ranks share them, the rest is on each",
          source: "the exchange of torchtitan's ExpertParallel around transformers' grouped_mm; "
            + "DistributedDataParallel leaves the experts out of its buckets"),
        evenRouting(
          workload, layout, peak: peak,
          "each rank gets as many rows as it sends; at worst every token's experts are on it"),
      ]
    case .grouped?:
      return [
        anyRouting(
          "experts_implementation=grouped_mm, transformers' own choice: as many rows as tokens times experts for each, so "
            + "all tokens at the same experts take what an even spread takes (the loop of \"eager\" is not simulated)")
      ]
    case .everyExpert?:
      return [anyRouting("every token passes every expert, weighted by its score, whichever the router picks")]
    case .loop?:
      let stacked = description.bytesAddedByStacking(settings)
      return [
        Assumption(
          what: "experts", value: "one by one, each quantised",
          source: "as before transformers 5, which stacks them in a parameter that bitsandbytes leaves in "
            + "\(settings.parameterType.rawValue): \(stacked) more"),
        evenRouting(
          workload, layout, peak: peak,
          "as many rows for each expert; at worst every token passes the same experts"),
      ]
    }
  }

  private func evenRouting(
    _ workload: Workload, _ layout: Layout, peak: ByteCount, _ source: String
  ) -> Assumption {
    var other = workload
    other.forward.expertBalance = .worst
    let worst = try? timeline(other, layout: layout).peak(ofStep: 2)?.peak.bytes
    return Assumption(
      what: "routing of experts",
      value: "even" + (worst.map { "; the worst adds \(max(.zero, $0 - peak)) to it" } ?? ""), source: source)
  }

  private func anyRouting(_ source: String) -> Assumption {
    Assumption(what: "routing of experts", value: "any; the worst adds 0 B to an even one", source: source)
  }
}
