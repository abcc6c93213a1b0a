internal import Report
internal import Strategy
internal import Units

extension HardwareOptions {
  /// The row that `--gpu` names.
  func row() throws(Failure) -> GPU? {
    guard let gpu else { return nil }
    do throws(HardwareError) {
      return try GPU.named(gpu)
    } catch {
      throw Failure(
        .wrongUsage, ErrorReport(code: error.code.rawValue, message: error.message, help: error.help))
    }
  }

  /// The GPU of a rank; nil where neither a row nor a memory was named.
  func device(_ gpu: GPU?) -> Device? {
    guard let memory = gpuMemory ?? gpu?.usableMemory else { return nil }
    return Device(gpu: gpu, memory: memory, ranks: gpus)
  }

  /// The GPUs and what joins them. Where no memory is known there is no end to it.
  func cluster(_ gpu: GPU?) -> Cluster {
    cluster(gpu, memory: gpuMemory ?? gpu?.usableMemory ?? .unlimited)
  }

  func cluster(_ gpu: GPU?, memory: ByteCount, margin: Double = 0) -> Cluster {
    let between = interconnect.first { $0.islands[0].link.kind.isNetwork }
    var result = Cluster(
      gpu: gpu, memory: memory, nodes: nodes, gpusPerNode: gpus / nodes,
      withinNode: interconnect.first { !$0.islands[0].link.kind.isNetwork }?.islands[0].link,
      betweenNodes: between?.islands[0].link, memoryMargin: margin)
    if let between, let counts = between.split(nodes), counts.count > 1 {
      result.islands = zip(between.islands, counts).map { Cluster.Island(nodes: $1, link: $0.link) }
    }
    result.betweenIslands = betweenClusters
    result.drives = drives ?? 1
    return result
  }
}
