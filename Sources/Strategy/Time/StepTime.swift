/// How long one optimizer step takes on the whole cluster, and what it is made of.
public struct StepTime: Hashable, Sendable {
  public struct Part: Hashable, Sendable {
    public var name: String
    public var seconds: Double
  }

  public var seconds: Double
  /// nil where a sample is not made of tokens.
  public var tokensPerSecond: Double?
  /// Operations that the mathematics wants, without recomputation, over what the GPUs could do in the same time in the
  /// type of computation (arXiv 2204.02311, appendix B).
  public var mfu: Double
  /// What the GPU waits for or runs, one behind the other; their sum is the step where the host keeps up.
  public var parts: [Part]
  /// Seconds that the host needs to launch it all: more than the parts where it is what decides.
  public var host: Double
  public var assumptions: [Assumption]
}
