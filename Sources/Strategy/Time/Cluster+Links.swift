internal import TrainingStep
internal import Units

extension Cluster {
  /// What `ranks` GPUs of one node speak over: the link that was named, or the fastest that the GPU's row has.
  func link(within ranks: Int) -> Link? {
    guard let gpu else { return nil }
    let wantsPCIe = withinNode?.kind == .pcie
    guard let peer = gpu.peerLink, !wantsPCIe, let rate = peer.rate(among: ranks) else { return pcie(gpu, ranks) }
    let (share, source) = Self.share(of: peer, gpu.architecture)
    return Link(name: peer.name, bandwidth: rate * share, ringLatency: 3.4e-6, treeLatency: 4.0e-6, source: source)
  }

  /// What a collective of many bytes reaches of a link's rate.
  private static func share(of link: GPU.PeerLink, _ architecture: GPUArchitecture) -> (Double, String) {
    let measured = "stas00/ml-engineering, network: all-reduce of 16 GiB, "
    switch architecture {
    case .hopper: return (0.82, measured + "8 H200 in a ring: 367.6 of 450 GB/s")
    case .blackwell: return (0.82, measured + "8 B200 in a ring: 740 of 900 GB/s")
    case .cdna2, .cdna3: return (0.70, measured + "MI300X: 312.9 of 448 GB/s with 8, 47.7 of 64 with 2")
    case .volta: return (0.85, "nccl-tests on DGX-1 V100: about 130 of 150 GB/s")
    default: return (0.78, measured + "8 A100: 234.9 of 300 GB/s")
    }
  }

  private func pcie(_ gpu: GPU, _ ranks: Int) -> Link {
    // GeForce cards have no direct way to one another: what they send goes through host memory.
    let isDirect = !gpu.id.hasPrefix("rtx-")
    let share = (ranks <= 4 ? 0.66 : 0.40) * (isDirect ? 1 : 0.6)
    return Link(
      name: "PCIe \(gpu.pcieGeneration)", bandwidth: gpu.pcieBytesPerSecondPerDirection * share, ringLatency: 5.7e-6,
      treeLatency: 4.0e-6,
      source: "SimuMax, configs/system/a100_pcie.json: 20.7 of 31.5 GB/s among 2 or 4 GPUs, 12.5 among 8"
        + (isDirect ? "" : "; 0.6 of it through host memory"))
  }

  /// What one GPU has of the network between nodes while all of its node send: of several, the slowest way.
  var network: Link? {
    guard nodes > 1 else { return nil }
    if islands.count > 1 { return network(ofGroups: gpus ?? 1) }
    return network(betweenNodes ?? Interconnect(kind: .infiniband, gigabitsPerSecond: Self.assumedRate))
  }

  /// What the slowest has of groups that each lie within so many neighbouring ranks.
  func network(ofGroups extent: Int) -> Link? {
    guard islands.count > 1 else { return network }
    let ends = islands.reduce(into: [0]) { ends, island in
      ends.append((ends.last ?? 0) + island.nodes * gpusPerNode)
    }
    let world = ends.last ?? 0
    let crosses = extent >= world || ends.dropFirst().dropLast().contains { $0 % extent != 0 }
    let used = crosses ? [crossing] : islands.map(\.link)
    return used.compactMap(network).min { $0.bandwidth < $1.bandwidth }
  }

  /// Adapters of different kinds do not speak to one another: what crosses goes over Ethernet (Holmes, arXiv 2312.03549).
  private var crossing: Interconnect {
    if let betweenIslands { return betweenIslands }
    let links = islands.map(\.link)
    let slowest = links.min { ($0.gigabitsPerSecond?.value ?? 0) < ($1.gigabitsPerSecond?.value ?? 0) }
    if let slowest, Set(links.map(\.kind)).count == 1 { return slowest }
    return Interconnect(kind: .ethernet, gigabitsPerSecond: Self.assumedEthernet)
  }

  private static let assumedEthernet = Sourced(
    25.0, .assumed, source: "the Ethernet adapters of arXiv 2312.03549; --between-clusters replaces it")

  private func network(_ link: Interconnect) -> Link? {
    guard let rate = link.gigabitsPerSecond?.value else { return nil }
    let adapters = link.adapters(ofNode: gpusPerNode)
    let bytes = rate * 1e9 / 8 * Double(adapters) / Double(gpusPerNode)
    return Link(
      name: link.kind.rawValue, bandwidth: bytes * 0.74, ringLatency: link.kind == .ethernet ? 30e-6 : 14e-6,
      treeLatency: link.kind == .ethernet ? 30e-6 : 14e-6,
      source:
        "stas00/ml-engineering, network: 4 nodes of 8 B200, 37 of 50 GB/s an adapter; latencies of NCCL's tuning.cc")
  }

  private static let assumedRate = Sourced(200.0, .assumed, source: "HDR InfiniBand; no link between nodes was given")

  /// Bytes a second between a GPU and its host: 55.4 of 63 GB/s were measured on an H200 (stas00/ml-engineering).
  var hostBandwidth: Double { (gpu?.hostBytesPerSecondPerDirection ?? 0) * 0.87 }
}

/// Ranks that run a collective together, spread over nodes or not.
struct RankGroup: Hashable, Sendable {
  var ranks: Int
  var nodes: Int
  var within: Link?
  var between: Link?

  /// - Parameters:
  ///   - ranks: how many.
  ///   - stride: how far apart neighbours are in the order in which ranks fill nodes.
  init(_ cluster: Cluster, ranks: Int, stride: Int) {
    self.ranks = ranks
    let perNode = max(1, min(ranks, cluster.gpusPerNode / max(1, stride)))
    nodes = (ranks + perNode - 1) / perNode
    within =
      perNode > 1 ? cluster.link(within: cluster.gpusPerNode == 2 ? 2 : max(perNode, stride > 1 ? 3 : perNode)) : nil
    between = nodes > 1 ? cluster.network(ofGroups: ranks * max(1, stride)) : nil
  }

  /// Over several nodes NCCL works within each node and sends a node's part over each adapter; both run at once, and the
  /// slower decides.
  func seconds(_ collective: CollectiveKind, bytes: Double) -> Double {
    guard ranks > 1, bytes > 0 else { return 0 }
    guard nodes > 1 else { return within?.seconds(collective, bytes: bytes, ranks: ranks) ?? 0 }
    let perNode = max(1, ranks / nodes)
    guard let between else { return 0 }
    guard perNode > 1, let within else { return between.seconds(collective, bytes: bytes, ranks: ranks) }
    switch collective {
    case .pointToPoint: return between.seconds(.pointToPoint, bytes: bytes, ranks: 2)
    case .allToAll:
      let outside = between.seconds(.allToAll, bytes: bytes, ranks: nodes)
      return max(within.seconds(.allToAll, bytes: bytes / Double(nodes), ranks: perNode), outside)
    case .allReduce, .allGather, .reduceScatter:
      let inside = within.seconds(collective, bytes: bytes, ranks: perNode)
      return max(inside, between.seconds(collective, bytes: bytes / Double(perNode), ranks: nodes))
    }
  }
}
