internal import Checkpoint

extension Model {
  /// The newest version of each operator set that is known here (onnx 1.21.0).
  static let newestOperatorSets = ["": 26, "ai.onnx.ml": 5, "ai.onnx.preview.training": 1]

  /// What the rules of the format say about the graph and the functions, as findings. Takes time that grows with the
  /// file, however functions call each other.
  func structuralFindings() -> [Finding] {
    var check = ModelCheck(self)
    check.run()
    return check.findings.all
  }
}

/// One check of one model, against the rules of `IR.md`: names, imports, calls.
private struct ModelCheck {
  let model: Model
  let fileName: String
  var findings = FindingList()
  /// What was said of a domain, or of an operator of one, that need not be said again.
  private var said: Set<FunctionKey> = []
  /// The domains in which the model defines functions.
  private let functionDomains: Set<String>

  init(_ model: Model) {
    self.model = model
    fileName = splitPath(model.path).name
    functionDomains = Set(model.functions.keys.map(\.domain))
  }

  mutating func run() {
    check(operatorSets: model.operatorSets)
    var scope = NameScope()
    check(model.graph, in: &scope, imports: model.operatorSets, isOutermost: true)
    let functions = model.functions.values.sorted { $0.key < $1.key }
    for function in functions { check(function) }
    if let name = CallGraph(functions).recursiveFunction {
      add(.error, .functionRecursion, "the function \(quoted(name)) calls itself, directly or by way of others")
    }
  }

  private mutating func add(
    _ severity: Finding.Severity, _ rule: Finding.ModelRule, _ message: @autoclosure () -> String, help: String? = nil
  ) {
    findings.add(severity, rule, file: fileName, message(), help: help)
  }

  private mutating func check(operatorSets: [String: Int]) {
    for (domain, version) in operatorSets.sorted(by: { $0.key < $1.key }) {
      let name = domain.isEmpty ? "ai.onnx" : domain
      if version < 1 {
        add(.error, .opsetOutOfRange, "the operator set \(quoted(name)) is imported in version \(version)")
      } else if let newest = Model.newestOperatorSets[domain], version > newest {
        add(
          .warning, .opsetOutOfRange,
          "the operator set \(quoted(name)) is imported in version \(version); \(newest) is the newest known",
          help: "Operators are read as those of version \(newest).")
      }
    }
  }

  private mutating func check(_ function: FunctionDefinition) {
    check(operatorSets: function.operatorSets)
    var scope = NameScope()
    for name in function.inputs where !name.isEmpty && !scope.insert(name) {
      add(.error, .graphInputRepeated, "the function \(quoted(function.key.name)) has the input \(quoted(name)) twice")
    }
    let later = LaterOutputs(function.nodes)
    for node in function.nodes { check(node, in: &scope, imports: function.operatorSets, later: later) }
    for name in function.outputs where !scope.contains(name) {
      add(
        .error, .outputDangling,
        "no node of the function \(quoted(function.key.name)) gives its output \(quoted(name))")
    }
  }

  private mutating func check(
    _ graph: GraphDefinition, in scope: inout NameScope, imports: [String: Int], isOutermost: Bool = false
  ) {
    scope.enter()
    for input in graph.inputs where !input.name.isEmpty && !scope.insert(input.name) {
      if scope.isOwn(input.name) {
        add(.error, .graphInputRepeated, "the graph has the input \(quoted(input.name)) twice")
      } else {
        add(.warning, .valueRepeated, "an input of a subgraph hides the value \(quoted(input.name)) outside of it")
      }
    }
    checkInitializers(graph, in: &scope)
    let later = LaterOutputs(graph.nodes)
    for node in graph.nodes { check(node, in: &scope, imports: imports, later: later) }
    for output in graph.outputs where !scope.contains(output.name) {
      add(.error, .outputDangling, "nothing in the graph gives its output \(quoted(output.name))")
    }
    if graph.outputs.isEmpty {
      add(.warning, .graphWithoutOutputs, isOutermost ? "the graph has no outputs" : "a subgraph has no outputs")
    }
    scope.leave()
  }

  /// An initializer may bear an input's name: it is then the input's default value.
  private mutating func checkInitializers(_ graph: GraphDefinition, in scope: inout NameScope) {
    var names: Set<String> = []
    for tensor in graph.initializers {
      if !names.insert(tensor.name).inserted {
        findings.add(
          .error, .initializerRepeated, file: fileName, tensor: tensor.name, "two initializers have the same name")
      } else if !scope.insert(tensor.name), !scope.isOwn(tensor.name) {
        findings.add(
          .warning, .valueRepeated, file: fileName, tensor: tensor.name,
          "an initializer of a subgraph hides a value outside of it")
      }
    }
  }

