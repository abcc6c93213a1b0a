/// What joins nodes, where not all have the same adapters: clusters of nodes, in the order in which ranks fill them (Holmes,
/// arXiv 2312.03549).
public struct NodeLinks: Equatable, Sendable {
  /// Nodes with the same adapters.
  public struct Island: Equatable, Sendable {
    /// nil for an even share of the nodes.
    public var nodes: Int?
    public var link: Interconnect
  }

  public var islands: [Island]

  /// Reads `infiniband:400`, or a list of such with the nodes of each: `infiniband:200,roce:200`, `3xinfiniband:200,1xroce:100`.
  public init(parsing text: String) throws(HardwareError) {
    islands = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "x", maxSplits: 1)
      let count = pieces.count == 2 ? Int(pieces[0]) : nil
      let link = try Interconnect(parsing: String(count == nil ? part : pieces[1]))
      guard count.map({ (1...1 << 20).contains($0) }) ?? true else {
        throw HardwareError(.malformedRate, message: "'\(part)' is no number of nodes", suggestions: ["2xroce:100"])
      }
      islands.append(Island(nodes: count, link: link))
    }
    guard islands.count == 1 || islands.allSatisfy(\.link.kind.isNetwork) else {
      throw HardwareError(
        .unknownInterconnect, message: "a list of links is one of links between nodes, and '\(text)' is not",
        suggestions: ["infiniband:200,roce:200"])
    }
  }

  /// The nodes of each island out of so many in all; nil where they do not add up.
  public func split(_ nodes: Int) -> [Int]? {
    let given = islands.compactMap(\.nodes).reduce(0, +)
    let open = islands.count { $0.nodes == nil }
    guard open == 0 ? given == nodes : given < nodes && (nodes - given) % open == 0 else { return nil }
    return islands.map { $0.nodes ?? (nodes - given) / open }
  }
}
