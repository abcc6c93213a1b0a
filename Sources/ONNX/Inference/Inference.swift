internal import Graph
internal import Units

/// Follows shapes, and the values that shapes are computed from, through a model's graph.
///
/// Work grows with the nodes of the file: a function called again with inputs of which the same is known is not
/// followed again, and nothing is expanded.
final class Inference {
  private let functions: [FunctionKey: FunctionDefinition]
  /// The value of each symbol that is given.
  private let symbols: [String: Dimension]
  /// Every name of a dimension that was met.
  private(set) var dimensionNames: Set<String> = []
  /// Why an extent is not known, by the name of its unknown.
  private(set) var causes: [String: Cause] = [:]
  /// What the model does that its operators forbid, once per node.
  private(set) var defects: [Cause] = []
  /// Operators that no rule is known for.
  private(set) var unsupported: [Cause] = []

  private var known: [FunctionCall: CalledFunction] = [:]
  private var depth = 0
  /// For each node that is being inferred, the subgraphs that ran within it.
  private var bodies: [[Body]] = []
  /// Subgraphs and functions within one another; the reader allows fewer levels of subgraphs.
  private static let deepest = 64

  private struct FunctionCall: Hashable {
    var key: FunctionKey
    var inputs: [Fact?]
    var attributes: String
  }

  private struct Body {
    var graph: InferredGraph
    /// Names of surrounding graphs that it reads.
    var captured: Set<String>
  }

  private struct CalledFunction {
    var graph: InferredGraph
    var results: [Fact]
  }

  init(functions: [FunctionKey: FunctionDefinition], symbols: [String: Int]) {
    self.functions = functions
    self.symbols = symbols.mapValues { .constant($0) }
  }

  /// What a name stands for: the value that is given for it, or a symbol.
  func dimension(named name: String) -> Dimension {
    dimensionNames.insert(name)
    return symbols[name] ?? .symbol(name)
  }

  /// The value that is given for a name.
  func given(_ name: String) -> Dimension? { symbols[name] == nil ? nil : dimension(named: name) }

  func unknown(_ name: String, _ cause: Cause) -> Dimension {
    causes[name] = causes[name] ?? cause
    return .unknown(name)
  }

  /// Why an extent is not a number, for one that is not.
  func cause(of dimension: Dimension) -> Cause? {
    dimension.unknowns.sorted().lazy.compactMap { self.causes[$0] }.first
  }
}

// MARK: - Graphs

extension Inference {
  /// Follows the nodes of a graph within a scope that holds its inputs.
  func infer(_ graph: GraphDefinition, in scope: Scope) -> InferredGraph {
    for tensor in graph.initializers where scope.place(of: tensor.name) == nil {
      scope.add(tensor.name, .tensor(TensorFact(tensor)), .initializer)
    }
    for declaration in graph.declarations + graph.outputs {
      if let type = declaration.type { scope.declarations[declaration.name] = type }
    }
    return follow(graph.nodes, outputs: graph.outputs.map(\.name), in: scope)
  }

  /// Follows the subgraph that a call has as an attribute: `inputs` stand for the subgraph's own, in their order.
  func infer(_ attribute: String, of call: Call, inputs: [Fact]) throws(Unresolved) -> InferredGraph {
    let graph = try call.graph(attribute)
    guard inputs.count <= graph.inputs.count else {
      throw .defect("its subgraph '\(graph.name)' takes \(graph.inputs.count) inputs, not \(inputs.count)")
    }
    guard depth < Self.deepest else { throw .unsupported("subgraphs are nested more than \(Self.deepest) deep") }
    depth += 1
    defer { depth -= 1 }
    let scope = Scope(within: call.scope, place: "\(call.label).\(attribute)")
    for (declaration, fact) in zip(graph.inputs, inputs) { scope.add(declaration.name, fact, .input) }
    let inferred = infer(graph, in: scope)
    bodies[bodies.count - 1].append(Body(graph: inferred, captured: scope.captured))
    return inferred
  }

