public import TrainingStep

/// A way for bytes, as a collective sees it: time is latency by steps and bytes by bandwidth.
public struct Link: Hashable, Sendable {
  public var name: String
  /// Bytes a second, one way, that a rank reaches in a collective of many bytes.
  public var bandwidth: Double
  /// Seconds of each step of a ring, and of a tree.
  public var ringLatency: Double
  public var treeLatency: Double
  public var source: String

  package init(name: String, bandwidth: Double, ringLatency: Double, treeLatency: Double, source: String) {
    self.name = name
    self.bandwidth = bandwidth
    self.ringLatency = ringLatency
    self.treeLatency = treeLatency
    self.source = source
  }

  /// Seconds before the first step (NCCL's src/graph/tuning.cc, base latency of the protocol Simple).
  package static let base = 8.4e-6

  /// A collective over ranks that all speak over this link, as a ring or as a tree, whichever is faster.
  public func seconds(_ collective: CollectiveKind, bytes: Double, ranks: Int) -> Double {
    guard ranks > 1, bytes > 0 else { return 0 }
    let steps = Double(ranks - 1)
    let share = steps / Double(ranks)
    switch collective {
    case .allReduce:
      let ring = 2 * steps * ringLatency + 2 * share * bytes / bandwidth
      // Up and down: every rank sends and receives the tensor twice, of which a ring spares a part.
      var depth = 0
      while 1 << depth < ranks { depth += 1 }
      let tree = 2 * Double(depth) * treeLatency + 2 * bytes / (bandwidth * 0.92)
      return Self.base + min(ring, tree)
    case .allGather, .reduceScatter: return Self.base + steps * ringLatency + share * bytes / bandwidth
    case .allToAll: return Self.base + steps * ringLatency + share * bytes / bandwidth
    case .pointToPoint: return Self.base + ringLatency + bytes / bandwidth
    }
  }
}
