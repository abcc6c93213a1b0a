internal import Graph
internal import TrainingStep
internal import Units

extension PlanSearch {
  /// What would fit where nothing does, each simulated.
  func advice(_ candidates: [Candidate]) -> [String] {
    guard let nearest = candidates.first(where: { $0.peak != nil }), let peak = nearest.peak else {
      return ["no layout can run on this cluster: \(candidates.first?.whyNot ?? "change the number of GPUs")"]
    }
    var advice = ["the nearest, \(nearest.strategy.rawValue), lacks \(peak - cluster.limit) a GPU"]
    var changes: [(words: String, change: (inout Workload) -> Void)] = []
    if workload.forward.adapters == nil, workload.forward.technique == nil {
      changes.append(("adapters alone (--lora-rank 16)", Self.adapt))
    }
    if workload.forward.quantization == nil, estimator.description.storedQuantization == nil {
      changes.append(("adapters over weights of four bits (--lora-rank 16 --quantize nf4)", Self.adaptQuantized))
    }
    if workload.forward.sequenceLength > 512 {
      changes.append(("sequences of 512 tokens (--sequence-length 512)", { $0.forward.sequenceLength = 512 }))
    }
    for (words, change) in changes {
      var other = self
      change(&other.workload)
      if let best = other.nearest(nearest.degrees) { advice.append("\(words) would take \(best)") }
    }
    advice += onDrives
    if let gpus = enoughGPUs(nearest) { advice.append(gpus) }
    return advice
  }

  /// What the strategies that use NVMe drives take on all GPUs: a drive is a thing that a cluster may not have.
  private var onDrives: [String] {
    guard choices.offload == nil, choices.strategy == nil, let gpus = cluster.gpus else { return [] }
    var infinity = Layout(.zero3, ParallelDegrees(data: gpus))
    infinity.engine.offload = .nvme
    let fuyou = Layout(.fuyou, ParallelDegrees(data: gpus)).resolved(gpusPerNode: cluster.gpusPerNode)
    var estimator = estimator
    estimator.device = Device(gpu: cluster.gpu, memory: cluster.limit, ranks: gpus)
    var workload = workload
    workload.forward.batchSize = 1
    workload.checkpointing = .nonReentrant
    return [(infinity, "--strategy zero3 --offload nvme"), (fuyou, "--strategy fuyou")].compactMap { layout, flags in
      guard let estimate = try? estimator.estimate(workload, layout: layout) else { return nil }
      let used = estimate.device?.used ?? estimate.peak
      return "NVMe drives (\(flags)) would take \(used) a GPU, \(estimate.outside.host) in host memory and "
        + "\(estimate.outside.disk) on drives for each, which \(used <= cluster.limit ? "fits" : "does not fit either")"
    }
  }

  private static func adapt(_ workload: inout Workload) {
    workload.forward.adapters = LowRankAdapters(rank: 16, targets: .allLinear)
  }

  private static func adaptQuantized(_ workload: inout Workload) {
    adapt(&workload)
    workload.forward.quantization = .nf4
  }

  /// What the changed workload takes where it takes least, with replicas or shards and with checkpointing.
  private func nearest(_ degrees: ParallelDegrees) -> String? {
    let gpus = cluster.gpus ?? 1
    let layouts =
      gpus == 1
      ? [Layout(.single, ParallelDegrees())]
      : [Layout(.ddp, ParallelDegrees(data: gpus)), Layout(.fsdp, ParallelDegrees(data: gpus))]
    var tried = self
    tried.choices.batchSize = 1
    let candidates = layouts.map { layout in
      var workload = workload
      workload.checkpointing = .nonReentrant
      return tried.candidate(Trial(layout: layout, workload: workload), on: cluster)
    }
    guard let best = candidates.filter({ $0.peak != nil }).min(by: { ($0.peak ?? .zero) < ($1.peak ?? .zero) }),
      let peak = best.peak
    else { return nil }
    return "\(peak) a GPU with \(best.strategy.rawValue), which \(best.fits ? "fits" : "does not fit either")"
  }

  /// How many more GPUs of the same kind it takes, doubled until it fits.
  private func enoughGPUs(_ nearest: Candidate) -> String? {
    var bigger = self
    bigger.choices.batchSize = 1
    for _ in 0..<6 {
      bigger.cluster.nodes *= 2
      guard let gpus = bigger.cluster.gpus, gpus <= 4096 else { return nil }
      var workload = workload
      workload.checkpointing = .nonReentrant
      let layout = Layout(.fsdp, ParallelDegrees(data: gpus))
      let candidate = bigger.candidate(Trial(layout: layout, workload: workload), on: bigger.cluster)
      if candidate.fits, let peak = candidate.peak {
        return "\(gpus) GPUs would do it: fsdp takes \(peak) on each"
      }
    }
    return nil
  }
}