  private func follow(_ nodes: [Node], outputs: [String], in scope: Scope) -> InferredGraph {
    var steps: [InferredGraph.Step] = []
    steps.reserveCapacity(nodes.count)
    for (index, node) in nodes.enumerated() {
      bodies.append([])
      let (facts, storage) = infer(node, in: scope)
      let within = bodies.removeLast()
      let reads = node.inputs.filter { !$0.isEmpty } + within.flatMap { $0.captured.sorted() }
      let writes: [Int?] = node.outputs.enumerated().map { place, name in
        name.isEmpty ? nil : scope.add(name, facts[place], .intermediate)
      }
      let source = node.inputs.first.flatMap(scope.place)
      steps.append(
        InferredGraph.Step(
          node: index, reads: reads.compactMap(scope.place), writes: writes,
          storage: .init(storage, source), bodies: within.map(\.graph)))
    }
    return InferredGraph(
      path: scope.path, values: scope.values, steps: steps, nodes: nodes, outputs: outputs.compactMap(scope.place))
  }
}

extension InferredGraph.Storage {
  fileprivate init(_ storage: OperatorRule.Storage, _ source: Int?) {
    switch (storage, source) {
    case (.view, let source?): self = .view(of: source)
    case (.reusable, let source?): self = .reusable(source)
    default: self = .own
    }
  }
}

// MARK: - Nodes

extension Inference {
  /// What is known of each output of a node, one per output it names.
  private func infer(_ node: Node, in scope: Scope) -> ([Fact], OperatorRule.Storage) {
    let call = Call(
      node: node, version: scope.operatorSets[node.domain] ?? 1,
      inputs: node.inputs.map { name in
        if name.isEmpty { return nil }
        return scope.fact(of: name) ?? .unknown(Cause(.defect, "nothing gives '\(name)'"))
      },
      attributes: node.resolvedAttributes(scope.attributes), inference: self, scope: scope)
    var results: [Fact]
    var storage = OperatorRule.Storage.own
    do throws(Unresolved) {
      if let function = functions[FunctionKey(domain: node.domain, name: node.operatorType, overload: node.overload)] {
        results = try apply(function, call)
      } else if let rule = OperatorRegistry.rule(domain: node.domain, name: node.operatorType) {
        storage = rule.storage
        results = try apply(rule, call)
      } else {
        throw .unsupported("operator \(node.qualifiedName) is not known")
      }
    } catch {
      let cause = located(error.cause, call)
      results = node.outputs.map { _ in .unknown(cause) }
    }
    for place in node.outputs.indices where place >= results.count {
      results.append(.unknown(Cause(.unsupported, "output \(place) is not known", node: call.label)))
    }
    for (place, name) in node.outputs.enumerated() where !name.isEmpty {
      results[place] = reconciled(checked(results[place], call), with: scope.declarations[name], name: name)
    }
    return (results, storage)
  }

  private func apply(_ rule: OperatorRule, _ call: Call) throws(Unresolved) -> [Fact] {
    var results = try rule.shape(call)
    guard let value = rule.value else { return results }
    let tensors = results.compactMap(\.tensor)
    guard tensors.count == results.count, tensors.contains(where: { $0.isSmall && $0.elements == nil }) else {
      return results
    }
    guard let contents = try? value(call, tensors) else { return results }
    for (place, content) in contents.enumerated() where place < results.count {
      guard case .tensor(var tensor) = results[place], let content, tensor.isSmall,
        content.count == tensor.elementCount
      else { continue }
      tensor.elements = content
      results[place] = .tensor(tensor)
    }
    return results
  }

  /// A cause with the node at which it arose; that of an earlier node stays.
  private func located(_ cause: Cause, _ call: Call) -> Cause {
    guard cause.node.isEmpty else { return cause }
    var located = cause
    located.node = call.label
    switch cause.kind {
    case .defect: defects.append(located)
    case .unsupported: unsupported.append(located)
    case .data: break
    }
    return located
  }

  /// The fact, unless an extent is impossible.
  private func checked(_ fact: Fact, _ call: Call) -> Fact {
    guard case .tensor(let tensor) = fact, let shape = tensor.shape else { return fact }
    for dimension in shape {
      if dimension == .undefined {
        return .unknown(located(Cause(.defect, "an extent is beyond 64 bits"), call))
      }
      if let number = dimension.constant, number < 0 {
        return .unknown(located(Cause(.defect, "an extent is \(number)"), call))
      }
    }
    if let extents = tensor.extents, Shape(extents).elementCount == nil {
      return .unknown(located(Cause(.defect, "its shape \(extents) has more than 2^63 elements"), call))
    }
    return fact
  }

