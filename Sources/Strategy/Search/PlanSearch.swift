internal import Architecture
internal import Dispatch
internal import Graph
public import TrainingStep
internal import Units

/// Tries every layout of a cluster with every kind of checkpointing, each with the largest batch that fits, and ranks them
/// by how long their steps take.
public struct PlanSearch: Sendable {
  public var estimator: Estimator
  public var workload: Workload
  public var cluster: Cluster
  public var objective: PlanObjective
  public var choices: PlanChoices

  /// - Parameter estimator: whose device is set from the cluster.
  public init(
    estimator: Estimator, workload: Workload, cluster: Cluster, objective: PlanObjective = .throughput,
    choices: PlanChoices = PlanChoices()
  ) {
    self.estimator = estimator
    self.workload = workload
    self.cluster = cluster
    self.objective = objective
    self.choices = choices
  }

  /// The most sequences a GPU that are looked for.
  static let mostSequences = 1 << 12

  public func plan() -> Plan {
    var candidates = objective == .gpus ? fewest() : candidates(on: cluster)
    if !candidates.contains(where: \.fits), choices.offload == nil {
      candidates += [Offload.optimizer, .all].flatMap { self.candidates(on: cluster, offload: $0) }
    }
    candidates.sort(by: isBefore)
    let best = candidates.first.flatMap { $0.fits ? $0 : nil }
    return Plan(
      candidates: candidates, advice: best == nil ? advice(candidates) : [],
      longestSequence: best.flatMap { longestSequence($0) })
  }

  // MARK: - Trials

  /// A layout with what else a plan chooses.
  struct Trial: Sendable {
    var layout: Layout
    var workload: Workload
  }

  func trials(on cluster: Cluster, offload: Offload = .none) -> [Trial] {
    let space = LayoutSpace(
      gpus: cluster.gpus ?? 1, gpusPerNode: cluster.gpusPerNode, layers: estimator.description.layers.count,
      heads: estimator.description.headCount?.value ?? 1,
      sharesSequences: choices.context != nil || workload.forward.sequenceLength >= Self.longSequence,
      experts: estimator.description.expertCount?.value ?? 1, choices: choices)
    let kinds = choices.checkpointing.map { [$0] } ?? [.none, .nonReentrant]
    return space.layouts(offload: offload).flatMap { layout in
      kinds.map { checkpointing in
        var workload = workload
        workload.checkpointing = checkpointing
        // A schedule wants as many micro-batches as stages; with four times as many, little of a step is idle.
        if layout.degrees.pipeline > 1 {
          workload.accumulation = max(workload.accumulation, 4 * layout.degrees.pipeline)
        }
        return Trial(layout: layout, workload: workload)
      }
    }
  }

  /// From this length on, ranks that share a sequence are tried.
  static let longSequence = 16_384

  private func candidates(on cluster: Cluster, offload: Offload = .none) -> [Candidate] {
    let trials = trials(on: cluster, offload: offload)
    var found = [Candidate?](repeating: nil, count: trials.count)
    found.withUnsafeMutableBufferPointer { found in
      // Each trial has a place of its own.
      nonisolated(unsafe) let places = found
      DispatchQueue.concurrentPerform(iterations: trials.count) { index in
        places[index] = candidate(trials[index], on: cluster)
      }
    }
    return found.compactMap(\.self)
  }

  /// The plan of the smallest part of the cluster that does it.
  private func fewest() -> [Candidate] {
    var last: [Candidate] = []
    for gpus in LayoutSpace.divisors(of: cluster.gpus ?? 1) {
      var part = cluster
      part.nodes = max(1, gpus / cluster.gpusPerNode)
      part.gpusPerNode = gpus / part.nodes
      last = candidates(on: part)
      if last.contains(where: \.fits) { break }
    }
    return last
  }

  // MARK: - One trial

  private struct Found {
    var estimate: Estimate?
    var reason: String?
  }

