public import Architecture
public import Checkpoint
public import Graph
public import TrainingStep
package import Units

/// Simulates the training of a described model.
public struct Estimator: Sendable {
  public var description: ModelDescription
  public let configuration: Configuration?
  /// A forward pass that the model brings along, in place of the one that its description would give.
  public var ownForward: (any ForwardPass)?
  /// What is taken for granted about ``ownForward``.
  public var ownAssumptions: [Assumption] = []
  /// The GPU, where the question is whether it fits.
  public var device: Device?
  /// Whether each layer is simulated, even where one of each kind tells what all do.
  public var playsEveryLayer = false
  /// The rank that is simulated, where ranks differ; nil for the one with the highest peak.
  package var rank: Int?

  public init(description: ModelDescription, configuration: Configuration?) {
    self.description = description
    self.configuration = configuration
  }

  /// The timeline of two training steps on one GPU of a layout.
  ///
  /// - Throws: ``EstimationError`` where the model cannot be run, or not under this layout.
  public func timeline(_ workload: Workload, layout: Layout = Layout(.single, ParallelDegrees()))
    throws(EstimationError) -> Timeline
  {
    try simulated(workload, layout).timeline
  }

  /// The same with which rank it is, where they differ.
  func simulated(_ workload: Workload, _ layout: Layout) throws(EstimationError) -> SimulatedRank {
    var workload = workload
    workload.forward.isCheckpointed = workload.checkpointing != .none
    workload.forward.expertRanks = layout.degrees.expert
    try check(workload, layout)
    if layout.isGemini {
      workload.forward.precision = workload.forward.precision.gemini
    }
    if layout.degrees.pipeline > 1 {
      let replicas = Distribution.Engine.replicas(usesBucketView: layout.engine.usesBucketView)
      let held = Distribution(engine: layout.degrees.data > 1 ? replicas : nil)
      return try worstRank(workload, layout) { _ in held }
    }
    if layout.degrees.context > 1 { return try worstOfContext(workload, layout) }
    if rank == nil, layout.strategy.zeroStage != nil {
      return try worstPartition(workload, layout)
    }
    return SimulatedRank(timeline: try oneOfEqualRanks(workload, layout))
  }

  /// The timeline of a rank, where all do the same.
  func oneOfEqualRanks(_ workload: Workload, _ layout: Layout) throws(EstimationError) -> Timeline {
    if !playsEveryLayer, let timeline = try folded(workload, layout: layout) { return timeline }
    do throws(LoweringError) {
      let forward = try forward(for: layout)
      return try step(forward, workload, layout).run()
    } catch {
      throw EstimationError(error)
    }
  }

  /// What is not simulated yet.
  private func check(_ workload: Workload, _ layout: Layout) throws(EstimationError) {
    if let scheme = description.quantizationName(workload.forward), [.gemini, .tp, .pp].contains(layout.strategy) {
      throw EstimationError(
        reason: "\(layout.strategy.rawValue) over \(scheme) weights is not simulated yet")
    }
    if layout.engine.offload != .none, !layout.canOffload {
      throw EstimationError(reason: "--offload \(layout.engine.offload.rawValue) is not simulated yet")
    }
    if layout.degrees.tensor > 1, (workload.forward.technique?.prefixLength ?? 0) > 0 {
      throw EstimationError(reason: "prefix tuning of heads that are split over GPUs is not simulated yet")
    }
    if let reason = whyCutCannotRun(workload, layout) { throw EstimationError(reason: reason) }
  }

