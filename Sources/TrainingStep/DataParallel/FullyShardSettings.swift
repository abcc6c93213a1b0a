internal import Graph
public import Units

/// How FSDP shards parameters: torch's `fully_shard` (torch/distributed/fsdp/_fully_shard, torch 2.11) over the blocks and
/// over the whole model, or `FullyShardedDataParallel` likewise.
public struct FullyShardSettings: Hashable, Sendable {
  /// Ranks that share the parameters.
  public var ranks: Int
  /// Ranks beyond those hold copies (HSDP).
  public var isReplicated: Bool
  /// `reshard_after_forward`.
  public var reshardsAfterForward: Bool
  /// The type that gradients are reduced in; nil for their own.
  public var reductionType: DataType?
  /// Whether gradients are sent once for all micro-steps, and kept whole until then (`no_sync`).
  public var sendsOnce: Bool
  /// Whether parameters, gradients and optimizer states lie in host memory (`CPUOffloadPolicy`, `CPUOffload`), where the
  /// CPU updates them.
  public var offloads = false
  /// The types in which parameters are held, by name, where they are gathered in another.
  public var storedTypes: [String: DataType]

  public init(
    ranks: Int, isReplicated: Bool = false, reshardsAfterForward: Bool = true, reductionType: DataType? = nil,
    sendsOnce: Bool = false, storedTypes: [String: DataType] = [:]
  ) {
    self.ranks = ranks
    self.isReplicated = isReplicated
    self.reshardsAfterForward = reshardsAfterForward
    self.reductionType = reductionType
    self.sendsOnce = sendsOnce
    self.storedTypes = storedTypes
  }
}

extension FullyShardSettings {
  /// Why torch would refuse to shard a model so, or it cannot be told how it would; nil where neither holds.
  ///
  /// - Parameter isFlat: whether parameters are put in one row for each module.
  func reasonToRefuse(_ graph: Graph, _ workload: Workload, isFlat: Bool) -> String? {
    guard let wrapped = WrappedModules(graph) else {
      return "which operators belong to which block of this model cannot be told, so FSDP's hooks have no place"
    }
    if [.muon, .galoreAdamW].contains(workload.optimizer) || (!isFlat && !workload.optimizer.isElementwise) {
      return "\(workload.optimizer.rawValue) over parameters that FSDP shards is not simulated"
    }
    if offloads, !workload.optimizer.runsOnHost {
      return "\(workload.optimizer.rawValue) does not update what FSDP offloads to host memory"
    }
    for module in wrapped.modules {
      var types: Set<DataType> = []
      for place in module.parameters {
        let value = graph.values[place]
        if !isFlat, value.layout.shape.rank == 0 {
          return "fully_shard cannot shard \(value.name ?? ""), a single number"
        }
        if case .parameter(trains: true) = value.origin {
          types.insert(storedTypes[value.name ?? ""] ?? value.dataType)
        }
      }
      if types.count > 1 {
        let names = types.map(\.rawValue).sorted().joined(separator: " and ")
        return
          "FSDP wants one type for what trains in a module, and \(module.path.isEmpty ? "the model" : module.path) "
          + "has \(names)"
      }
    }
    return nil
  }
}

extension Optimizer {
  /// Whether it updates parameters in host memory, and its states there are known.
  fileprivate var runsOnHost: Bool { isElementwise }

  /// Whether it treats each number by itself, so that shards of a matrix are as good as the matrix.
  fileprivate var isElementwise: Bool {
    switch self {
    case .adamW, .adamWFused, .adamWLoop, .sgd, .sgdMomentum: true
    case .adamW8bit, .pagedAdamW8bit, .lion, .lion8bit, .adafactor, .muon, .galoreAdamW: false
    }
  }
}
