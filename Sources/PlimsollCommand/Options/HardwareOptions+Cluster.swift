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
    Cluster(
      gpu: gpu, memory: gpuMemory ?? gpu?.usableMemory ?? .unlimited, nodes: nodes, gpusPerNode: gpus / nodes,
      withinNode: links.within, betweenNodes: links.between)
  }

  /// The links within a node and between nodes.
  var links: (within: Interconnect?, between: Interconnect?) {
    (interconnect.first { !$0.kind.isNetwork }, interconnect.first { $0.kind.isNetwork })
  }
}