  /// What a layout's engine does to one GPU's run of a graph.
  private func distribution(
    _ forward: any ForwardPass, _ workload: Workload, _ layout: Layout
  ) throws(LoweringError) -> (graph: Graph, distribution: Distribution) {
    let graph = try forward.trainingGraph(settings(workload.forward, under: layout))
    switch layout.strategy {
    case .single: return (graph, Distribution())
    case .tp where layout.degrees.replicas == 1: return (graph, Distribution())
    case .ddp: return (graph, Distribution(engine: .replicas(usesBucketView: layout.engine.usesBucketView)))
    case .zeroRedundancy:
      return (graph, Distribution(engine: .zeroRedundancy(ranks: try sharding(layout).ranks)))
    case .tp where layout.engine.tensorParallelism == .torch:
      return (graph, Distribution(engine: .replicas(usesBucketView: layout.engine.usesBucketView)))
    // Colossal-AI's DP+TP shards over the data ranks as its ADP does.
    case .gemini, .tp: return (graph, chunks(graph, ranks: layout.degrees.data))
    case _ where layout.strategy.zeroStage != nil:
      return (graph, Distribution(engine: .zero(try zeroSettings(layout))))
    case .fsdp, .fsdp1:
      let gathered = settings(workload.forward, under: layout)
      let stored = gathered.gatheredType == nil ? graph : try forward.trainingGraph(workload.forward)
      return (graph, try sharded(graph, stored: stored, workload, layout))
    default: throw LoweringError(message: "\(layout.strategy.rawValue) is not simulated yet")
    }
  }

  /// The timeline on one GPU of a layout from one block of each kind of layer; nil where layers do not repeat.
  package func folded(
    _ workload: Workload, layout: Layout = Layout(.single, ParallelDegrees())
  ) throws(EstimationError) -> Timeline? {
    guard ownForward == nil, !layout.isGemini else { return nil }
    do throws(LoweringError) {
      let description = try description.part(for: layout)
      guard let kinds = try description.layerKinds(configuration: configuration, settings: workload.forward),
        let repetition = LayerRepetition(of: kinds)
      else { return nil }
      let part = DescribedForward(
        description: description.keeping(layers: repetition.places), configuration: configuration)
      return try step(part, workload, layout).run(repeating: repetition)
    } catch {
      throw EstimationError(error)
    }
  }

  /// A run of a forward pass under a layout.
  private func step(
    _ forward: any ForwardPass, _ workload: Workload, _ layout: Layout
  ) throws(LoweringError) -> TrainingStep {
    let (graph, distribution) = try distribution(forward, workload, layout)
    return try step(graph, workload, distribution)
  }

  /// A run of a graph, with what the strategy and the device's libraries hold.
  func step(
    _ graph: Graph, _ workload: Workload, _ distribution: Distribution
  ) throws(LoweringError) -> TrainingStep {
    var held = distribution
    if let workspace = device?.workspace {
      for thread in ["forward", "autograd"] {
        held.fromTheStart.append(
          .init(workspace.value, cause: "BLAS of the \(thread) thread", category: .workspaces))
      }
    }
    if let workspace = device?.productWorkspace {
      held.fromTheStart.append(.init(workspace.value, cause: "hipBLASLt", category: .workspaces))
    }
    let step = TrainingStep(graph: graph, workload: workload, distribution: held)
    if let reason = step.whatCannotRun { throw LoweringError(message: reason) }
    return step
  }

  /// The forward pass of one GPU of a layout.
  private func forward(for layout: Layout) throws(LoweringError) -> any ForwardPass {
    guard let ownForward else {
      return DescribedForward(description: try description.part(for: layout), configuration: configuration)
    }
    guard layout.degrees.tensor == 1 else {
      throw LoweringError(message: "a graph of the model's own cannot be split over GPUs here")
    }
    return ownForward
  }

  public func estimate(_ workload: Workload, layout: Layout = Layout(.single, ParallelDegrees()))
    throws(EstimationError) -> Estimate
  {
    try simulation(workload, layout).estimate
  }

