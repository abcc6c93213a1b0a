import Graph
import Testing
import Units

typealias Tensor = GraphBuilder.Tensor

extension Graph {
  /// The operators after which each owner goes, in running order; empty for what lives on.
  func ends(of tensors: [Tensor]) -> [Int?] {
    tensors.map { tensor in releases.firstIndex { $0.contains(self[tensor.id].owner) } }
  }

  /// The operators' names, in running order.
  var names: [String] { operators.map(\.kind.name) }
}

/// When the program lets go of a value: what Python's reference counts do when a module's `forward` is written as the
/// comment says. Operators are numbered from 0.
@Suite("Lifetimes in a graph")
struct BuilderLifetimeTests {
  static func start() -> (GraphBuilder, Tensor) {
    var g = GraphBuilder()
    let input = g.input("x", [4, 4], .float32)
    return (g, input)
  }

  ///     a = x * 2        # 0
  ///     b = a + x        # 1
  ///     c = a + b        # 2
  ///     return c.sum()
  @Test func lastUseInTheOwnFrame() {
    var (g, x) = Self.start()
    let a = g.multiplyScalar(x)
    let b = g.add(a, x)
    let c = g.add(a, b)
    let graph = g.finish(loss: c)
    // Both are read last by the second addition; the loss stays.
    #expect(graph.ends(of: [a, b, c]) == [2, 2, nil])
    #expect(graph.releases[0].isEmpty && graph.releases[1].isEmpty)
    #expect(!graph.releases.joined().contains(x.id))
  }

  /// A view keeps its base: `v = (x * 2).t()` (0, 1), `w = v + v` (2); and what nobody reads goes at once.
  @Test func viewsKeepTheirBase() {
    var (g, x) = Self.start()
    let a = g.multiplyScalar(x)
    let v = g.transpose(a, 0, 1)
    let w = g.add(v, v)
    let unread = g.addScalar(w)
    let graph = g.finish(loss: nil)
    #expect(graph[v.id].owner == a.id)
    #expect(graph.ends(of: [a, v, w, unread]) == [2, 2, 3, 3])
  }

  ///     def inner(a):
  ///       b = a * 2      # 1
  ///       c = b * 2      # 2
  ///       return c * 2   # 3
  ///     a = x * 2        # 0
  ///     d = inner(a)
  ///     return d * 2     # 4
  ///
  /// The callee's argument names `a` until the callee returns, and the result is the caller's from there.
  @Test func argumentsLiveUntilTheCalleeReturns() {
    var (g, x) = Self.start()
    let a = g.multiplyScalar(x)
    var locals: [Tensor] = []
    let d = g.frame("inner") { g in
      let b = g.multiplyScalar(a)
      let c = g.multiplyScalar(b)
      locals = [b, c]
      return g.multiplyScalar(c)
    }
    let e = g.multiplyScalar(d)
    let graph = g.finish(loss: nil)
    #expect(graph.ends(of: [a] + locals + [d, e]) == [3, 2, 3, 4, 4])
    #expect(graph.frames.map(\.path) == ["", "inner"])
    #expect(graph.frames[1].operators == 1..<4)
  }

  /// The same through two calls: `outer(a)` calls `inner(a)` (1) and goes on (2). The outer call's argument counts.
  @Test func argumentsOfNestedCalls() {
    var (g, x) = Self.start()
    let a = g.multiplyScalar(x)
    var born: Tensor?
    let result = g.frame("outer") { g in
      let b = g.frame("inner") { g in g.multiplyScalar(a) }
      born = b
      return g.addScalar(g.multiplyScalar(b))
    }
    let graph = g.finish(loss: result)
    #expect(graph.frames.map(\.path) == ["", "outer", "outer.inner"])
    #expect(graph.ends(of: [a]) == [3])
    #expect(born.map { graph.ends(of: [$0]) } == [2])
  }

  /// A result handed up two frames and read by the outermost: `inner` (0) makes it, `outer` returns it, 1 reads it.
  @Test func resultsGoUp() {
    var (g, x) = Self.start()
    let made = g.frame("outer") { g in g.frame("inner") { g in g.multiplyScalar(x) } }
    let read = g.addScalar(made)
    let other = g.addScalar(read)
    let graph = g.finish(loss: other)
    #expect(graph.ends(of: [made, read]) == [1, 2])
  }

  /// A result that goes up and down again is an argument of the second call: read by 2, gone when the call ends at 3.
  @Test func resultsHandedToASibling() {
    var (g, x) = Self.start()
    let made = g.frame("first") { g in g.multiplyScalar(x) }
    let between = g.addScalar(x)
    let last = g.frame("second") { g in g.addScalar(g.multiplyScalar(made)) }
    let graph = g.finish(loss: last)
    #expect(graph.ends(of: [made, between]) == [3, 1])
  }

