/// How a run is spread over GPUs. The raw value is what `--strategy` and the JSON call it.
public enum StrategyKind: String, CaseIterable, Hashable, Sendable {
  case single
  /// Replicas; LLMem's CDP.
  case ddp
  /// DeepSpeed's stages: optimizer states, gradients, parameters in shards.
  case zero1, zero2, zero3
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
    case .zero3, .fsdp, .fsdp1, .gemini, .tp, .pp: 1
    }
  }

  /// The paper's order of equals: CDP, ADP, TP, DP+TP.
  func tieRank(_ degrees: ParallelDegrees) -> Int {
    switch self {
    case .single, .ddp, .zero1, .zero2, .zeroRedundancy: 0
    case .gemini, .zero3, .fsdp, .fsdp1: 1
    case .tp, .pp: degrees.data == 1 ? 2 : 3
    }
  }
}
