internal import TrainingStep

extension Layout {
  /// Whether parameters come from outside of the GPU.
  var canFetch: Bool { [.parameters, .all, .nvme].contains(engine.offload) }
}

// Offload that runs beside the passes, as the literature has it.
extension StepTimeModel {
  /// An update in turns: while the GPU updates a group, the CPU updates those before it (arXiv 2410.21316, section 4).
  ///
  /// Three streams run at once, and the longest decides: the CPU, with its parameters' way back in 16 bits; what comes to
  /// the GPU (fp32 copy, gradient and two moments), or goes back (all but the gradient); and the GPU itself.
  var interleavedUpdate: (seconds: Double, onGPU: Double) {
    let elements = work.sum(\.trainedElements) * updateShare
    let onGPU = 1 / Double(max(2, layout.engine.updateStride))
    let host = cluster.hostBandwidth
    let onHost = elements * (1 - onGPU) * (1 / hostAdamRate + 2 / host)
    let moved = elements * onGPU * 16 / host
    let onDevice = roofline.streaming(elements * onGPU * 30)
    return (max(onHost, moved, onDevice), onGPU)
  }

  /// A drive of a server: Solidigm (Intel) D7-P5510 of 3.84 TB, of which the authors of arXiv 2403.06504 had twelve;
  /// 6.5 GB/s read, 3.4 GB/s written (product brief).
  enum Drive {
    static let read = 6.5e9
    static let write = 3.4e9
  }

  /// What is taken for granted of offload in the literature's strategies.
  static func offloadAssumptions(_ layout: Layout, _ cluster: Cluster) -> [Assumption] {
    guard let row = layout.strategy.variant else { return [] }
    var result: [Assumption] = []
    if row.drive != nil {
      let count = cluster.drives
      result.append(
        Assumption(
          what: "NVMe drives of a node",
          value: "\(count), each 6.5 GB/s read and 3.4 GB/s written, one after the other",
          source: "D7-P5510 product brief (arXiv 2403.06504 has twelve); --drives; no limit of all together is known"))
    }
    if row.interleaves {
      result.append(
        Assumption(
          what: "turns of CPU and GPU", value: "neither slows the other down",
          source: "arXiv 2410.21316 measures that they share the host's memory, which is left out here"))
    }
    return result
  }

  /// A layer whose parameters, states and checkpoint lie on drives, and which is updated once its gradients are there: of
  /// the GPU, both ways between it and its host, the drives and the CPU the slowest decides (arXiv 2403.06504, section 4).
  func swapped(_ passes: Passes, _ stretch: StepWork.Stretch) -> Passes {
    let ranks = Double(shards.group.ranks)
    let share = Double(cluster.drives) / Double(max(1, cluster.gpusPerNode))
    let (read, write) = (Drive.read * share, Drive.write * share)
    let host = cluster.hostBandwidth
    let parameters = stretch.parameterBytes * gatherShare / ranks
    let gradients = stretch.gradientBytes * gatherShare / ranks
    let states = 12 * stretch.trainedElements / ranks
    let kept = workload.checkpointing == .none ? 0 : stretch.resultBytes
    let gather = seconds(gathers(stretch, .forward))
    var result = passes
    result.forward = max(
      passes.forward, gather, parameters / host, kept / host, parameters / read + kept / write)
    let update = stretch.trainedElements / ranks / hostAdamRate
    let drive = (parameters + kept + states) / read + (gradients + states) / write
    result.backward = max(
      passes.backward, gather + seconds(reductions(stretch)), (parameters + kept) / host, gradients / host, drive,
      update)
    result.exposed += max(0, result.forward - passes.forward) + max(0, result.backward - passes.backward)
    return result
  }
}
