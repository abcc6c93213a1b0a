/// A way to train other than all weights or low-rank adapters: a few numbers beside a frozen model, or blocks that run
/// otherwise.
public struct Technique: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Embeddings of virtual tokens in front of the sequence (PEFT's prompt tuning).
    case prompt(virtualTokens: Int)
    /// Keys and values of virtual tokens in every layer (PEFT's prefix tuning), as they are or as a network of two layers
    /// makes them of embeddings.
    case prefix(virtualTokens: Int, isProjected: Bool)
    /// Vectors that scale what some linear layers give or take (PEFT's (IA)³).
    case scaling
    /// Norms over the batch in eval mode, folded into the convolutions before them as those run (Tune mode of ConvBN
    /// blocks, arXiv 2305.11624). All weights train.
    case tunedConvolutions
  }

  public var kind: Kind
  public init(_ kind: Kind) {
    self.kind = kind
  }

  /// Tokens that the model sees before those of the sequence.
  public var virtualTokens: Int {
    switch kind {
    case .prompt(let count): count
    case .prefix, .scaling, .tunedConvolutions: 0
    }
  }

  /// Keys and values in front of those of the sequence.
  public var prefixLength: Int {
    switch kind {
    case .prefix(let count, _): count
    case .prompt, .scaling, .tunedConvolutions: 0
    }
  }

  /// Whether the model's own parameters do not train.
  public var freezesModel: Bool { kind != .tunedConvolutions }
}
