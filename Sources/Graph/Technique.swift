/// A way to train a few numbers beside a frozen model, other than low-rank adapters.
public struct Technique: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Embeddings of virtual tokens in front of the sequence (PEFT's prompt tuning).
    case prompt(virtualTokens: Int)
    /// Vectors that scale what some linear layers give or take (PEFT's (IA)³).
    case scaling
  }

  public var kind: Kind
  public init(_ kind: Kind) {
    self.kind = kind
  }

  /// Tokens that the model sees before those of the sequence.
  public var virtualTokens: Int {
    switch kind {
    case .prompt(let count): count
    case .scaling: 0
    }
  }
}