  /// The same with the timeline that it was taken from.
  package func simulation(
    _ workload: Workload, _ layout: Layout
  ) throws(EstimationError) -> (estimate: Estimate, timeline: Timeline) {
    let rank = try simulated(workload, layout)
    let timeline = rank.timeline
    guard let (phase, peak) = timeline.peak(ofStep: 2) else {
      throw EstimationError(reason: "the simulated run has no second step")
    }
    try checkGuess(workload, layout, peak: peak.bytes)
    // Without an end to the device's memory no allocation can fail.
    let reserved = (try? timeline.reservation())?.peak ?? peak.bytes
    let phases = (timeline.peaks[2] ?? [:]).filter { [.forward, .backward, .optimizer].contains($0.key) }
    let estimate = Estimate(
      peak: peak.bytes, reserved: reserved, device: device.map { DeviceFit(timeline, reserved: reserved, device: $0) },
      phase: phase, phases: phases.mapValues(\.bytes),
      atPeak: timeline.breakdown(at: peak.event), resident: timeline.resident[2] ?? .zero,
      outside: timeline.outside, standIn: standIn,
      assumptions: assumptions(workload, layout, rank, peak: peak.bytes),
      uncertainty: uncertainty(workload, layout))
    return (estimate, timeline)
  }

  /// What is simulated in the place of a known family's own forward pass; nil where that is.
  private var standIn: String? {
    if ownForward != nil { return "run as its own graph says" }
    if description.isRecognised {
      return description.hasLowering
        ? nil : "run as a decoder in general, since the family's own forward pass is not known"
    }
    if let file = description.architectureFile { return "parts as \(file) says" }
    return description.isRenamed
      ? "the family that config.json names, its parts under other names told by their shapes"
      : "guessed from names and shapes, since no known family fits"
  }

  /// Whether the model's own forward pass is simulated, and not only one like it.
  private var isRecognised: Bool { standIn == nil }

  /// A guess is not given where what cannot be guessed decides more than a tenth of the peak: in which type eager
  /// attention forms its probabilities.
  package func checkGuess(
    _ workload: Workload, _ layout: Layout = Layout(.single, ParallelDegrees()), peak: ByteCount
  ) throws(EstimationError) {
    guard ownForward == nil, !isRecognised, workload.forward.attention == .eager else { return }
    var other = workload
    other.forward.guessesNarrowProbabilities = true
    guard let least = try timeline(other, layout: layout).peak(ofStep: 2)?.peak.bytes else { return }
    guard Double(peak.bytes - least.bytes) > Uncertainty.guessed * Double(peak.bytes) else { return }
    throw EstimationError(
      reason: "the architecture is unknown, and what its eager attention keeps decides between \(least) and \(peak); "
        + "with --attention sdpa the peak can be told")
  }

  private func uncertainty(_ workload: Workload, _ layout: Layout) -> Uncertainty {
    let own: Uncertainty =
      ownForward == nil ? Uncertainty(isRecognised ? description.family : nil, workload) : .exported
    // No run of DeepSpeed's engine was traced, and none of Gemini's.
    let isTraced = layout.strategy.zeroStage == nil && !layout.isGemini
    guard !isTraced, own.share < Uncertainty.unverified else { return own }
    return Uncertainty(
      share: Uncertainty.unverified, basis: own.basis + "; none under \(layout.strategy.rawValue)")
  }

  // MARK: - What the strategies hold

  /// Gemini's chunks (arXiv 2404.10933, section 4): 16-bit parameters gathered whole, in chunks that their gradients
  /// reuse; fp32 copies, momentum and variance in shards.
  private func chunks(_ graph: Graph, ranks: Int) -> Distribution {
    let counts = graph.values.compactMap { value in
      if case .parameter = value.origin { value.layout.shape.elementCount?.count } else { nil }
    }
    let total = counts.reduce(0, +)
    let size = GeminiChunks().bestSize(for: counts)
    let chunked = size > 0 ? (total + size - 1) / size * size : total
    let share = (chunked + ranks - 1) / ranks
    return Distribution(
      fromTheStart: [
        .init(ByteCount((chunked - total) * 2), cause: "chunk padding", category: .parameters),
        .init(ByteCount(share * 4), cause: "master weights", category: .optimizerStates),
      ],
      fromTheFirstUpdate: [.init(ByteCount(share * 8), cause: "HybridAdam", category: .optimizerStates)],
      handsGradientsOn: true, updatesParameters: true)
  }

  // MARK: - What is taken for granted

