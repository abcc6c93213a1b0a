/// The ways to run a workload on a cluster, best first.
public struct Plan: Sendable {
  /// Those that fit, fastest first; then those that do not, nearest first.
  public var candidates: [Candidate]
  /// What to change when none fits.
  public var advice: [String]

  public init(candidates: [Candidate], advice: [String]) {
    self.candidates = candidates
    self.advice = advice
  }

  /// The first that fits. Where none does, LLMem's answer is to offload to the CPU.
  public var best: Candidate? { candidates.first(where: \.fits) }
}
