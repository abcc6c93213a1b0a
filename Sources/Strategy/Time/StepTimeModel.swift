internal import Graph
internal import TrainingStep
internal import Units

/// How long a step of a layout takes: the kernels of one rank through a roofline, what is sent, and how much of that the
/// kernels hide.
struct StepTimeModel {
  let work: StepWork
  let workload: Workload
  let layout: Layout
  let cluster: Cluster
  let roofline: Roofline
  let host = HostCosts()

  /// A stretch's seconds on the GPU, collectives that nothing hides among them.
  struct Passes {
    var forward = 0.0
    var backward = 0.0
    var exposed = 0.0
  }

  var degrees: ParallelDegrees { layout.degrees }
  var tensor: RankGroup { RankGroup(cluster, ranks: degrees.tensor, stride: 1) }
  var context: RankGroup { RankGroup(cluster, ranks: degrees.context, stride: degrees.tensor) }
  var expert: RankGroup { RankGroup(cluster, ranks: degrees.expert, stride: degrees.tensor * degrees.context) }
  /// All that hold the same parameters: the data ranks, and those that share sequences or experts among them.
  var replicas: Int { degrees.replicas }
  var data: RankGroup { RankGroup(cluster, ranks: replicas, stride: degrees.tensor) }
  var pipeline: RankGroup {
    RankGroup(cluster, ranks: degrees.pipeline, stride: degrees.tensor * replicas)
  }

  /// Micro-batches of a step.
  var microBatches: Int { workload.accumulation }
  /// The part of the layers that a rank holds.
  var stageShare: Double { 1 / Double(degrees.pipeline) }

  func time() -> StepTime {
    let engine = engineTimes()
    let stages = Double(degrees.pipeline)
    let chunks =
      layout.engine.schedule == .interleaved && degrees.pipeline > 1 ? Double(layout.engine.virtualStages) : 1
    let batches = Double(microBatches)
    let micro = engine.forward + engine.backward + sent(chunks)
    // Every stage waits for the first micro-batch to come to it and for the last to come back (arXiv 2104.04473, 2.2).
    let bubble = micro * (stages - 1) / chunks
    let update = updateTimes()
    let rest = batches > 1 ? roofline.seconds(work.accumulation) * stageShare * (batches - 1) : 0
    let parts = [
      StepTime.Part(name: "forward", seconds: engine.forward * batches),
      StepTime.Part(name: "backward", seconds: engine.backward * batches + rest),
      StepTime.Part(
        name: "communication", seconds: (engine.exposed + sent(chunks)) * batches + engine.once + update.sent),
      StepTime.Part(name: "bubble", seconds: bubble),
      StepTime.Part(name: "optimizer", seconds: update.computed),
    ]
    // What is exposed lies within the passes.
    let inside = engine.exposed * batches
    let device = parts.reduce(0) { $0 + $1.seconds } - inside
    let launching = hostSeconds()
    let seconds = max(device, launching)
    return StepTime(
      seconds: seconds, tokensPerSecond: nil, mfu: mfu(seconds), parts: parts, host: launching, assumptions: [])
  }

  /// Operations of the whole cluster's step over what its GPUs could do meanwhile.
  private func mfu(_ seconds: Double) -> Double {
    let operations = work.modelOperations * Double(degrees.tensor * replicas * microBatches)
    let type = workload.forward.precision.autocast ?? workload.forward.precision.parameterType
    return operations / (seconds * roofline.peak(type) * Double(degrees.worldSize ?? 1))
  }

  /// Seconds that a micro-batch's hidden states and their gradients take from stage to stage.
  private func sent(_ chunks: Double) -> Double {
    guard degrees.pipeline > 1 else { return 0 }
    let bytes = work.layers.first?.stretch.resultBytes ?? 0
    return 2 * chunks * pipeline.seconds(.pointToPoint, bytes: bytes)
  }

  // MARK: - Stretches

  /// A stretch on the GPU, with what its ranks send one another while it waits.
  func passes(_ stretch: StepWork.Stretch) -> Passes {
    var result = Passes()
    result.forward = roofline.seconds(stretch.forward)
    let repeated = roofline.seconds(stretch.recomputed)
    result.backward = roofline.seconds(stretch.backward) + repeated
    let repeats = repeated > 0 ? 1.0 : 0
    let routed = expert.seconds(.allToAll, bytes: stretch.routedBytes) * 2
    let ring = ring(stretch)
    let forward = exchanges(stretch.forward) + sums(stretch) + routed + ring.forward
    let backward =
      exchanges(stretch.backward) + exchanges(stretch.recomputed) + sums(stretch) * (1 + repeats)
      + routed * (1 + repeats) + ring.backward + ring.forward * repeats
    result.forward += forward
    result.backward += backward
    result.exposed = forward + backward
    return result
  }

  /// What the graph itself says that tensor-parallel ranks send.
  func exchanges(_ list: KernelList) -> Double {
    list.counts.reduce(0) { total, entry in
      guard case .exchange(let kind) = entry.key.kind else { return total }
      return total + tensor.seconds(kind, bytes: entry.key.bytes) * Double(entry.value)
    }
  }

  /// A sum after attention and one after the MLP, forward, and as many before them, backward (arXiv 1909.08053), where an
  /// engine sums in place and the graph has no operator for it.
  private func sums(_ stretch: StepWork.Stretch) -> Double {
    guard layout.engine.tensorParallelism == .colossalAI else { return 0 }
    return tensor.seconds(.allReduce, bytes: stretch.resultBytes) * 2
  }

  /// What attention over a ring of ranks leaves unhidden: keys and values go round while the kernel works on those that
  /// are there (arXiv 2310.01889); backward their gradients go with them.
  private func ring(_ stretch: StepWork.Stretch) -> (forward: Double, backward: Double) {
    guard degrees.context > 1 else { return (0, 0) }
    let turns = Double(degrees.context - 1)
    let once = context.seconds(.pointToPoint, bytes: stretch.keyValueBytes)
    func attention(_ list: KernelList) -> Double {
      list.counts.reduce(0) { total, entry in
        guard case .attention = entry.key.kind else { return total }
        return total + roofline.seconds(entry.key) * Double(entry.value)
      }
    }
    let turn = (attention(stretch.forward), attention(stretch.backward))
    return (
      turns * max(0, once - turn.0 / Double(degrees.context)),
      turns * max(0, 2 * once - turn.1 / Double(degrees.context))
    )
  }

  // MARK: - The host

  private func hostSeconds() -> Double {
    var micro = 0.0
    for layer in work.layers {
      let stretch = layer.stretch
      let repeated = host.forward(stretch.recomputed) + (stretch.recomputed.calls > 0 ? host.checkpoint : 0)
      micro += (host.forward(stretch.forward) + host.backward(stretch.backward) + repeated) * Double(layer.count)
    }
    micro *= stageShare
    for stretch in [work.before, work.behind] {
      micro += (host.forward(stretch.forward) + host.backward(stretch.backward)) / Double(degrees.pipeline)
    }
    if layout.strategy.gathersParameters {
      let units = Double(work.layerCount) * stageShare + 1
      micro += units * 3 * host.unit
    }
    let update = work.update(workload, share: 1)
    let updates = Double(update.calls) * host.launch * stageShare
    return micro * Double(microBatches) + updates + host.step
  }
}

extension StrategyKind {
  /// Whether parameters lie in shards that are gathered layer by layer.
  var gathersParameters: Bool {
    switch self {
    case .zero3, .fsdp, .fsdp1, .gemini, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou: true
    case .single, .ddp, .zero1, .zero2, .zeroRedundancy, .tp, .pp: false
    }
  }
}
