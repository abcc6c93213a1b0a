internal import Architecture
internal import Checkpoint
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
  /// Whether what cannot be the best is tried too.
  public var isExhaustive = false

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

  /// Every trial that could be the best, and those before it that cannot run.
  private func candidates(on cluster: Cluster, offload: Offload = .none) -> [Candidate] {
    let trials = trials(on: cluster, offload: offload)
    guard !isExhaustive, objective == .throughput || objective == .gpus else {
      return parallelMap(trials.count) { candidate(trials[$0], on: cluster) }
    }
    // What a step could do at best needs no memory to be known. In that order, nothing behind what cannot overtake the
    // best can be better.
    let bounds = parallelMap(trials.count) { speedBound(trials[$0], on: cluster) }
    let order = trials.indices.sorted { (bounds[$1], $0) < (bounds[$0], $1) }
    var found: [Candidate] = []
    var fastest = 0.0
    for start in stride(from: 0, to: order.count, by: Self.groupSize) {
      let group = order[start..<min(start + Self.groupSize, order.count)]
      guard bounds[order[start]] > fastest else { break }
      let next = parallelMap(group.count) { candidate(trials[group[group.startIndex + $0]], on: cluster) }
      fastest = next.reduce(fastest) { max($0, $1.speed) }
      found += next
    }
    return found
  }

  /// Trials that run at once. It does not follow the machine, so that the answer does not either.
  private static let groupSize = 4

  /// What a trial's speed comes to with the largest batch that is looked for, which keeps the GPU busiest, or with the one
  /// that is fixed; endless where the GPU is not known.
  private func speedBound(_ trial: Trial, on cluster: Cluster) -> Double {
    var largest = Candidate(
      trial, batchSize: choices.batchSize ?? Self.mostSequences, estimate: nil, fits: true, whyNot: nil)
    time(&largest, trial, on: cluster)
    return largest.stepSeconds == nil ? .infinity : largest.speed
  }

  /// How long a candidate's step takes, where that is known.
  private func time(_ candidate: inout Candidate, _ trial: Trial, on cluster: Cluster) {
    var workload = trial.workload
    workload.forward.batchSize = candidate.batchSize
    let times = SimulatedStepTimes(estimator: estimator, workload: workload, cluster: cluster)
    guard let time = try? times.time(of: trial.layout) else { return }
    candidate.stepSeconds = time.seconds
    candidate.tokensPerSecond = time.tokensPerSecond
    candidate.mfu = time.mfu
  }

  /// The plan of the smallest part of the cluster that does it.
  private func fewest() -> [Candidate] {
    var last: [Candidate] = []
    for part in parts {
      last = candidates(on: part)
      if last.contains(where: \.fits) { break }
    }
    return last
  }

  /// The cluster's parts, the smallest first: so many GPUs of one node, then whole nodes.
  var parts: [Cluster] {
    LayoutSpace.divisors(of: cluster.gpus ?? 1)
      .filter { $0 <= cluster.gpusPerNode || $0 % cluster.gpusPerNode == 0 }
      .map { gpus in
        var part = cluster.first(nodes: max(1, gpus / cluster.gpusPerNode))
        part.gpusPerNode = gpus / part.nodes
        return part
      }
  }

  // MARK: - One trial

  func candidate(_ trial: Trial, on cluster: Cluster) -> Candidate {
    let estimator = estimator(on: cluster, ranks: cluster.gpus)
    let probe = probe(trial)
    @Sendable func estimate(_ batch: Int, _ workload: Workload) -> Result<Estimate, EstimationError> {
      var workload = workload
      workload.forward.batchSize = batch
      return Result { () throws(EstimationError) in try estimator.estimate(workload, layout: trial.layout) }
    }
    func shortfall(_ estimate: Estimate, _ batch: Int) -> String {
      "needs \(estimate.used) a GPU at batch size \(batch), \(estimate.used - cluster.limit) more than the "
        + "\(cluster.limit) it may use"
    }

    let first = choices.batchSize ?? 1
    let least = residentBound(trial)
    guard least <= cluster.limit else {
      return Candidate(
        trial, batchSize: first, estimate: nil, fits: false,
        whyNot: "weights and what the optimizer keeps of them take \(least) a GPU, \(least - cluster.limit) more than "
          + "the \(cluster.limit) it may use")
    }
    switch estimate(first, probe) {
    case .failure(let error):
      return Candidate(trial, batchSize: first, estimate: nil, fits: false, whyNot: error.reason)
    case .success(let smallest):
      guard smallest.used <= cluster.limit else {
        return Candidate(
          trial, batchSize: first, estimate: smallest, fits: false,
          whyNot: shortfall(smallest, first))
      }
      var best = (number: first, value: smallest)
      if choices.batchSize == nil, objective != .memory {
        let found = largest(upTo: Self.mostSequences, from: 1) { batch in
          batch == 1 ? smallest : try? estimate(batch, probe).get()
        }
        if let found { best = found }
      }
      // The buffers of further micro-batches may be more than fits.
      while probe.accumulation != trial.workload.accumulation,
        let all = try? estimate(best.number, trial.workload).get()
      {
        best.value = all
        guard all.used > cluster.limit, best.number > 1, choices.batchSize == nil else { break }
        best.number -= 1
      }
      guard best.value.used <= cluster.limit else {
        return Candidate(
          trial, batchSize: best.number, estimate: best.value, fits: false, whyNot: shortfall(best.value, best.number))
      }
      var candidate = Candidate(trial, batchSize: best.number, estimate: best.value, fits: true, whyNot: nil)
      time(&candidate, trial, on: cluster)
      return candidate
    }
  }

  private func estimator(on cluster: Cluster, ranks: Int?) -> Estimator {
    var result = estimator
    result.device = Device(gpu: cluster.gpu, memory: cluster.limit, ranks: ranks ?? 1)
    return result
  }

  /// What tells a trial's largest batch: no rank of a pipeline has more micro-batches in flight than there are stages.
  private func probe(_ trial: Trial) -> Workload {
    var result = trial.workload
    if trial.layout.degrees.pipeline > 1 {
      result.accumulation = max(workload.accumulation, trial.layout.degrees.pipeline)
    }
    return result
  }

  /// The least that a rank's share of what trains and of its optimizer states takes.
  private func residentBound(_ trial: Trial) -> ByteCount {
    let (layout, workload) = (trial.layout, trial.workload)
    guard layout.engine.offload == .none, let work = try? estimator.work(workload, layout) else { return .zero }
    // Gemini and DeepSpeed hold weights in 16 bits where autocast would make copies.
    let width = workload.forward.precision.autocast?.bitWidth
    let bytes = work.trained.reduce(0) { $0 + $1.key.bytes * Double($1.value) }
    let narrow = work.trained.reduce(0) { sum, entry in
      sum + entry.key.elements * Double(min(width ?? .max, entry.key.dataType.bitWidth)) / 8 * Double(entry.value)
    }
    let ranks = Double(layout.engine.shardDegree ?? layout.degrees.data * layout.degrees.context)
    let kept: Double =
      switch workload.optimizer {
      case .adamW, .adamWFused, .adamWLoop: 2 * bytes
      default: 0
      }
    let held =
      switch layout.strategy {
      case .fsdp, .fsdp1: (bytes + kept) / ranks
      // When an update begins, the second copy of the parameters is there too.
      case .zero3, .zeroPlusPlus, .deepOptimizerStates, .fuyou:
        (narrow + kept) / ranks + (layout.engine.levels.secondary.map { narrow / Double($0) } ?? 0)
      case .zeroTopology: narrow / Double(layout.engine.levels.parameters ?? 1) + kept / ranks
      case .zero1, .zero2, .zeroRedundancy, .gemini: narrow + kept / ranks
      case .single, .ddp, .tp, .pp: bytes + kept
      }
    return ByteCount(Int(min(held / Double(layout.degrees.pipeline * layout.degrees.expert), 1e18)))
  }

  /// The longest sequences that a candidate could take, one at a time; nil where a sample is not made of tokens.
  private func longestSequence(_ candidate: Candidate) -> Int? {
    guard estimator.readsTokens(workload) else { return nil }
    let estimator = estimator(on: cluster, ranks: candidate.degrees.worldSize)
    let unit = 128 * candidate.degrees.context * candidate.degrees.tensor
    let most = (estimator.description.maximumPositions?.value ?? 1 << 20) / unit
    // A candidate fits with the sequences that were asked for.
    let found = largest(upTo: most, from: max(1, workload.forward.sequenceLength / unit)) { units in
      var longer = workload
      longer.forward.batchSize = 1
      longer.forward.sequenceLength = units * unit
      longer.checkpointing = candidate.checkpointing
      longer.accumulation = candidate.accumulation
      return try? estimator.estimate(longer, layout: candidate.layout)
    }
    return found.map { $0.number * unit }
  }

  private func largest(
    upTo limit: Int, from start: Int, _ estimate: @Sendable (Int) -> Estimate?
  ) -> (number: Int, value: Estimate)? {
    BatchSearch.largest(upTo: limit, from: start, budget: Double(cluster.limit.bytes)) { numbers in
      parallelMap(numbers.count) { estimate(numbers[$0])?.sample(within: cluster.limit) }
    }
  }

  // MARK: - Order

  /// Those that fit, best first; then those that do not, nearest first.
  private func isBefore(_ left: Candidate, _ right: Candidate) -> Bool {
    if left.fits != right.fits { return left.fits }
    guard left.fits else {
      let peaks = (left.peak ?? ByteCount(.max), right.peak ?? ByteCount(.max))
      return peaks.0 == peaks.1 ? left.order < right.order : peaks.0 < peaks.1
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
    let peak = estimate.map { PeakEstimate($0) }
    self.init(
      layout: trial.layout, batchSize: batchSize, peak: peak?.peak, terms: peak?.terms ?? [], fits: fits,
      whyNot: whyNot,
      score: 0)
    checkpointing = trial.workload.checkpointing
    accumulation = trial.workload.accumulation
  }

  /// Samples that all GPUs take in one step.
  var samplesPerStep: Int {
    let (samples, overflow) = (batchSize * accumulation).multipliedReportingOverflow(by: degrees.data * degrees.expert)
    return overflow ? .max : samples
  }

  public var samplesPerSecond: Double? { stepSeconds.map { Double(samplesPerStep) / $0 } }

  /// Tokens a second, or samples where those are not made of tokens; 0 where neither is known.
  fileprivate var speed: Double { tokensPerSecond ?? samplesPerSecond ?? 0 }

  /// Figures of which the first that differs decides; more is better.
  fileprivate func merits(_ objective: PlanObjective) -> [Double] {
    let memory = -Double(peak?.bytes ?? .max)
    switch objective {
    case .throughput: return [speed, memory]
    case .memory: return [memory, speed]
    case .batch: return [Double(samplesPerStep), speed, memory]
    case .gpus: return [-Double(degrees.worldSize ?? .max), speed, memory]
    }
  }

  /// A fixed order of equals: the simpler engine first.
  fileprivate var order: (Int, Int, String) {
    (degrees.tensor * degrees.pipeline * degrees.context, strategy.tieRank(degrees), strategy.rawValue)
  }
}

extension Estimate {
  /// What is held against the memory of a device.
  fileprivate var used: ByteCount { device?.used ?? peak }

  /// The peak of each phase grows evenly. What the allocator holds beyond it is given back when the device is full.
  fileprivate func sample(within limit: ByteCount) -> BatchSearch.Sample<Estimate> {
    let outside = device?.outside ?? .zero
    let sizes = [Phase.forward, .backward, .optimizer].map { Double(((phases[$0] ?? .zero) + outside).bytes) }
    return BatchSearch.Sample(value: self, fits: used <= limit, sizes: sizes)
  }
}
