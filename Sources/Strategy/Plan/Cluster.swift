public import Units

/// The GPUs that a plan has.
public struct Cluster: Sendable {
  /// The row of the table; nil where only a memory was given.
  public var gpu: GPU?
  /// What one GPU holds, before the margin: ``GPU/usableMemory`` for a simulated run; ``GPU/memory`` for LLMem, which
  /// compares with the total of the driver's monitor.
  public var memory: ByteCount
  public var nodes: Int
  public var gpusPerNode: Int
  /// Between the GPUs of a node, and between nodes.
  public var withinNode: Interconnect?
  public var betweenNodes: Interconnect?
  /// Clusters of nodes with adapters of their own, in the order of the ranks, and what joins those; none where all nodes are
  /// alike.
  public var islands: [Island] = []
  public var betweenIslands: Interconnect?
  /// NVMe drives of a node.
  public var drives = 1
  /// Percent of the memory that stays free (`--memory-margin`).
  public var memoryMargin: Double

  public init(
    gpu: GPU?, memory: ByteCount, nodes: Int = 1, gpusPerNode: Int, withinNode: Interconnect? = nil,
    betweenNodes: Interconnect? = nil, memoryMargin: Double = 0
  ) {
    self.gpu = gpu
    self.memory = memory
    self.nodes = nodes
    self.gpusPerNode = gpusPerNode
    self.withinNode = withinNode
    self.betweenNodes = betweenNodes
    self.memoryMargin = memoryMargin
  }

  /// nil where the product passes 2^63 - 1.
  public var gpus: Int? {
    let (product, overflow) = nodes.multipliedReportingOverflow(by: gpusPerNode)
    return overflow ? nil : product
  }

  /// Nodes with the same adapters.
  public struct Island: Equatable, Sendable {
    public var nodes: Int
    public var link: Interconnect

    public init(nodes: Int, link: Interconnect) {
      self.nodes = nodes
      self.link = link
    }
  }

  /// Its first nodes.
  func first(nodes count: Int) -> Cluster {
    var result = self
    result.nodes = count
    var left = count
    result.islands = islands.compactMap { island in
      let own = min(left, island.nodes)
      left -= own
      return own > 0 ? Island(nodes: own, link: island.link) : nil
    }
    return result
  }

  /// The most that a peak may be.
  public var limit: ByteCount {
    let share = min(max(memoryMargin, 0), 100) / 100
    return memory - ByteCount(Int((Double(memory.bytes) * share).rounded(.up)))
  }
}
