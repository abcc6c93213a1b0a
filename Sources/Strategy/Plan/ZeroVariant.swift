public import TrainingStep

/// What a strategy of the literature changes in DeepSpeed's third stage: a row for each.
public struct ZeroVariant: Sendable {
  /// What it moves off the GPU, whatever else is asked for; nil where that is a choice.
  public var offload: Offload?
  /// Ranks that share one copy of the parameters, where the flags say nothing.
  public var parameters: Int?
  /// Whether a node shares a second copy of the parameters, and the gradients.
  public var sharesCopyInNode = false
  public var sharesGradientsInNode = false
  public var quantizes = false
  /// How a drive is used.
  public var drive: DriveBuffers?
  /// Elements that are updated in one go, of a bucket of gradients, and of parameters that stay gathered; nil for
  /// DeepSpeed's defaults.
  public var subGroup: Int?
  public var bucket: Int?
  public var persistent: Int?
  /// Whether the CPU and the GPU update in turns.
  public var interleaves = false
  /// What is modelled.
  public var summary: String
  public var source: String

  init(_ summary: String, source: String) {
    self.summary = summary
    self.source = source
  }
}

extension StrategyKind {
  /// The row of a strategy that is a third stage with changes; nil for others.
  public var variant: ZeroVariant? {
    switch self {
    case .zeroPlusPlus:
      var row = ZeroVariant(
        "gathers in blocks of eight bits, sums of gradients in four, a second copy of the parameters over a node",
        source: "ZeRO++, arXiv 2306.10209; deepspeed/runtime/zero and comm/coalesced_collectives.py of 0.19.8")
      row.sharesCopyInNode = true
      row.quantizes = true
      return row
    case .zeroTopology:
      var row = ZeroVariant(
        "parameters over the two dies of a module, gradients over a node, optimizer states over all; gathers in eight bits, "
          + "sums within a node in four, between nodes as they are, once a step",
        source:
          "arXiv 2501.04266, which ports ZeRO++ to Frontier; its code is not published, DeepSpeed's buffers are taken")
      row.parameters = 2
      row.sharesGradientsInNode = true
      row.quantizes = true
      return row
    case .deepOptimizerStates:
      var row = ZeroVariant(
        "groups of 100,000,000 numbers, of which the GPU updates each k-th while the CPU updates those between; its fp32 "
          + "copy, gradient and moments come from host memory one group ahead",
        source: "Deep Optimizer States, arXiv 2410.21316, and the settings of its authors' runs")
      row.offload = .optimizer
      row.subGroup = 100_000_000
      row.interleaves = true
      return row
    case .fuyou:
      var row = ZeroVariant(
        "parameters, optimizer states and what checkpoints keep on NVMe drives; groups of 700,000,000 numbers, updated by "
          + "the CPU within the backward pass",
        source: "Fuyou (LoHan, Ratel), arXiv 2403.06504, and its authors' code (Crispig/Ratel)")
      row.offload = .nvme
      row.drive = .fuyou
      row.subGroup = 700_000_000
      row.bucket = 5_000_000
      row.persistent = 0
      return row
    case .single, .ddp, .zero1, .zero2, .zero3, .zeroRedundancy, .fsdp, .fsdp1, .tp, .pp, .gemini: return nil
    }
  }
}

extension Layout {
  /// The layout with what its strategy's row says where nothing else is said.
  ///
  /// - Parameter gpusPerNode: the ranks of a node.
  public func resolved(gpusPerNode: Int) -> Layout {
    var result = self
    let node = max(1, gpusPerNode)
    result.engine.levels.node = node
    guard let row = strategy.variant else { return result }
    let ranks = degrees.replicas
    if let offload = row.offload, engine.offload == .none { result.engine.offload = offload }
    if row.sharesCopyInNode, engine.levels.secondary == nil, node < ranks { result.engine.levels.secondary = node }
    if let parameters = row.parameters {
      result.engine.levels.parameters = engine.levels.parameters ?? min(parameters, ranks)
    }
    if row.sharesGradientsInNode { result.engine.levels.gradients = engine.levels.gradients ?? min(node, ranks) }
    if row.quantizes {
      result.engine.levels.quantizesParameters = true
      result.engine.levels.quantizesGradients = true
    }
    return result
  }
}
