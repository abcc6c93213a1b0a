public import TrainingStep
public import Units

/// What is alive at an estimate's peak, and what would lower it most.
public struct Explanation: Sendable {
  /// Tensors alike: made by one operator in modules whose names differ only in numbers.
  public struct Holding: Hashable, Sendable {
    public var category: Category
    /// `model.layers.#.mlp.down_proj`; empty for what no module made.
    public var module: String
    /// The operator that made them.
    public var operatorName: String
    /// The operator whose backward pass autograd keeps them for.
    public var keptFor: String?
    public var count: Int
    public var bytes: ByteCount
  }

  /// A change of one setting, and the peak that its simulation has.
  public struct Saving: Sendable {
    /// As flags: `--checkpointing non-reentrant`.
    public var change: String
    public var peak: ByteCount
    public var saved: ByteCount
  }

  /// The largest first.
  public var holdings: [Holding]
  /// The three that save most; fewer where fewer save anything.
  public var savings: [Saving]
}

extension Estimator {
  /// Explains the peak of a workload's second step.
  ///
  /// Every saving is a run of its own, simulated with one setting changed.
  public func explanation(
    _ workload: Workload, layout: Layout = Layout(.single, ParallelDegrees())
  ) throws(EstimationError) -> Explanation {
    let timeline = try timeline(workload, layout: layout)
    guard let peak = timeline.peak(ofStep: 2)?.peak else {
      throw EstimationError(reason: "the simulated run has no second step")
    }
    var savings: [Explanation.Saving] = []
    for (change, changed) in workload.alternatives(usualTargets: .usual(of: description.modelType ?? "")) {
      guard let other = try? self.timeline(changed, layout: layout).peak(ofStep: 2)?.peak.bytes, other < peak.bytes
      else { continue }
      savings.append(.init(change: change, peak: other, saved: peak.bytes - other))
    }
    savings.sort { ($1.saved, $0.change) < ($0.saved, $1.change) }
    return Explanation(holdings: timeline.holdings(at: peak.event), savings: Array(savings.prefix(3)))
  }
}

extension Timeline {
  /// What was alive right after an event, put together by what made it.
  fileprivate func holdings(at event: Int) -> [Explanation.Holding] {
    var holdings: [Explanation.Holding: Explanation.Holding] = [:]
    for allocation in live(at: event) {
      let key = Explanation.Holding(
        category: category(of: allocation), module: allocation.module.withoutNumbers, operatorName: allocation.cause,
        keptFor: allocation.keptFor, count: 0, bytes: .zero)
      holdings[key, default: key].count += 1
      holdings[key]?.bytes += allocation.bytes
    }
    return holdings.values.sorted {
      ($1.bytes, $0.module, $0.operatorName, $0.keptFor ?? "") < (
        $0.bytes, $1.module, $1.operatorName, $1.keptFor ?? ""
      )
    }
  }
}

extension String {
  /// A module's path with `#` for each part that is a number.
  fileprivate var withoutNumbers: String {
    split(separator: ".", omittingEmptySubsequences: false)
      .map { $0.allSatisfy(\.isNumber) && !$0.isEmpty ? "#" : String($0) }.joined(separator: ".")
  }
}
