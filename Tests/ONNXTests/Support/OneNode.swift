import Graph
import Units

@testable import ONNX

/// A graph of one node, to see what its operator's rule makes of inputs.
struct OneNode {
  var node = Node()
  var version: Int
  private var facts: [Fact?] = []

  init(_ name: String, version: Int, domain: String = "", outputs: Int = 1) {
    self.version = version
    node.operatorType = name
    node.domain = domain
    node.outputs = (0..<outputs).map { "result\($0)" }
  }

  /// An input by its extents: numbers, names of symbols, `?` for what is not known.
  func input(_ extents: String, _ type: DataType = .float32) -> OneNode {
    let shape = extents.split(separator: " ").enumerated().map { axis, text -> Dimension in
      if let number = Int(text) { return .constant(number) }
      return text == "?" ? .unknown("input\(facts.count).\(axis)") : .symbol(String(text))
    }
    return adding(.tensor(TensorFact(type, shape: shape)))
  }

  func input(values: [Dimension?]) -> OneNode {
    let elements = values.map { $0.map { Scalar.integer($0) } ?? .unknown }
    return adding(.tensor(TensorFact(.int64, shape: [.constant(values.count)], elements: elements)))
  }

  func input(reals: [Double]) -> OneNode {
    adding(.tensor(TensorFact(.float32, shape: [.constant(reals.count)], elements: reals.map { .real($0) })))
  }

  func input(integer: Dimension) -> OneNode {
    adding(.tensor(TensorFact(.int64, shape: [], elements: [.integer(integer)])))
  }

  func withoutInput() -> OneNode { adding(nil) }

  func with(_ name: String, _ value: AttributeValue) -> OneNode {
    var copy = self
    copy.node.attributes.append(Attribute(name, value))
    return copy
  }

  private func adding(_ fact: Fact?) -> OneNode {
    var copy = self
    copy.node.inputs.append(fact == nil ? "" : "input\(facts.count)")
    copy.facts.append(fact)
    return copy
  }

  // MARK: - Results

  /// Each result as text: its extents, or why they are not known.
  var results: [String] {
    tensors.map { fact in
      guard let shape = fact.tensor?.shape else { return fact.cause?.message ?? "no tensor" }
      return shape.map(\.description).joined(separator: " | ")
    }
  }

  var result: String { results.first ?? "none" }

  var types: [DataType?] { tensors.map { $0.tensor?.dataType } }

  /// The elements of the first result.
  var elements: [Scalar]? { tensors.first?.tensor?.elements }

  private var tensors: [Fact] {
    let scope = Scope(operatorSets: [node.domain: version])
    for (place, fact) in facts.enumerated() {
      if let fact { scope.add("input\(place)", fact, .input) }
    }
    var graph = GraphDefinition()
    graph.nodes = [node]
    let inferred = Inference(functions: [:], symbols: [:]).infer(graph, in: scope)
    return node.outputs.compactMap { name in inferred.values.last { $0.name == name }?.fact }
  }
}
