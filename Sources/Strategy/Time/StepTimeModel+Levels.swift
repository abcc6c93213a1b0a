internal import TrainingStep

// What the levels of ZeRO's third stage send, over which ranks.
extension StepTimeModel {
  /// One collective of many groups at once.
  struct Transfer {
    var group: RankGroup
    var kind: CollectiveKind
    /// As ``CollectiveKind`` counts them, for each group.
    var bytes: Double
    /// Bytes that kernels move on the GPU to make and to read what is sent.
    var packing = 0.0

    /// Bytes that come into one node for all of its ranks. Ranks of a node that lie in groups of their own add up.
    func intoNode(of gpus: Int) -> Double {
      guard group.nodes > 1 else { return 0 }
      let together = max(1, group.ranks / group.nodes)
      let share = Double(group.nodes - 1) / Double(group.nodes)
      let groups = Double(max(1, gpus / together))
      switch kind {
      case .allReduce: return 2 * bytes * share * groups
      case .allGather, .reduceScatter: return bytes * share * groups
      case .allToAll: return bytes * share * groups * Double(together)
      case .pointToPoint: return bytes
      }
    }
  }

  enum Pass { case forward, backward }

  func seconds(_ transfers: [Transfer]) -> Double {
    transfers.reduce(0) { total, transfer in
      total + transfer.group.seconds(transfer.kind, bytes: transfer.bytes) + roofline.streaming(transfer.packing)
    }
  }

  private var levels: ZeroLevels { layout.engine.levels }

  /// What a stretch's parameters are gathered over: the second copy once there is one.
  func gathers(_ stretch: StepWork.Stretch, _ pass: Pass) -> [Transfer] {
    let bytes = stretch.parameterBytes * gatherShare
    let ranks = pass == .backward ? levels.secondary ?? levels.parameters : levels.parameters
    let group = ranks.map { RankGroup(cluster, ranks: $0, stride: degrees.tensor) } ?? shards.group
    guard levels.quantizesParameters else { return [Transfer(group: group, kind: .allGather, bytes: bytes)] }
    // Each rank makes its part, 2 bytes to 1, and reads all of it, 1 to 2.
    return [
      Transfer(group: group, kind: .allGather, bytes: bytes / 2, packing: 1.5 * bytes * (1 + 1 / Double(group.ranks)))
    ]
  }

  /// What a stretch's gradients are summed over in each micro-step.
  func reductions(_ stretch: StepWork.Stretch) -> [Transfer] {
    let bytes = stretch.gradientBytes * reductionShare
    let node = max(1, levels.node ?? cluster.gpusPerNode)
    if levels.quantizesGradients, node < replicas {
      let inside = Transfer(
        group: RankGroup(cluster, ranks: node, stride: degrees.tensor), kind: .allToAll, bytes: bytes / 4,
        packing: 2 * bytes)
      // Three levels leave what lies between nodes for the end of the step.
      guard levels.gradients == nil else { return [inside] }
      let between = RankGroup(cluster, ranks: replicas / node, stride: degrees.tensor * node)
      return [inside, Transfer(group: between, kind: .allToAll, bytes: bytes / 4 / Double(node))]
    }
    if let ranks = levels.gradients {
      return [
        Transfer(group: RankGroup(cluster, ranks: ranks, stride: degrees.tensor), kind: .reduceScatter, bytes: bytes)
      ]
    }
    let (group, copies) = shards
    return [
      Transfer(group: group, kind: .reduceScatter, bytes: bytes),
      Transfer(group: copies, kind: .allReduce, bytes: bytes / Double(group.ranks)),
    ]
  }

  /// The sums of nodes' gradients, once a step.
  var sumsBetweenNodes: [Transfer] {
    guard let ranks = levels.gradients, ranks < replicas else { return [] }
    let bytes = work.sum(\.gradientBytes) * stageShare * reductionShare / Double(ranks)
    let copies = RankGroup(cluster, ranks: replicas / ranks, stride: degrees.tensor * ranks)
    return [Transfer(group: copies, kind: .allReduce, bytes: bytes)]
  }

  /// Updated parameters on their way from the rank that updates them to those that hold them.
  var updatedParameters: [Transfer] {
    guard let ranks = levels.parameters, ranks < replicas else { return [] }
    let bytes = work.sum(\.gradientBytes) * stageShare * gatherShare / Double(ranks)
    let copies = RankGroup(cluster, ranks: replicas / ranks, stride: degrees.tensor * ranks)
    return [Transfer(group: copies, kind: .allGather, bytes: bytes)]
  }

  /// Bytes that a node receives in a step from other nodes for parameters and gradients.
  var bytesIntoNode: Double {
    func sum(_ transfers: [Transfer]) -> Double {
      transfers.reduce(0) { $0 + $1.intoNode(of: min(cluster.gpusPerNode, replicas)) }
    }
    let each = work.stretches.reduce(0.0) { total, layer in
      let stretch = layer.stretch
      let passes = gathers(stretch, .forward) + gathers(stretch, .backward) + reductions(stretch)
      return total + sum(passes) * Double(layer.count)
    }
    return each * Double(microBatches) + sum(sumsBetweenNodes) + sum(updatedParameters)
  }
}