  private func assumptions(
    _ workload: Workload, _ layout: Layout, _ rank: SimulatedRank, peak: ByteCount
  ) -> [Assumption] {
    var result = [
      Assumption(
        what: "framework", value: "torch 2.11, transformers 5.17, PEFT 0.21, eager mode",
        source: "the versions whose allocations are imitated"),
      Assumption(
        what: "gradient sums", value: "out of place",
        source: "as traced; outside of a trace torch adds in place where it can, which takes less"),
    ]
    result += ownAssumptions + workload.assumptions
    result += dataParallelAssumptions(workload, layout)
    if ownForward != nil { return result + hardwareAssumptions }
    if let standIn {
      result.append(Assumption(what: "architecture", value: description.family, source: standIn))
    }
    if description.container == .gguf {
      result.append(
        Assumption(
          what: "weights", value: "at full width",
          source: "transformers 5.17 dequantises GGUF files as it loads them (modeling_gguf_pytorch_utils.py)"))
    }
    if let blocks = description.multiTokenPrediction {
      result.append(
        Assumption(
          what: "multi-token prediction", value: "left out",
          source: "transformers 5.17 does not load the \(blocks.layers.count) blocks behind the last layer"))
    }
    if let task = description.task, task.provenance == .assumed {
      result.append(Assumption(what: "task", value: task.value.rawValue, source: task.source))
    }
    if let labels = description.labelCount, labels.provenance == .assumed,
      description.task?.value.isClassification == true
    {
      result.append(Assumption(what: "labels", value: "\(labels.value)", source: labels.source))
    }
    for (what, fact) in [
      ("attention heads", description.headCount), ("key/value heads", description.keyValueHeadCount),
      ("head dimension", description.headDimension),
    ] {
      guard let fact, fact.provenance == .assumed else { continue }
      result.append(Assumption(what: what, value: "\(fact.value)", source: fact.source))
    }
    result += quantizationAssumptions(workload.forward)
    result += expertAssumptions(workload, layout, peak: peak)
    result += hardwareAssumptions
    if let stages = rank.ofPipeline { result += pipelineAssumptions(stages, workload, layout) }
    if let chunks = rank.ofContext { result += contextAssumptions(chunks, layout) }
    if layout.degrees.tensor > 1 {
      result += tensorParallelAssumptions(layout)
    }
    if layout.isGemini {
      result.append(
        Assumption(
          what: "sharding", value: "16-bit parameters whole, fp32 copies and states in shards",
          source: "Gemini as arXiv 2404.10933 describes it"))
    }
    return result
  }

  private var hardwareAssumptions: [Assumption] {
    let library = device?.gpu?.architecture.isAMD == true ? "hipBLAS" : "cuBLAS"
    var workspace = (device?.workspace).map { [(what: "\(library) workspace, two of", size: $0)] } ?? []
    if let product = device?.productWorkspace { workspace.append(("hipBLASLt workspace", product)) }
    return (workspace + (device?.outside ?? [])).map { what, constant in
      Assumption(what: what, value: "\(constant.value)", source: constant.source)
    }
  }
}

/// The forward pass that a description gives.
private struct DescribedForward: ForwardPass {
  var description: ModelDescription
  var configuration: Configuration?

  func trainingGraph(_ settings: ForwardSettings) throws(LoweringError) -> Graph {
    try description.trainingGraph(configuration: configuration, settings: settings)
  }
}

/// Why there is no estimate.
public struct EstimationError: Error, Hashable, Sendable {
  /// In one line.
  public var reason: String
  /// What to do about it, where there is something.
  public var help: String?

  init(reason: String) { self.reason = reason }

  init(_ error: LoweringError) {
    reason = error.message
    help = error.help
  }
}

extension ForwardSettings.Precision {
  /// Gemini computes in 16 bits over fp32 copies of its own.
  fileprivate var gemini: ForwardSettings.Precision {
    switch self {
    case .fp32, .fp16, .fp16Mixed: .fp16
    case .bf16, .bf16Mixed: .bf16
    }
  }
}

extension ModelDescription {
  /// What one GPU of a layout holds.
  func part(for layout: Layout) throws(LoweringError) -> ModelDescription {
    try split(tensorParallel: layout.degrees.tensor, by: layout.engine)
  }
}
