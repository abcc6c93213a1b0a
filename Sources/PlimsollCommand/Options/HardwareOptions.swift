internal import ArgumentParser
internal import Strategy
internal import Units

/// What the run has at hand: the hardware and cluster flags of `estimate`, `plan` and `compare`.
struct HardwareOptions: ParsableArguments {
  @Option(help: ArgumentHelp("GPUs in all, over all nodes: the world size.", valueName: "n"))
  var gpus = 1

  @Option(help: ArgumentHelp("The kind of GPU, a row of 'plimsoll gpus', such as h100-80gb.", valueName: "name"))
  var gpu: String?

  @Option(help: ArgumentHelp("Memory of a GPU that the table does not know, such as 24GiB.", valueName: "size"))
  var gpuMemory: ByteCount?

  @Option(help: ArgumentHelp("Machines that the GPUs are spread over.", valueName: "n"))
  var nodes = 1

  @Option(
    help: ArgumentHelp(
      "What connects the GPUs: nvlink or pcie within a node; infiniband, roce, slingshot or ethernet between nodes, "
        + "with a rate in Gbit/s such as infiniband:400. May be repeated, once for each. A list says that the nodes are "
        + "clusters with adapters of their own: infiniband:200,roce:200, or 3xinfiniband:200,1xroce:100 for so many nodes each.",
      valueName: "name"))
  var interconnect: [NodeLinks] = []

  @Option(
    help: ArgumentHelp(
      "What joins clusters whose adapters differ (default: ethernet:25; the slower one's where they are of a kind).",
      valueName: "name"))
  var betweenClusters: Interconnect?

  @Option(help: ArgumentHelp("NVMe drives of each node, for what is offloaded there (default: 1).", valueName: "n"))
  var drives: Int?

  /// Checks `--drives` against what a run keeps there. A command that has flags for both calls this from its own `validate`.
  func validate(usesDrives: Bool) throws {
    if drives != nil, !usesDrives {
      throw ValidationError("--drives has no effect where nothing is offloaded to them (nvme, or the strategy fuyou)")
    }
  }

  func validate() throws {
    try Limits.check(gpus, "--gpus", 1...Limits.count)
    try Limits.check(nodes, "--nodes", 1...Limits.count)
    guard gpus % nodes == 0 else {
      throw ValidationError("--gpus is \(gpus), which cannot be spread evenly over --nodes \(nodes)")
    }
    for isBetweenNodes in [false, true]
    where interconnect.count(where: { $0.islands[0].link.kind.isNetwork == isBetweenNodes }) > 1 {
      throw ValidationError("--interconnect names two links \(isBetweenNodes ? "between" : "within") nodes")
    }
    if let drives { try Limits.check(drives, "--drives", 1...Limits.count) }
    let clusters = interconnect.first { $0.islands.count > 1 || $0.islands[0].nodes != nil }
    if let clusters, clusters.split(nodes) == nil {
      throw ValidationError(
        "--interconnect names \(clusters.islands.count) clusters, which --nodes \(nodes) do not make up")
    }
    guard let betweenClusters else { return }
    guard betweenClusters.kind.isNetwork, clusters != nil else {
      throw ValidationError(
        clusters == nil
          ? "--between-clusters has no effect unless --interconnect lists clusters"
          : "--between-clusters takes a link between nodes")
    }
  }
}
