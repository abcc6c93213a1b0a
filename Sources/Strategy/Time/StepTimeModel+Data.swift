internal import Graph
internal import TrainingStep
internal import Units

// What data-parallel engines add to a micro-step and to a step.
extension StepTimeModel {
  /// One micro-step of the slowest stage, and what comes once a step.
  struct EngineTimes {
    var forward = 0.0
    var backward = 0.0
    /// What of both is communication.
    var exposed = 0.0
    /// Communication that runs once a step and that nothing hides.
    var once = 0.0
  }

  /// Ranks over which parameters lie in shards, and how many copies of those shards there are.
  var shards: (group: RankGroup, copies: RankGroup) {
    let ranks = min(layout.engine.shardDegree ?? replicas, replicas)
    return (
      RankGroup(cluster, ranks: ranks, stride: degrees.tensor),
      RankGroup(cluster, ranks: max(1, replicas / max(1, ranks)), stride: degrees.tensor * ranks)
    )
  }

  /// Whether DP+TP shards as its ADP does (Colossal-AI).
  private var gathers: Bool {
    layout.strategy.gathersParameters
      || (layout.strategy == .tp && degrees.data > 1 && layout.engine.tensorParallelism == .colossalAI)
  }

  func engineTimes() -> EngineTimes {
    let times = work.layers.map { (passes($0.stretch), $0) }
    var result = EngineTimes()
    for (passes, layer) in times {
      let unit = gathers && (replicas > 1 || layout.canFetch) ? gathered(passes, layer.stretch) : passes
      let count = Double(layer.count) * stageShare
      result.forward += unit.forward * count
      result.backward += unit.backward * count
      result.exposed += unit.exposed * count
    }
    let (first, last) = (ends(work.before), ends(work.behind))
    // The slower end of a pipeline is the one that the others wait for.
    let end =
      degrees.pipeline == 1
      ? [first, last] : [first.forward + first.backward > last.forward + last.backward ? first : last]
    for passes in end {
      result.forward += passes.forward
      result.backward += passes.backward
      result.exposed += passes.exposed
    }
    if replicas > 1 { addReduction(&result) }
    return result
  }

  /// Embedding, head and loss. Split over ranks, the words' rows are summed, and the head's gradient.
  private func ends(_ stretch: StepWork.Stretch) -> Passes {
    var result = Passes()
    result.forward = roofline.seconds(stretch.forward)
    result.backward = roofline.seconds(stretch.backward)
    let hidden = work.layers.first?.stretch.resultBytes ?? 0
    let splitsWords = layout.engine.tensorParallelism == .colossalAI
    let sum = splitsWords ? tensor.seconds(.allReduce, bytes: hidden) : 0
    let (forward, backward) = (exchanges(stretch.forward), exchanges(stretch.backward))
    result.forward += sum + forward
    result.backward += backward
    result.exposed += sum + forward + backward
    guard gathers, replicas > 1 else { return result }
    // The root's unit is gathered before anything runs, and reduced when all has run.
    let gather = seconds(gathers(stretch, .forward))
    let reduce = reduction(stretch)
    result.forward += gather
    result.backward += reduce
    result.exposed += gather + reduce
    return result
  }

  /// What is gathered of a parameter's bytes: in the type that the engine gathers in.
  var gatherShare: Double {
    let own = Double(workload.forward.parameterType.bitWidth)
    let type: DataType?
    switch layout.strategy {
    case .fsdp: type = layout.engine.parameterType
    case .fsdp1: type = layout.engine.parameterType ?? workload.forward.precision.autocast
    case .zero3, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou, .gemini, .tp:
      type = workload.forward.precision.autocast ?? (own > 16 ? .float16 : nil)
    default: type = nil
    }
    return type.map { Double($0.bitWidth) / own } ?? 1
  }

  private func reduction(_ stretch: StepWork.Stretch) -> Double { seconds(reductions(stretch)) }

  /// Of a parameter's bytes, what of its gradient is sent.
  var reductionShare: Double {
    let own = Double(workload.forward.parameterType.bitWidth)
    return layout.engine.reductionType.map { Double($0.bitWidth) / own } ?? gatherShare
  }

  /// A layer whose parameters are gathered while the one before it runs, and let go of; backward they are gathered once
  /// more, and the gradients before are reduced meanwhile. What takes longer decides.
  private func gathered(_ passes: Passes, _ stretch: StepWork.Stretch) -> Passes {
    if layout.strategy.variant?.drive != nil { return swapped(passes, stretch) }
    let bytes = stretch.parameterBytes * gatherShare
    let gather = seconds(gathers(stretch, .forward)) + fetch(stretch)
    let reduce = reduction(stretch)
    let gatheredAgain = seconds(gathers(stretch, .backward)) + fetch(stretch)
    let again = layout.engine.reshardsAfterForward || layout.strategy != .fsdp ? gatheredAgain : 0
    // Gathered rows are copied to where each parameter lies whole, and gradients to where they lie by rank.
    let isCopied = layout.strategy == .fsdp
    let copy = isCopied ? roofline.streaming(2 * bytes) : 0
    let back = (again > 0 ? copy : 0) + (isCopied ? roofline.streaming(2 * stretch.gradientBytes) : 0)
    var result = passes
    result.forward = max(passes.forward + copy, gather)
    result.backward = max(passes.backward + back, again + reduce)
    result.exposed += max(0, gather - passes.forward - copy) + max(0, again + reduce - passes.backward - back)
    return result
  }

