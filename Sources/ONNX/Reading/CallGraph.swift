/// Which functions of a model call which others.
struct CallGraph {
  private var names: [String] = []
  private var calls: [[Int]] = []

  init(_ functions: [FunctionDefinition]) {
    let indices = Dictionary(functions.enumerated().map { ($1.key, $0) }) { first, _ in first }
    names = functions.map(\.key.name)
    calls = functions.map { function in
      var called: Set<Int> = []
      Self.visit(function.nodes) { node in
        let key = FunctionKey(domain: node.domain, name: node.operatorType, overload: node.overload)
        if let index = indices[key] { called.insert(index) }
      }
      return called.sorted()
    }
  }

  /// The name of a function that calls itself, directly or by way of others. The path from caller to called is kept in a
  /// list, so that a long one does not take the stack.
  var recursiveFunction: String? {
    enum State { case unseen, open, done }
    var states = [State](repeating: .unseen, count: calls.count)
    for start in calls.indices where states[start] == .unseen {
      var path = [(function: start, next: 0)]
      states[start] = .open
      while let (function, next) = path.last {
        guard next < calls[function].count else {
          states[function] = .done
          path.removeLast()
          continue
        }
        path[path.count - 1].next += 1
        let called = calls[function][next]
        switch states[called] {
        case .open: return names[called]
        case .done: continue
        case .unseen:
          states[called] = .open
          path.append((called, 0))
        }
      }
    }
    return nil
  }

  /// Every node, those of subgraphs included.
  private static func visit(_ nodes: [Node], _ body: (Node) -> Void) {
    for node in nodes {
      body(node)
      for attribute in node.attributes {
        switch attribute.value {
        case .graph(let graph): visit(graph.nodes, body)
        case .graphs(let graphs): for graph in graphs { visit(graph.nodes, body) }
        default: break
        }
      }
    }
  }
}