  /// A local variable lives until its function returns, read or not (1 of 1..<4); the caller's until the end.
  @Test func held() {
    var (g, x) = Self.start()
    let outside = g.hold(g.multiplyScalar(x))
    var local: Tensor?
    let result = g.frame("f") { g in
      let a = g.hold(g.multiplyScalar(x))
      local = a
      return g.multiplyScalar(g.addScalar(a))
    }
    let last = g.addScalar(result)
    let graph = g.finish(loss: last)
    #expect(local.map { graph.ends(of: [$0]) } == [3])
    #expect(graph.ends(of: [outside]) == [4])
  }

  /// The loop's variable for a layer's results is bound anew when the next layer has run.
  ///
  ///     out = layer(x)           # 0 and, besides the result, 1
  ///     hidden = out[0]
  ///     out = layer(hidden)      # 2, 3: then the first `out` goes
  @Test func keptUntilItIsBoundAnew() {
    var (g, x) = Self.start()
    var sides: [Tensor] = []
    var hidden = x
    for layer in 0..<2 {
      let previous = sides.last
      let input = hidden
      hidden = g.frame("layers.\(layer)") { g in
        let result = g.multiplyScalar(input)
        sides.append(g.multiplyScalar(input))
        return result
      }
      if let previous { g.keepUntilHere(previous) }
    }
    let graph = g.finish(loss: hidden)
    #expect(graph.ends(of: sides) == [3, 3])
  }

  /// What is kept to the end of the forward pass (a cache) outlives every frame.
  @Test func heldToTheEnd() {
    var (g, x) = Self.start()
    var cached: Tensor?
    let result = g.frame("layer") { g in
      let key = g.multiplyScalar(x)
      g.holdToTheEnd(key)
      cached = key
      return g.addScalar(key)
    }
    let last = g.addScalar(g.addScalar(result))
    let graph = g.finish(loss: last)
    #expect(cached.map { graph.ends(of: [$0]) } == [3])
  }

  /// A module used twice has one parameter, and a leaf that must have a gradient lives as long as the loss does.
  @Test func leaves() {
    var (g, x) = Self.start()
    let first = g.parameter("w", [4, 4], .float32)
    let second = g.parameter("w", [4, 4], .float32)
    #expect(first.id == second.id)
    let embedded = g.add(x, first)
    g.requireGradient(embedded)
    let loss = g.addScalar(embedded)
    let graph = g.finish(loss: loss)
    #expect(graph.extraLeaves == [embedded.id])
    #expect(graph.ends(of: [embedded, loss]) == [nil, nil])
    #expect(graph.values.filter { $0.name == "w" }.count == 1)
  }

  /// Activation checkpointing saves what a stretch reads from outside, in the order in which it is read: the hidden
  /// state and the mask, once each, and neither parameters nor what the stretch makes itself.
  @Test func argumentsOfASegment() {
    var (g, x) = Self.start()
    let weight = g.parameter("w", [4, 4], .float32)
    let hidden = g.multiplyScalar(x)
    let mask = g.create("ones", [], [4, 4], .float32)
    let transposed = g.transpose(weight, 0, 1)
    var inside: Tensor?
    let block = g.segment("layers.0") { g in
      let a = g.add(hidden, mask)
      let b = g.add(g.linear(a, weight, nil), g.multiply(transposed, mask))
      inside = a
      return (g.add(b, hidden), [b])
    }
    let graph = g.finish(loss: block.result)
    #expect(graph.segments.count == 1)
    #expect(graph.segments[0].arguments == [hidden.id, mask.id])
    #expect(graph.segments[0].operators == 3..<graph.operators.count)
    #expect(graph.segments[0].result == block.result.id)
    #expect(graph.segments[0].sideResults == block.side.map(\.id))
    // Arguments live until the block returns, its own values do not.
    let last = graph.operators.count - 1
    #expect(graph.ends(of: [hidden, mask]) == [last, last])
    #expect(inside.map { graph.ends(of: [$0]) } == [4])
  }

  ///     def append(cache, a):
  ///       cache.rows = cat([cache.rows, a])   # 2
  ///       return cache.rows * 2               # 3
  ///     def outer(cache):
  ///       cache.rows = x * 2                  # 0
  ///       a = x * 2                           # 1
  ///       b = append(cache, a)
  ///       return b + b * 2                    # 4, 5
  ///
  /// What an object names goes when it names another value, and that lives as long as the object.
  @Test func objectsNameValues() {
    var (g, x) = Self.start()
    var rows: [Tensor] = []
    let last = g.frame("outer") { g in
      let caller = g.runningFrame
      let before = g.multiplyScalar(x)
      g.endWithLastUse(before)
      let a = g.multiplyScalar(x)
      let b = g.frame("append") { g in
        let after = g.concatenate([before, a], axis: 0)
        g.hold(after, until: caller)
        rows = [before, after]
        return g.multiplyScalar(after)
      }
      return g.add(b, g.multiplyScalar(b))
    }
    let graph = g.finish(loss: last)
    #expect(graph.ends(of: rows) == [2, 5])
  }
}