  /// A fact with what the file declares where nothing better is known.
  private func reconciled(_ fact: Fact, with declaration: ValueType?, name: String) -> Fact {
    guard let declaration else { return fact }
    switch fact {
    case .unknown:
      let declared = Fact(declaration, name: name, inference: self)
      return declared.cause == nil ? declared : fact
    case .tensor(var tensor):
      guard case .tensor(let dataType, let dimensions) = declaration else { return fact }
      tensor.dataType = tensor.dataType ?? dataType
      guard let dimensions else { return .tensor(tensor) }
      guard let shape = tensor.shape else {
        return .tensor(
          TensorFact(tensor.dataType, shape: dimensions.enumerated().map { extent($1, of: name, axis: $0) }))
      }
      guard shape.count == dimensions.count else {
        defects.append(
          Cause(.defect, "is declared with rank \(dimensions.count) and has rank \(shape.count)", node: name))
        return fact
      }
      for (axis, (own, declared)) in zip(shape, dimensions).enumerated() {
        if case .fixed(let number) = declared, let extent = own.constant, extent != number {
          defects.append(
            Cause(.defect, "axis \(axis) is declared as \(number) and comes out as \(extent)", node: name))
        } else if own.constant == nil, !own.unknowns.isEmpty, declared != .unknown {
          tensor.shape?[axis] = extent(declared, of: name, axis: axis)
        }
      }
      return .tensor(tensor)
    default: return fact
    }
  }
}

// MARK: - Functions

extension Inference {
  private func apply(_ function: FunctionDefinition, _ call: Call) throws(Unresolved) -> [Fact] {
    var attributes: [String: AttributeValue] = [:]
    for attribute in function.defaults { attributes[attribute.name] = attribute.value }
    for name in function.attributes { attributes[name] = call.attributes[name] }
    for attribute in function.defaults where call.attributes[attribute.name] != nil {
      attributes[attribute.name] = call.attributes[attribute.name]
    }
    let signature = attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ";")
    let key = FunctionCall(key: function.key, inputs: call.inputs, attributes: signature)
    if let found = known[key] {
      bodies[bodies.count - 1].append(Body(graph: found.graph, captured: []))
      return found.results
    }
    guard depth < Self.deepest else { throw .unsupported("functions call one another more than \(Self.deepest) deep") }
    depth += 1
    defer { depth -= 1 }
    let sets = function.operatorSets.isEmpty ? call.scope.operatorSets : function.operatorSets
    let scope = Scope(path: "\(call.node.qualifiedName)/", operatorSets: sets, attributes: attributes)
    for (name, fact) in zip(function.inputs, call.inputs) {
      if let fact { scope.add(name, fact, .input) }
    }
    for declaration in function.declarations { scope.declarations[declaration.name] = declaration.type }
    // An input that the caller leaves out is left out wherever the body names it.
    let missing = Set(function.inputs.enumerated().filter { !call.has($0.offset) }.map(\.element))
    let nodes = missing.isEmpty ? function.nodes : function.nodes.map { $0.leavingOut(missing) }
    let graph = follow(nodes, outputs: function.outputs, in: scope)
    let results = function.outputs.map { scope.fact(of: $0) ?? .unknown(Cause(.defect, "nothing gives '\($0)'")) }
    known[key] = CalledFunction(graph: graph, results: results)
    bodies[bodies.count - 1].append(Body(graph: graph, captured: []))
    return results
  }
}

extension Node {
  /// `Add`, or `com.microsoft.Attention`.
  var qualifiedName: String { domain.isEmpty ? operatorType : "\(domain).\(operatorType)" }

  fileprivate func leavingOut(_ names: Set<String>) -> Node {
    var node = self
    node.inputs = inputs.map { names.contains($0) ? "" : $0 }
    return node
  }

  /// The attributes by name, with those of the caller in place of references.
  fileprivate func resolvedAttributes(_ caller: [String: AttributeValue]) -> [String: AttributeValue] {
    var resolved: [String: AttributeValue] = [:]
    for attribute in attributes {
      if case .reference(let name) = attribute.value {
        resolved[attribute.name] = caller[name]
      } else {
        resolved[attribute.name] = attribute.value
      }
    }
    return resolved
  }
}
