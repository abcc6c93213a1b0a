/// The ways to run a workload on a cluster, best first.
public struct Plan: Sendable {
  /// Those that fit, fastest first; then those that do not, nearest first.
  public var candidates: [Candidate]
  /// What to change when none fits.
  public var advice: [String]
  /// Tokens of the longest sequence that the best one could take, one at a time; nil where that was not looked for.
  public var longestSequence: Int?

  public init(candidates: [Candidate], advice: [String], longestSequence: Int? = nil) {
    self.candidates = candidates
    self.advice = advice
    self.longestSequence = longestSequence
  }

  /// The first that fits. Where none does, LLMem's answer is to offload to the CPU.
  public var best: Candidate? { candidates.first(where: \.fits) }
}