  private mutating func check(
    _ node: Node, in scope: inout NameScope, imports: [String: Int], later: LaterOutputs
  ) {
    checkOperator(node, imports: imports)
    for name in node.inputs where !name.isEmpty && !scope.contains(name) {
      add(
        .error, .inputDangling,
        later.contain(name)
          ? "the input \(quoted(name)) of \(node.title) is given only by a later node"
          : "nothing gives the input \(quoted(name)) of \(node.title)",
        help: "The writer of this file is at fault.")
    }
    for attribute in node.attributes {
      switch attribute.value {
      case .graph(let graph): check(graph, in: &scope, imports: imports)
      case .graphs(let graphs): for graph in graphs { check(graph, in: &scope, imports: imports) }
      default: break
      }
    }
    for name in node.outputs where !name.isEmpty && !scope.insert(name) {
      add(
        .error, .valueRepeated, "\(node.title) gives the value \(quoted(name)), which is there already",
        help: "Each value has one name, and each name one value.")
    }
  }

  /// Attributes that are subgraphs and that their operator cannot do without.
  private static let subgraphs = [
    "If": ["then_branch", "else_branch"], "Loop": ["body"], "Scan": ["body"], "SequenceMap": ["body"],
  ]

  private mutating func checkOperator(_ node: Node, imports: [String: Int]) {
    guard !node.operatorType.isEmpty else {
      add(.error, .operatorUnnamed, "the node \(quoted(node.name)) does not say what its operator is")
      return
    }
    if imports[node.domain] == nil, said.insert(FunctionKey(domain: node.domain, name: "")).inserted {
      add(
        .error, .opsetMissing,
        "\(node.title) is of the operator set \(quoted(node.domain.isEmpty ? "ai.onnx" : node.domain)), "
          + "which is not imported")
    }
    let key = FunctionKey(domain: node.domain, name: node.operatorType, overload: node.overload)
    if Model.newestOperatorSets[node.domain] == nil, model.functions[key] == nil,
      OperatorRegistry.rule(domain: node.domain, name: node.operatorType) == nil, said.insert(key).inserted
    {
      add(
        functionDomains.contains(node.domain) ? .error : .warning, .operatorUndefined,
        "\(quoted(node.operatorType)) of \(quoted(node.domain)) is no operator that is known here, "
          + "and no function of the model")
    }
    guard node.domain.isEmpty, let names = Self.subgraphs[node.operatorType], model.functions[key] == nil else {
      return
    }
    for name in names where !node.attributes.contains(where: { $0.name == name && $0.value.isGraph }) {
      add(.error, .subgraphMissing, "\(node.title) lacks its subgraph `\(name)`")
    }
  }
}

extension Node {
  fileprivate var title: String { name.isEmpty ? "a node \(quoted(operatorType))" : "the node \(quoted(name))" }
}

extension AttributeValue {
  /// Whether a subgraph, or a caller's in its place.
  fileprivate var isGraph: Bool {
    switch self {
    case .graph, .reference: true
    default: false
    }
  }
}

extension FunctionKey: Comparable {
  public static func < (left: FunctionKey, right: FunctionKey) -> Bool {
    (left.domain, left.name, left.overload) < (right.domain, right.name, right.overload)
  }
}

/// The names that can be seen from a place: those of the graph around it, and of all graphs around that.
private struct NameScope {
  private var depths: [String: Int] = [:]
  private var names: [[String]] = [[]]

  /// Adds a name to the innermost graph; false where it can be seen already.
  mutating func insert(_ name: String) -> Bool {
    guard depths[name] == nil else { return false }
    depths[name] = names.count
    names[names.count - 1].append(name)
    return true
  }

  func contains(_ name: String) -> Bool { depths[name] != nil }

  /// Whether the name belongs to the innermost graph.
  func isOwn(_ name: String) -> Bool { depths[name] == names.count }

  mutating func enter() { names.append([]) }

  mutating func leave() {
    guard names.count > 1 else { return }
    for name in names.removeLast() { depths[name] = nil }
  }
}

/// What a list of nodes gives, gathered where a name is missing for the first time.
private final class LaterOutputs {
  private let nodes: [Node]
  private lazy var names = Set(nodes.lazy.flatMap(\.outputs))

  init(_ nodes: [Node]) { self.nodes = nodes }

  func contain(_ name: String) -> Bool { names.contains(name) }
}
