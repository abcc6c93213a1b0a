/// How a run is spread over GPUs. The raw value is what `--strategy` and the JSON call it.
public enum StrategyKind: String, CaseIterable, Hashable, Sendable {
  case single
  /// Replicas; LLMem's CDP.
  case ddp
  /// DeepSpeed's stages: optimizer states, gradients, parameters in shards.
  case zero1, zero2, zero3
  /// The third stage with quantised collectives and a second copy of the parameters in each node (arXiv 2306.10209).
  case zeroPlusPlus = "zero++"
  /// The third stage in three levels: parameters over few ranks, gradients over a node, states over all (arXiv
  /// 2501.04266).
  case zeroTopology = "zero-topo"
  /// The third stage with states in host memory, updated in turns by the CPU and the GPU (arXiv 2410.21316).
  case deepOptimizerStates = "deep-optimizer-states"
  /// The third stage with parameters, states and checkpoints on NVMe drives, updated in the backward pass (arXiv
  /// 2403.06504).
  case fuyou
  /// torch's ZeroRedundancyOptimizer.
  case zeroRedundancy = "zero-redundancy"
  /// torch's `fully_shard`.
  case fsdp
  /// FSDP1 as accelerate configures it.
  case fsdp1
  /// Tensor parallelism, within a node; with a data degree, LLMem's DP+TP.
  case tp
  case pp
  /// Colossal-AI's Gemini; LLMem's ADP.
  case gemini

  /// How much faster a sample is than under ADP and TP, in LLMem's score (arXiv 2404.10933, algorithm of the choice):
  /// replicas 1.5, the rest 1. The paper knows four methods; the others take the weight of the one that sends what
  /// they send.
  public var speedWeight: Double {
    switch self {
    case .single, .ddp, .zero1, .zero2, .zeroRedundancy: 1.5
    case .zero3, .fsdp, .fsdp1, .gemini, .tp, .pp, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou: 1
    }
  }

  /// The paper's order of equals: CDP, ADP, TP, DP+TP.
  func tieRank(_ degrees: ParallelDegrees) -> Int {
    switch self {
    case .single, .ddp, .zero1, .zero2, .zeroRedundancy: 0
    case .gemini, .zero3, .fsdp, .fsdp1, .zeroPlusPlus, .zeroTopology, .deepOptimizerStates, .fuyou: 1
    case .tp, .pp: degrees.data == 1 ? 2 : 3
    }
  }
}
