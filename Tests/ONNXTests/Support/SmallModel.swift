import Checkpoint
import Units

@testable import ONNX

/// A model written down in a test.
struct SmallModel {
  var graph = GraphDefinition()
  var functions: [FunctionDefinition] = []
  var version = 21

  /// A declaration by its extents: numbers, names, `?` for an extent without a size.
  static func declaration(_ name: String, _ extents: String, _ type: DataType = .float32) -> ValueDeclaration {
    ValueDeclaration(name: name, type: .tensor(type, dimensions(extents)))
  }

  private static func dimensions(_ extents: String) -> [DeclaredDimension] {
    // Names may be expressions with spaces in them, so commas part the extents.
    extents.split(separator: ",").map { part in
      let text = part.drop { $0 == " " }
      return Int(text).map { .fixed($0) } ?? (text == "?" ? .unknown : .named(String(text)))
    }
  }

  func input(_ name: String, _ extents: String, _ type: DataType = .float32) -> SmallModel {
    with { $0.graph.inputs.append(Self.declaration(name, extents, type)) }
  }

  func output(_ name: String) -> SmallModel {
    with { $0.graph.outputs.append(ValueDeclaration(name: name, type: nil)) }
  }

  /// A weight that the file holds without its content.
  func weight(_ name: String, _ shape: Shape, _ type: DataType = .float32) -> SmallModel {
    with { model in
      var tensor = TensorDefinition()
      tensor.name = name
      tensor.dataType = type
      tensor.shape = shape
      model.graph.initializers.append(tensor)
    }
  }

  func integers(_ name: String, _ numbers: [Int]) -> SmallModel {
    with { $0.graph.initializers.append(Self.tensor(name, .integers(numbers), .int64, [numbers.count])) }
  }

  func scalar(_ name: String, _ number: Int) -> SmallModel {
    with { $0.graph.initializers.append(Self.tensor(name, .integers([number]), .int64, [])) }
  }

  func numbers(_ name: String, _ numbers: [Double]) -> SmallModel {
    with { $0.graph.initializers.append(Self.tensor(name, .reals(numbers), .float32, [numbers.count])) }
  }

  func number(_ name: String, _ number: Double) -> SmallModel {
    with { $0.graph.initializers.append(Self.tensor(name, .reals([number]), .float32, [])) }
  }

  func truth(_ name: String, _ value: Bool) -> SmallModel {
    with { $0.graph.initializers.append(Self.tensor(name, .integers([value ? 1 : 0]), .bool, [])) }
  }

  private static func tensor(
    _ name: String, _ content: TensorContent, _ type: DataType, _ shape: Shape
  ) -> TensorDefinition {
    var tensor = TensorDefinition()
    tensor.name = name
    tensor.dataType = type
    tensor.shape = shape
    tensor.content = content
    return tensor
  }

  /// `"Add a b -> c"`, with an optional domain before the operator: `com.microsoft.Gelu`.
  func node(_ text: String, _ attributes: [Attribute] = [], module: String? = nil) -> SmallModel {
    with { $0.graph.nodes.append(Self.node(text, attributes, module: module)) }
  }

  static func node(_ text: String, _ attributes: [Attribute] = [], module: String? = nil) -> Node {
    let sides = text.split(separator: ">", maxSplits: 1).map { $0.split(separator: " ").map(String.init) }
    var node = Node()
    let call = sides[0].filter { $0 != "-" }
    let name = call[0].split(separator: ".").map(String.init)
    node.operatorType = name.last ?? ""
    node.domain = name.dropLast().joined(separator: ".")
    node.inputs = call.dropFirst().map { $0 == "_" ? "" : $0 }
    node.outputs = sides.count > 1 ? sides[1] : []
    node.attributes = attributes
    node.module = module
    return node
  }

  func function(
    _ name: String, inputs: [String], outputs: [String], attributes: [String] = [], _ nodes: [Node]
  ) -> SmallModel {
    with { model in
      var function = FunctionDefinition(key: FunctionKey(domain: "local", name: name))
      function.inputs = inputs
      function.outputs = outputs
      function.attributes = attributes
      function.nodes = nodes
      function.operatorSets = ["": 21, "local": 1]
      model.functions.append(function)
    }
  }

  private func with(_ change: (inout SmallModel) -> Void) -> SmallModel {
    var copy = self
    change(&copy)
    return copy
  }

  var model: Model {
    Model(
      path: "model.onnx", irVersion: 10, producer: "", operatorSets: ["": version, "local": 1, "com.microsoft": 1],
      graph: graph, functions: Dictionary(functions.map { ($0.key, $0) }) { first, _ in first }, metadata: [:],
      findings: [], bytesRead: 0)
  }

  var analysis: GraphAnalysis { GraphAnalysis(model) }

  /// The shape of a value as text.
  func shape(_ name: String, _ question: GraphQuestion = GraphQuestion()) throws -> String {
    let values = try GraphAnalysis(model, question).profile.values
    guard let value = values.first(where: { $0.name == name }) else { return "no such value" }
    return value.shape.map { $0.map(\.description).joined(separator: ", ") } ?? value.cause ?? "no tensor"
  }
}
