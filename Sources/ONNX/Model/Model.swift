public import Checkpoint

/// An ONNX model as its file states it: graph, functions and the tensors that both hold, without their large payloads.
///
/// Strings are decoded as UTF-8; what is not is replaced and among ``findings``.
public struct Model: Sendable {
  /// The path as the user gave it.
  public var path: String
  public var irVersion: Int
  public var producer: String
  /// The version of each operator set, by domain; `ai.onnx` is spelled as the empty domain.
  public var operatorSets: [String: Int]
  public var graph: GraphDefinition
  /// The model-local functions.
  public var functions: [FunctionKey: FunctionDefinition]
  public var metadata: [String: String]
  public var findings: [Finding]
  /// Bytes taken from files.
  public var bytesRead: Int
}

/// What a node calls: a domain's operator or function, and which of its overloads.
public struct FunctionKey: Hashable, Sendable {
  public var domain: String
  public var name: String
  public var overload: String

  public init(domain: String, name: String, overload: String = "") {
    self.domain = domain
    self.name = name
    self.overload = overload
  }
}

/// A graph, the model's own or a subgraph in an attribute.
public struct GraphDefinition: Sendable {
  public var name = ""
  public var nodes: [Node] = []
  /// Initializers by the order of the file; sparse ones have ``TensorDefinition/sparse`` set.
  public var initializers: [TensorDefinition] = []
  /// As the file lists them; before IR version 4 the initializers are among them.
  public var inputs: [ValueDeclaration] = []
  public var outputs: [ValueDeclaration] = []
  /// Shapes that the exporter declared for values in between.
  public var declarations: [ValueDeclaration] = []

  public init() {}
}

/// A function that the model brings along.
public struct FunctionDefinition: Sendable {
  public var key: FunctionKey
  public var inputs: [String] = []
  public var outputs: [String] = []
  /// Names of attributes that a call may set.
  public var attributes: [String] = []
  /// Attributes with a default.
  public var defaults: [Attribute] = []
  public var nodes: [Node] = []
  public var operatorSets: [String: Int] = [:]
  public var declarations: [ValueDeclaration] = []

  public init(key: FunctionKey) { self.key = key }
}

/// One operator, or a call of a function.
public struct Node: Sendable {
  public var name = ""
  public var operatorType = ""
  /// `ai.onnx` is spelled as the empty domain.
  public var domain = ""
  public var overload = ""
  /// An empty name is an optional input that is left out.
  public var inputs: [String] = []
  public var outputs: [String] = []
  public var attributes: [Attribute] = []
  /// The path of the module that it was traced in, `model.layers.3.mlp`, where the exporter wrote it down.
  public var module: String?

  public init() {}
}

public struct Attribute: Sendable {
  public var name: String
  public var value: AttributeValue

  public init(_ name: String, _ value: AttributeValue) {
    self.name = name
    self.value = value
  }
}

public indirect enum AttributeValue: Sendable {
  case float(Double)
  case integer(Int)
  case string(String)
  case tensor(TensorDefinition)
  case graph(GraphDefinition)
  case type(ValueType)
  case floats([Double])
  case integers([Int])
  case strings([String])
  case tensors([TensorDefinition])
  case graphs([GraphDefinition])
  case types([ValueType])
  /// Within a function: the attribute of the caller that takes this one's place.
  case reference(String)
}
