import Graph
import TrainingStep
import Units

/// Small networks as their PyTorch modules would run. Their sizes leave a remainder when they are rounded to blocks of
/// 512 bytes, so that a size that is not rounded, or rounded in sum, shows.
enum Network {
  typealias Tensor = GraphBuilder.Tensor

  /// `F.cross_entropy(b(F.relu(a(x))).float(), t)` with `a = nn.Linear(50, 70)`, `b = nn.Linear(70, 30)`, ten rows.
  static func perceptron(freezesFirst: Bool = false, autocast: DataType? = nil) -> Graph {
    var g = GraphBuilder(autocast: autocast)
    let x = g.input("x", [10, 50], .float32)
    let targets = g.input("t", [10], .int64)
    let first = g.parameter("a.weight", [70, 50], .float32, trains: !freezesFirst)
    let firstBias = g.parameter("a.bias", [70], .float32, trains: !freezesFirst)
    let second = g.parameter("b.weight", [30, 70], .float32)
    let secondBias = g.parameter("b.bias", [30], .float32)
    let hidden = g.unary(.relu, g.linear(x, first, firstBias))
    let logits = g.cast(g.linear(hidden, second, secondBias), to: .float32)
    return g.finish(loss: g.crossEntropy(logits, targets))
  }

  /// `F.cross_entropy(F.linear(e(i), e.weight), t)` with `e = nn.Embedding(30, 70)`: a head tied to the embedding.
  static func tied() -> Graph {
    var g = GraphBuilder()
    let tokens = g.input("i", [10], .int64)
    let targets = g.input("t", [10], .int64)
    let table = g.parameter("e.weight", [30, 70], .float32)
    return g.finish(loss: g.crossEntropy(g.linear(g.embedding(tokens, table), table, nil), targets))
  }

  /// Two residual blocks over a hundred rows of seven features, behind `w = nn.Linear(5, 7, bias=False)`:
  ///
  ///     h = w(x)
  ///     for k in (0, 1): h = checkpoint(lambda h: h + b[k](F.gelu(a[k](n[k](h)))), h)
  ///     loss = F.cross_entropy(h, t)
  ///
  /// with `n = nn.LayerNorm(7)`, `a = nn.Linear(7, 15, bias=False)`, `b = nn.Linear(15, 7, bias=False)`.
  static func residual() -> Graph {
    var g = GraphBuilder()
    let x = g.input("x", [100, 5], .float32)
    let targets = g.input("t", [100], .int64)
    var hidden = g.linear(x, g.parameter("w.weight", [7, 5], .float32), nil)
    for block in 0..<2 {
      let input = hidden
      hidden =
        g.segment("blocks.\(block)") { g in
          let weight = g.parameter("n.\(block).weight", [7], .float32)
          let norm = g.layerNorm(input, weight, g.parameter("n.\(block).bias", [7], .float32))
          let wide = g.unary(.gelu, g.linear(norm, g.parameter("a.\(block).weight", [15, 7], .float32), nil))
          let narrow = g.linear(wide, g.parameter("b.\(block).weight", [7, 15], .float32), nil)
          return (g.add(input, narrow), [])
        }.result
    }
    return g.finish(loss: g.crossEntropy(hidden, targets))
  }

  /// A stretch that hands back something besides its result, as a layer does with its attention probabilities:
  ///
  ///     h, u = checkpoint(lambda h: (b(u := torch.sigmoid(a(F.relu(c(h))))), u), w(x))
  ///     loss = F.cross_entropy(h, t)
  ///
  /// with `w = nn.Linear(5, 7)`, `c = nn.Linear(7, 400)`, `a = nn.Linear(400, 150)`, `b = nn.Linear(150, 7)`, no
  /// biases, a hundred rows.
  static func sideResult() -> Graph {
    var g = GraphBuilder()
    let x = g.input("x", [100, 5], .float32)
    let targets = g.input("t", [100], .int64)
    let hidden = g.linear(x, g.parameter("w.weight", [7, 5], .float32), nil)
    let block = g.segment("block") { g in
      let inner = g.unary(.relu, g.linear(hidden, g.parameter("c.weight", [400, 7], .float32), nil))
      let wide = g.unary(.sigmoid, g.linear(inner, g.parameter("a.weight", [150, 400], .float32), nil))
      return (g.linear(wide, g.parameter("b.weight", [7, 150], .float32), nil), [wide])
    }
    for side in block.side { g.hold(side) }
    return g.finish(loss: g.crossEntropy(block.result, targets))
  }

  /// A stretch that is given a mask by keyword, as layers of transformers are:
  ///
  ///     h = checkpoint(partial(lambda h, mask: a(h) + mask, mask=torch.ones(100, 7)), w(x))
  ///
  /// with `w = nn.Linear(5, 7)`, `a = nn.Linear(7, 7)`, no biases, a hundred rows, and the cross-entropy of it.
  static func masked() -> Graph {
    var g = GraphBuilder()
    let x = g.input("x", [100, 5], .float32)
    let targets = g.input("t", [100], .int64)
    let hidden = g.linear(x, g.parameter("w.weight", [7, 5], .float32), nil)
    let mask = g.create("ones", [], [100, 7], .float32)
    let block = g.segment("block") { g in
      (g.add(g.linear(hidden, g.parameter("a.weight", [7, 7], .float32), nil), mask), [])
    }
    return g.finish(loss: g.crossEntropy(block.result, targets))
  }
}

extension Timeline {
  /// The peaks of a step's phases in bytes, and what stays when it has ended.
  struct Figures: Hashable, CustomStringConvertible {
    var forward: Int
    var backward: Int
    var optimizer: Int
    var resident: Int

    init(forward: Int, backward: Int, optimizer: Int, resident: Int) {
      (self.forward, self.backward, self.optimizer, self.resident) = (forward, backward, optimizer, resident)
    }

    var description: String { "\(forward) forward, \(backward) backward, \(optimizer) optimizer, \(resident) resident" }
  }

  func figures(ofStep step: Int) -> Figures {
    func peak(_ phase: Phase) -> Int { peaks[step]?[phase]?.bytes.bytes ?? -1 }
    return Figures(
      forward: peak(.forward), backward: peak(.backward), optimizer: peak(.optimizer),
      resident: resident[step]?.bytes ?? -1)
  }

  /// How often each operator asked for memory in a phase of the second step.
  func causes(in phase: Phase) -> [String: Int] {
    allocations.filter { $0.step == 2 && $0.phase == phase }.reduce(into: [:]) { $0[$1.cause, default: 0] += 1 }
  }
}

extension Graph {
  func trained(
    _ optimizer: Optimizer = .sgd, checkpointing: Checkpointing = .none, accumulation: Int = 1,
    distribution: Distribution = Distribution()
  ) -> Timeline {
    let workload = Workload(
      forward: ForwardSettings(sequenceLength: 1, precision: .fp32), optimizer: optimizer,
      checkpointing: checkpointing, accumulation: accumulation)
    return TrainingStep(graph: self, workload: workload, distribution: distribution).run()
  }
}
