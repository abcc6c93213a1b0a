public import Graph
internal import Units

extension GraphAnalysis {
  /// Every value with its size and life, for the report.
  public var profile: GraphProfile {
    var builder = ProfileBuilder(causes: causes)
    return builder.profile(of: graph)
  }
}

/// Turns inferred graphs into a question of memory, each shared body once.
private struct ProfileBuilder {
  let causes: [String: Cause]
  private var inner: [ObjectIdentifier: Dimension] = [:]
  /// By the path of the body: a loop's iterations share their weights.
  private var weights: [String: Dimension] = [:]
  private var nested: [GraphProfile.Value] = []
  private var visits = 0
  /// Values of subgraphs beyond these are counted and not listed.
  private static let mostNested = 100_000

  init(causes: [String: Cause]) { self.causes = causes }

  mutating func profile(of graph: InferredGraph) -> GraphProfile {
    let outputs = Set(graph.outputs)
    let dataflow = dataflow(of: graph)
    let labels = graph.labels
    for (step, label) in zip(graph.steps, labels) where !step.bodies.isEmpty { list(step.bodies, under: label) }
    return GraphProfile(
      values: graph.values.indices.map {
        value(graph.values[$0], name: graph.values[$0].name, isOutput: outputs.contains($0))
      },
      operators: zip(graph.steps, labels).map { step, label in
        GraphProfile.Operator(label: label, type: graph.nodes[step.node].qualifiedName)
      },
      nested: nested, dataflow: dataflow,
      nestedWeights: weights.values.sorted { $0.description < $1.description }.reduce(.zero, +))
  }

  private func value(_ value: InferredGraph.Value, name: String, isOutput: Bool) -> GraphProfile.Value {
    let tensor = value.fact.tensor
    return GraphProfile.Value(
      name: name, origin: .init(value.origin), dataType: tensor?.dataType, shape: tensor?.shape,
      size: value.fact.size, cause: cause(of: value.fact)?.description, isOutput: isOutput)
  }

  private func cause(of fact: Fact) -> Cause? {
    if let cause = fact.cause { return cause }
    for dimension in fact.tensor?.shape ?? [] {
      if let name = dimension.unknowns.sorted().first {
        return causes[name] ?? Cause(.data, "only running the model can tell")
      }
    }
    return nil
  }

  /// Lists the values of what runs within an operator. Of a loop's iterations the last stands for all.
  private mutating func list(_ bodies: [InferredGraph], under label: String) {
    visits += 1
    guard visits <= Self.mostNested else { return }
    var last: [String: InferredGraph] = [:]
    for body in bodies { last[body.path] = body }
    for body in last.values.sorted(by: { $0.path < $1.path }) {
      let prefix = last.count > 1 ? body.path : "\(label)/"
      for content in body.values where content.origin != .input {
        guard nested.count < Self.mostNested else { return }
        nested.append(value(content, name: prefix + content.name, isOutput: false))
      }
      for (step, label) in zip(body.steps, body.labels) where !step.bodies.isEmpty {
        list(step.bodies, under: prefix + label)
      }
    }
  }

  private mutating func dataflow(of graph: InferredGraph, within: Bool = false) -> Dataflow<Dimension> {
    let isConstant = Set(graph.steps.filter { graph.nodes[$0.node].isConstant }.flatMap { $0.writes.compactMap { $0 } })
    // What runs within an operator finds its inputs alive and hands its results on.
    let outside = within ? Set(graph.outputs) : []
    let values = graph.values.enumerated().map { place, value in
      let origin: Dataflow<Dimension>.Value.Origin = isConstant.contains(place) ? .weight : .init(value.origin)
      let isOutside = outside.contains(place) || (within && value.origin == .input)
      return Dataflow<Dimension>.Value(origin, size: isOutside ? .zero : value.fact.size ?? .zero)
    }
    var steps: [Dataflow<Dimension>.Step] = []
    steps.reserveCapacity(graph.steps.count)
    for step in graph.steps {
      var most = Dimension.zero
      for body in step.bodies { most = .larger(most, peak(within: body)) }
      let placement: Dataflow<Dimension>.Placement =
        switch step.storage {
        case .own: .own
        case .view(let source): .view(of: source)
        case .reusable(let source): .reusing(source)
        }
      steps.append(
        .init(reads: step.reads, writes: step.writes.compactMap { $0 }, placement: placement, inner: most))
    }
    return Dataflow(values: values, steps: steps, results: graph.outputs)
  }

  /// What is alive at most within a body, besides what its operator reads and writes.
  private mutating func peak(within body: InferredGraph) -> Dimension {
    let identity = ObjectIdentifier(body)
    if let known = inner[identity] { return known }
    let dataflow = dataflow(of: body, within: true)
    let peak = dataflow.walk(dataflow.fileOrder).largest.reduce(.zero, Dimension.larger)
    inner[identity] = peak
    weights[body.path] = dataflow.weights
    return peak
  }
}

extension Dataflow.Value.Origin {
  fileprivate init(_ origin: InferredGraph.Value.Origin) {
    switch origin {
    case .input: self = .input
    case .initializer: self = .weight
    case .intermediate: self = .intermediate
    }
  }
}

extension InferredGraph {
  /// How reports call each step: its node's name, or its operator and place.
  var labels: [String] {
    steps.map { step in
      let node = nodes[step.node]
      return node.name.isEmpty ? "\(node.operatorType)_\(step.node)" : node.name
    }
  }
}

extension Node {
  /// Whether it does nothing but hold a weight.
  var isConstant: Bool { operatorType == "Constant" && domain.isEmpty }
}

extension Fact {
  /// The bytes of its elements, packed; nil where they are not known.
  var size: Dimension? {
    switch self {
    case .tensor(let tensor):
      guard let shape = tensor.shape, let type = tensor.dataType, shape.allSatisfy(\.unknowns.isEmpty) else {
        return nil
      }
      let count = shape.product
      return type.bitWidth % 8 == 0
        ? count * .constant(type.bitWidth / 8) : (count * .constant(type.bitWidth)).quotientRoundedUp(8)
    case .sequence(let sequence):
      guard let elements = sequence.elements else { return nil }
      return elements.reduce(.zero) { sum, element in sum.flatMap { sum in element.size.map { sum + $0 } } }
    case .optional(let optional): return optional.isPresent == false ? .zero : optional.element?.size
    case .shapeless, .unknown: return nil
    }
  }
}
