internal import Graph
internal import TrainingStep

extension Workload {
  /// The same training with one setting changed, each with the flags that say so. What the workload does already is not
  /// among them.
  func alternatives(usualTargets: LowRankAdapters.Targets) -> [(change: String, workload: Workload)] {
    var all: [(String, Workload)] = []
    func add(_ change: String, _ make: (inout Workload) -> Void) {
      var copy = self
      make(&copy)
      if copy != self { all.append((change, copy)) }
    }
    if checkpointing == .none {
      add("--checkpointing non-reentrant") { $0.checkpointing = .nonReentrant }
    }
    if forward.adapters == nil, forward.technique == nil {
      add("--lora-rank 16") {
        $0.forward.adapters = LowRankAdapters(
          rank: 16, targets: usualTargets, excluded: [], dropout: 0)
      }
    }
    if forward.precision != .bf16, forward.precision != .fp16 {
      add("--precision bf16") { $0.forward.precision = .bf16 }
    }
    if forward.attention == .eager || forward.attention == .math {
      add("--attention sdpa") { $0.forward.attention = .sdpa }
    }
    if forward.batchSize > 1 {
      let half = forward.batchSize / 2
      add("--batch-size \(half) --accumulate \(accumulation * 2)") {
        $0.forward.batchSize = half
        $0.accumulation *= 2
      }
    }
    if optimizer != .adafactor, optimizer != .sgd {
      add("--optimizer adafactor") { $0.optimizer = .adafactor }
    }
    return all
  }
}