  func candidate(_ trial: Trial, on cluster: Cluster) -> Candidate {
    var estimator = estimator
    estimator.device = Device(gpu: cluster.gpu, memory: cluster.limit, ranks: cluster.gpus ?? 1)
    func estimate(_ batch: Int) -> Result<Estimate, EstimationError> {
      var workload = trial.workload
      workload.forward.batchSize = batch
      return Result { () throws(EstimationError) in try estimator.estimate(workload, layout: trial.layout) }
    }
    func used(_ estimate: Estimate) -> ByteCount { estimate.device?.used ?? estimate.peak }

    let first = choices.batchSize ?? 1
    switch estimate(first) {
    case .failure(let error):
      return Candidate(trial, batchSize: first, estimate: nil, fits: false, whyNot: error.reason)
    case .success(let smallest):
      guard used(smallest) <= cluster.limit else {
        return Candidate(
          trial, batchSize: first, estimate: smallest, fits: false,
          whyNot: "needs \(used(smallest)) a GPU at batch size \(first), "
            + "\(used(smallest) - cluster.limit) more than the \(cluster.limit) it may use")
      }
      var best = (number: first, value: smallest)
      if choices.batchSize == nil, objective != .memory {
        let found = BatchSearch.largest(upTo: Self.mostSequences, budget: Double(cluster.limit.bytes)) { batch in
          let found = batch == 1 ? smallest : try? estimate(batch).get()
          return found.map { found in
            BatchSearch.Sample(
              value: found, fits: used(found) <= cluster.limit, size: Double(max(found.reserved, found.peak).bytes))
          }
        }
        if let found { best = found }
      }
      var candidate = Candidate(trial, batchSize: best.number, estimate: best.value, fits: true, whyNot: nil)
      var workload = trial.workload
      workload.forward.batchSize = best.number
      let times = SimulatedStepTimes(estimator: estimator, workload: workload, cluster: cluster)
      if let time = try? times.time(of: trial.layout) {
        candidate.stepSeconds = time.seconds
        candidate.tokensPerSecond = time.tokensPerSecond
        candidate.mfu = time.mfu
      }
      return candidate
    }
  }

  /// The longest sequences that a candidate could take, one at a time.
  private func longestSequence(_ candidate: Candidate) -> Int? {
    var estimator = estimator
    estimator.device = Device(gpu: cluster.gpu, memory: cluster.limit, ranks: candidate.degrees.worldSize ?? 1)
    var workload = workload
    workload.forward.batchSize = 1
    workload.checkpointing = candidate.checkpointing
    workload.accumulation = candidate.accumulation
    let unit = 128 * candidate.degrees.context * candidate.degrees.tensor
    let most = (estimator.description.maximumPositions?.value ?? 1 << 20) / unit
    let found = BatchSearch.largest(upTo: most, budget: Double(cluster.limit.bytes)) { units in
      var longer = workload
      longer.forward.sequenceLength = units * unit
      return (try? estimator.estimate(longer, layout: candidate.layout)).map { estimate in
        let used = estimate.device?.used ?? estimate.peak
        return BatchSearch.Sample(
          value: (), fits: used <= cluster.limit, size: Double(max(estimate.reserved, estimate.peak).bytes))
      }
    }
    return found.map { $0.number * unit }
  }

  // MARK: - Order

  /// Those that fit, best first; then those that do not, nearest first.
  private func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
    if left.fits != right.fits { return left.fits }
    guard left.fits else {
      return (left.peak ?? ByteCount(.max), left.order) < (right.peak ?? ByteCount(.max), right.order)
    }
    for (mine, other) in zip(left.merits(objective), right.merits(objective)) where mine != other {
      return mine > other
    }
    return left.order < right.order
  }
}

extension Candidate {
  fileprivate init(
    _ trial: PlanSearch.Trial, batchSize: Int, estimate: Estimate?, fits: Bool, whyNot: String?
  ) {
    let terms = Category.allCases.compactMap { category in
      estimate?.atPeak[category].map { PeakEstimate.Term(category.rawValue, $0) }
    }
    self.init(
      layout: trial.layout, batchSize: batchSize, peak: estimate.map { $0.device?.used ?? $0.peak }, terms: terms,
      fits: fits, whyNot: whyNot, score: 0)
    checkpointing = trial.workload.checkpointing
    accumulation = trial.workload.accumulation
  }

  /// Samples that all GPUs take in one step.
  var samplesPerStep: Int {
    let (samples, overflow) = (batchSize * accumulation).multipliedReportingOverflow(by: degrees.data * degrees.expert)
    return overflow ? .max : samples
  }

  /// Figures of which the first that differs decides; more is better.
  fileprivate func merits(_ objective: PlanObjective) -> [Double] {
    let speed = tokensPerSecond ?? stepSeconds.map { Double(samplesPerStep) / $0 } ?? 0
    let memory = -Double(peak?.bytes ?? .max)
    switch objective {
    case .throughput: return [speed, memory]
    case .memory: return [memory, speed]
    case .batch: return [Double(samplesPerStep), speed, memory]
    case .gpus: return [-Double(degrees.worldSize ?? .max), speed, memory]
    }
  }

  /// A fixed order of equals: the simpler engine first.
  fileprivate var order: String { "\(degrees.tensor * degrees.pipeline * degrees.context)\(strategy.tieRank(degrees))\(strategy.rawValue)" }
}
