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
      "What connects the GPUs: nvlink or pcie within a node; infiniband, roce or ethernet between nodes, "
        + "with a rate in Gbit/s such as infiniband:400. May be repeated, once for each.",
      valueName: "name"))
  var interconnect: [Interconnect] = []

  func validate() throws {
    try Limits.check(gpus, "--gpus", 1...Limits.count)
    try Limits.check(nodes, "--nodes", 1...Limits.count)
    guard gpus % nodes == 0 else {
      throw ValidationError("--gpus is \(gpus), which cannot be spread evenly over --nodes \(nodes)")
    }
    for isBetweenNodes in [false, true]
    where interconnect.count(where: { $0.kind.isNetwork == isBetweenNodes }) > 1 {
      throw ValidationError("--interconnect names two links \(isBetweenNodes ? "between" : "within") nodes")
    }
  }
}