  /// Parameters that lie in host memory come from there before they are gathered.
  private func fetch(_ stretch: StepWork.Stretch) -> Double {
    switch layout.engine.offload {
    case .none, .optimizer: 0
    case .parameters, .all: stretch.parameterBytes * gatherShare / Double(shards.group.ranks) / cluster.hostBandwidth
    case .nvme: stretch.parameterBytes * gatherShare / Double(shards.group.ranks) / nvmeBandwidth
    }
  }

  /// Bytes a second that one GPU has of its node's disks: one of PCIe 4, about 6 GB/s.
  private var nvmeBandwidth: Double { 6e9 * Double(cluster.drives) / Double(max(1, cluster.gpusPerNode)) }

  /// Gradients that are summed rather than sharded.
  private func addReduction(_ result: inout EngineTimes) {
    let bytes = work.sum(\.gradientBytes) * stageShare
    let buckets = max(1, (bytes / Self.bucket).rounded(.up))
    switch layout.strategy {
    case .tp where gathers: break
    case .ddp, .zeroRedundancy, .pp, .tp:
      let bucket = data.seconds(.allReduce, bytes: min(bytes, bytes / buckets))
      // Each bucket goes when its gradients are there; the last one has nothing left to hide behind.
      result.once += max(bucket, bucket * buckets - result.backward * (buckets - 1) / buckets)
    // DeepSpeed reduces to each rank's part: once for a step, or in each micro-step where gradients are in parts too.
    case .zero1: result.once += data.seconds(.reduceScatter, bytes: bytes)
    case .zero2:
      let reduce = data.seconds(.reduceScatter, bytes: bytes)
      result.backward += reduce
      result.exposed += reduce
    case .single, .zero3, .zeroPlusPlus, .deepOptimizerStates, .fuyou, .fsdp, .fsdp1, .gemini: break
    // What lies between nodes goes, as replicas' buckets do, while the last micro-step's backward pass runs.
    case .zeroTopology: result.once += max(0, seconds(sumsBetweenNodes) - result.backward)
    }
  }

  /// `bucket_cap_mb` of DistributedDataParallel.
  private static let bucket = 25.0 * 1024 * 1024

  // MARK: - The update

  /// The part of the parameters that this rank updates.
  var updateShare: Double {
    switch layout.strategy {
    case .single, .ddp, .pp: stageShare
    case .zero1, .zero2, .zeroRedundancy: stageShare / Double(replicas)
    case .zero3, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou, .fsdp, .fsdp1, .gemini:
      stageShare / Double(shards.group.ranks)
    case .tp: gathers ? stageShare / Double(degrees.data) : stageShare
    }
  }

  /// The optimizer on the GPU or the host, and the updated parameters on their way to the ranks that need them.
  func updateTimes() -> (computed: Double, sent: Double) {
    let parameters = work.sum(\.gradientBytes) * stageShare
    var sent = 0.0
    switch layout.strategy {
    case .zero1, .zero2: sent = data.seconds(.allGather, bytes: parameters)
    case .zeroRedundancy: sent = data.seconds(.allGather, bytes: parameters)
    case .zeroTopology: sent = seconds(updatedParameters)
    case .single, .ddp, .zero3, .zeroPlusPlus, .deepOptimizerStates, .fuyou, .fsdp, .fsdp1, .gemini, .tp, .pp: break
    }
    if let row = layout.strategy.variant {
      // What the drive holds was updated in the backward pass.
      if row.drive != nil { return (0, sent) }
      if row.interleaves { return (interleavedUpdate.seconds, sent) }
    }
    guard layout.engine.offload == .none || layout.engine.offload == .parameters else {
      return (offloaded(parameters), sent)
    }
    return (roofline.seconds(work.update(workload, share: updateShare)), sent)
  }

  /// Numbers a second that DeepSpeed's CPU Adam updates for one of a node's ranks: it takes 1.03 s for 4e9 (ZeRO-Offload,
  /// table 4, arXiv 2101.06840).
  var hostAdamRate: Double { 4e9 / 1.03 / Double(max(1, cluster.gpusPerNode)) }

  /// An update on the host: gradients there, parameters back, and an Adam that all of a node's ranks share.
  private func offloaded(_ parameters: Double) -> Double {
    let elements = work.sum(\.trainedElements) * updateShare
    let share = updateShare / stageShare
    let moved = 2 * parameters * share / cluster.hostBandwidth
    // PyTorch's takes 5.71 s.
    let isDeepSpeed = layout.strategy.zeroStage != nil || layout.strategy == .gemini
    let rate = isDeepSpeed ? hostAdamRate : 4e9 / 5.71 / Double(max(1, cluster.gpusPerNode))
    let states = layout.engine.offload == .nvme ? 2 * 12 * elements / nvmeBandwidth : 0
    return moved + max(elements / rate, states)
  }
}
