internal import Graph

/// Which operators the loss depends on, and how long the nodes of the others live.
///
/// A node of the autograd graph lives as long as something leads to it: a tensor that its operator made, or a node
/// that read one. Those that lead to the loss live until the backward pass has run them; the others go with the last
/// tensor behind them, and what they keep goes with them.
struct Reach {
  /// For each operator that the loss does not depend on, the operator after which its node is gone; -1 for the others.
  private let ends: [Int]

  /// - Parameter rejoining: whether each checkpointed stretch is one node, through which a gradient reaches whatever it
  ///   handed back where one reaches its result.
  init(_ graph: Graph, rejoining: Bool) {
    var reached = [Bool](repeating: graph.loss == nil, count: graph.values.count)
    for end in graph.stages.map(\.output) + (graph.loss.map { [$0] } ?? []) { reached[end.index] = true }
    let last = graph.operators.count - 1
    var released = [Int](repeating: last, count: graph.values.count)
    for (place, owners) in graph.releases.enumerated() {
      for owner in owners { released[owner.index] = place }
    }
    // For each value, the operator after which neither it nor a node that reads it is there.
    var named = graph.values.map { released[$0.owner.index] }
    var closing: [Int: [Graph.Segment]] = [:]
    for segment in rejoining ? graph.segments : [] {
      closing[segment.operators.upperBound - 1, default: []].append(segment)
    }
    var ends = [Int](repeating: -1, count: graph.operators.count)
    for (place, operation) in graph.operators.enumerated().reversed() {
      // Those around others stand behind them.
      for segment in closing[place]?.reversed() ?? [] where reached[segment.result.index] {
        for side in segment.sideResults { reached[side.index] = true }
      }
      if operation.outputs.contains(where: { reached[$0.index] }) {
        if case .create = operation.kind { continue }
        for input in operation.inputs { reached[input.index] = true }
        continue
      }
      let end = operation.outputs.map { named[$0.index] }.max() ?? place
      ends[place] = max(end, place)
      for input in operation.inputs { named[input.index] = max(named[input.index], end) }
    }
    self.ends = ends
  }

  /// The operator after which the node of an operator that the loss does not depend on is gone; nil for one that it
  /// depends on.
  func end(ofMaker place: Int) -> Int? { ends.indices.contains(place) && ends[place] >= 0 ? ends[place] : nil }
}
