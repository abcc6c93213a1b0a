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
    guard isExhaustive == false, objective == .throughput || objective == .gpus else {
      return Self.concurrently(trials) { candidate($0, on: cluster) }
    }
    // What a step could do at best needs no memory to be known. In that order, nothing behind what cannot overtake the
    // best can be better.
    let bounds = Self.concurrently(trials) { speedBound($0, on: cluster) }
    let order = trials.indices.sorted { (bounds[$1], $0) < (bounds[$0], $1) }
    var found: [Candidate] = []
    var fastest = 0.0
    for start in stride(from: 0, to: order.count, by: Self.groupSize) {
      let group = order[start..<min(start + Self.groupSize, order.count)]
      guard bounds[order[start]] > fastest else { break }
      let next = Self.concurrently(group.map { trials[$0] }) { candidate($0, on: cluster) }
      fastest = next.reduce(fastest) { max($0, $1.speed) }
      found += next
    }
    return found
  }

  /// Trials that run at once. It does not follow the machine, so that the answer does not either.
  private static let groupSize = 4

  private static func concurrently<Input: Sendable, Output>(
    _ inputs: [Input], _ form: @Sendable (Input) -> Output
  ) -> [Output] {
    var outputs = [Output?](repeating: nil, count: inputs.count)
    outputs.withUnsafeMutableBufferPointer { outputs in
      // Each input has a place of its own.
      nonisolated(unsafe) let places = outputs
      DispatchQueue.concurrentPerform(iterations: inputs.count) { index in places[index] = form(inputs[index]) }
    }
    return outputs.compactMap(\.self)
  }

  /// What a trial's speed comes to with a batch that keeps the GPU busy, or with the one that is fixed; endless where the
  /// GPU is not known.
  private func speedBound(_ trial: Trial, on cluster: Cluster) -> Double {
    var workload = trial.workload
    workload.forward.batchSize = choices.batchSize ?? Self.busyBatch
    let times = SimulatedStepTimes(estimator: estimator, workload: workload, cluster: cluster)
    guard let time = try? times.time(of: trial.layout) else { return .infinity }
    // Steps are a little uneven in the batch, as tiles fill the GPU more or less.
    return 1.03 * (time.tokensPerSecond ?? Double(workload.forward.batchSize) / time.seconds)
  }

  private static let busyBatch = 64

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

  func candidate(_ trial: Trial, on cluster: Cluster) -> Candidate {
    var estimator = estimator
    estimator.device = Device(gpu: cluster.gpu, memory: cluster.limit, ranks: cluster.gpus ?? 1)
    // No rank of a pipeline has more micro-batches in flight than there are stages: with as many, the batch is found.
    var probe = trial.workload
    if trial.layout.degrees.pipeline > 1 {
      probe.accumulation = max(self.workload.accumulation, trial.layout.degrees.pipeline)
    }
    func estimate(_ batch: Int, _ workload: Workload) -> Result<Estimate, EstimationError> {
      var workload = workload
      workload.forward.batchSize = batch
      return Result { () throws(EstimationError) in try estimator.estimate(workload, layout: trial.layout) }
    }
    func used(_ estimate: Estimate) -> ByteCount { estimate.device?.used ?? estimate.peak }
    func shortfall(_ estimate: Estimate, _ batch: Int) -> String {
      "needs \(used(estimate)) a GPU at batch size \(batch), \(used(estimate) - cluster.limit) more than the "
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
      guard used(smallest) <= cluster.limit else {
        return Candidate(
          trial, batchSize: first, estimate: smallest, fits: false,
          whyNot: shortfall(smallest, first))
      }
      var best = (number: first, value: smallest)
      if choices.batchSize == nil, objective != .memory {
        let found = BatchSearch.largest(upTo: Self.mostSequences, budget: Double(cluster.limit.bytes)) { batch in
          let found = batch == 1 ? smallest : try? estimate(batch, probe).get()
          return found.map { found in
            BatchSearch.Sample(
              value: found, fits: used(found) <= cluster.limit, size: Double(max(found.reserved, found.peak).bytes))
          }
        }
        if let found { best = found }
      }
      // The buffers of further micro-batches may be more than fits.
      while probe.accumulation != trial.workload.accumulation,
        let all = try? estimate(best.number, trial.workload).get()
      {
        best.value = all
        guard used(all) > cluster.limit, best.number > 1, choices.batchSize == nil else { break }
        best.number -= 1
      }
      guard used(best.value) <= cluster.limit else {
        return Candidate(
          trial, batchSize: best.number, estimate: best.value, fits: false, whyNot: shortfall(best.value, best.number))
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

  /// The least that a rank's share of the weights and of their optimizer states takes.
  private func residentBound(_ trial: Trial) -> ByteCount {
    let (layout, forward) = (trial.layout, trial.workload.forward)
    guard forward.adapters == nil, forward.technique == nil, forward.frozen.isEmpty,
      trial.layout.engine.offload == .none,
      let count = estimator.description.parameterCount?.value
    else { return .zero }
    let bytes = Double(count) * Double(forward.parameterType.bitWidth) / 8
    let cut = Double(layout.degrees.tensor * layout.degrees.pipeline * layout.degrees.expert)
    let ranks = Double(layout.engine.shardDegree ?? layout.degrees.data * layout.degrees.context)
    let states = trial.workload.optimizer == .adamW || trial.workload.optimizer == .adamWFused ? 2.0 : 0
    let (weights, kept) =
      switch layout.strategy {
      case .fsdp, .fsdp1, .zero3: (bytes / ranks, states * bytes / ranks)
      case .zero1, .zero2, .zeroRedundancy, .gemini: (bytes, states * bytes / ranks)
      case .single, .ddp, .tp, .pp: (bytes, states * bytes)
      }
    return ByteCount(Int(min((weights + kept) / cut, 1e18)))
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

  /// Tokens a second, or samples where those are not made of tokens; 0 where neither is known.
  fileprivate var speed: Double { tokensPerSecond ?? stepSeconds.map { Double(samplesPerStep) / $0 } ?? 0 }

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
  fileprivate var order: String {
    "\(degrees.tensor * degrees.pipeline * degrees.context)\(strategy.tieRank(degrees))\(strategy.rawValue)"
  }
}
