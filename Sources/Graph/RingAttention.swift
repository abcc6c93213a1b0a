/// The part of each sequence that one of several ranks runs.
public struct ContextShare: Hashable, Sendable {
  /// Ranks that share a sequence.
  public var ranks: Int
  /// Which of them it is: it has one chunk of the sequence from its head and the one as far from its tail
  /// (`_HeadTailLoadBalancer`).
  public var rank: Int

  public init(ranks: Int, rank: Int) {
    self.ranks = ranks
    self.rank = rank
  }

  /// Whether both chunks follow one another, as those of the last rank do.
  public var isOneStretch: Bool { rank == ranks - 1 }
}

/// Attention of a rank's own queries over the keys and values of all ranks, in as many turns.
public struct RingAttention: Hashable, Sendable {
  public var kernel: AttentionKernel
  public var share: ContextShare

  public init(_ kernel: AttentionKernel, _ share: ContextShare) {
    self.kernel = kernel
    self.share = share
  }

  /// What a turn attends over, of a rank's two chunks of queries and of keys.
  package enum Turn: Sendable {
    case whole
    /// Keys from a rank before this one: only their first chunk is seen.
    case halfOfKeys
    /// Keys from a rank behind it: only the second chunk of the queries sees them.
    case halfOfQueries
  }

  package func kind(ofTurn turn: Int) -> Turn {
    turn == 0 ? .whole : turn <= share.rank ? .halfOfKeys : .halfOfQueries
  }
}
