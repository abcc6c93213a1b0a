internal import Graph

/// How DeepSpeed's ZeRO is set up (deepspeed/runtime/zero/config.py, 0.19.6). The sizes are its defaults, in elements.
public struct ZeroSettings: Hashable, Sendable {
  /// What ranks hold shares of: what a stage shares, the ones below share too.
  public enum Stage: Int, Hashable, Sendable {
    case optimizerStates = 1
    case gradients
    case parameters
  }

  public var stage: Stage
  public var ranks: Int
  /// The rank that is simulated.
  public var rank: Int
  /// Whether fp32 copies and optimizer states lie in host memory, where the CPU updates them (`offload_optimizer`).
  public var offloadsOptimizer = false
  /// Whether parameters lie there too until they are gathered (`offload_param`).
  public var offloadsParameters = false
  /// How what is offloaded passes through host memory to a drive; nil where it stays there.
  public var drive: DriveBuffers?
  /// Ranks over which each parameter lies in parts, and each gradient, where those are fewer than all (three levels).
  public var parameterRanks: Int?
  public var gradientRanks: Int?
  /// Ranks that share a second copy of the parameters until the update (`zero_hpz_partition_size`).
  public var secondaryRanks: Int?
  /// Whether parameters are gathered in blocks of eight bits (`zero_quantized_weights`), and gradients sent in blocks of
  /// four between nodes of so many ranks (`zero_quantized_gradients`).
  public var quantizesParameters = false
  public var quantizedGradientNode: Int?
  /// Of how many groups in a row the last is updated on the GPU, for which its copy and states come from host memory and
  /// go back (Deep Optimizer States, arXiv 2410.21316); nil where none is.
  public var updateStride: Int?
  /// `reduce_bucket_size`.
  public var bucket = 500_000_000
  /// `stage3_prefetch_bucket_size`.
  public var prefetched = 50_000_000
  /// `stage3_param_persistence_threshold`: parameters of no more than this stay gathered.
  public var persistent = 100_000
  /// `stage3_max_live_parameters`.
  public var live = 1_000_000_000
  /// `stage3_max_reuse_distance`: what is needed again sooner is not let go of.
  public var reuseDistance = 1_000_000_000
  /// `sub_group_size`: what is updated in one go.
  public var subGroup = 1_000_000_000

  public init(_ stage: Stage, ranks: Int, rank: Int = 0) {
    self.stage = stage
    self.ranks = ranks
    self.rank = rank
  }
}

extension ZeroSettings {
  /// Why DeepSpeed would not run so, or it cannot be told how it would; nil where neither holds.
  func reasonToRefuse(_ graph: Graph, _ workload: Workload) -> String? {
    if [.muon, .galoreAdamW].contains(workload.optimizer) {
      return "\(workload.optimizer.rawValue) over rows of parameters that ZeRO cuts is not simulated"
    }
    if let drive, drive.updatesInBackward {
      if workload.accumulation > 1 {
        return "an update within the backward pass leaves nothing to accumulate over micro-steps"
      }
      if workload.clipsGradients {
        return "the norm of all gradients is not known when an update within the backward pass begins"
      }
      if drive.activations != nil, workload.checkpointing != .nonReentrant {
        return "what goes to the drive is what checkpoints keep (--checkpointing non-reentrant)"
      }
    }
    if quantizesParameters, let reason = reasonNotToQuantize(graph) { return reason }
    let types = Set(graph.values.filter { $0.origin == .parameter(trains: true) }.map(\.dataType))
    guard types.count > 1 else { return nil }
    let names = types.map(\.rawValue).sorted().joined(separator: " and ")
    return "ZeRO puts what trains in rows of one type, and it has \(names)"
  }

  /// DeepSpeed's quantiser takes multiples of eight numbers.
  private func reasonNotToQuantize(_ graph: Graph) -> String? {
    for parameter in graph.parameters(repeating: nil) {
      if parameter.dataType == .uint8 { return "weights of few bits are not quantised once more for sending" }
      let part = (parameter.count + ranks - 1) / ranks
      guard part % 8 != 0 else { continue }
      return
        "quantised parameters come in eights, and a part of \(parameter.count) numbers over \(ranks) ranks has \(part)"
    }
    return nil
  }
}
