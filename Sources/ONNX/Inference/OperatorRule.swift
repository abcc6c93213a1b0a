internal import Graph

/// What one operator does to shapes, and to values where shapes are computed from them.
struct OperatorRule: Sendable {
  typealias ShapeFunction = @Sendable (Call) throws(Unresolved) -> [Fact]
  typealias ValueFunction = @Sendable (Call, [TensorFact]) throws(Unresolved) -> [[Scalar]?]

  /// Whose storage the first result lies in.
  enum Storage: Sendable {
    /// Results are new.
    case own
    /// The first result is another look at the first input's elements.
    case view
    /// The first result may overwrite the first input, where nothing reads that later.
    case reusable
  }

  /// What is known of each result. A shorter answer than the node has outputs leaves the rest unknown.
  var shape: ShapeFunction
  /// The elements of each result, whose shapes are given and small; run only where inputs hold values.
  var value: ValueFunction?
  var storage: Storage
}

/// A row of the registry: an operator by its domain and name.
struct OperatorRow: Sendable {
  var domain: String
  var name: String
  var rule: OperatorRule
}

/// A row of the default domain.
func row(
  _ name: String, domain: String = "", storage: OperatorRule.Storage = .own,
  shape: @escaping OperatorRule.ShapeFunction, value: OperatorRule.ValueFunction? = nil
) -> OperatorRow {
  OperatorRow(domain: domain, name: name, rule: OperatorRule(shape: shape, value: value, storage: storage))
}

/// Rows of operators that share a rule.
func rows(
  _ names: [String], domain: String = "", storage: OperatorRule.Storage = .own,
  shape: @escaping OperatorRule.ShapeFunction, value: OperatorRule.ValueFunction? = nil
) -> [OperatorRow] {
  names.map { row($0, domain: domain, storage: storage, shape: shape, value: value) }
}

/// The domains of operators that do not come with a model.
enum OperatorDomain {
  static let microsoft = "com.microsoft"
  static let machineLearning = "ai.onnx.ml"
  static let training = "ai.onnx.preview.training"
}

/// Every operator that shapes are known to flow through.
enum OperatorRegistry {
  /// A family of operators hands in its rows here.
  private static let families: [[OperatorRow]] = [
    Assembly.all,
    AttentionOperators.all,
    Constants.all,
    ControlFlow.all,
    Convolution.all,
    Elementwise.all,
    Image.all,
    Indexing.all,
    Losses.all,
    MachineLearning.all,
    Microsoft.all,
    Movement.all,
    Normalization.all,
    Optimizers.all,
    Pooling.all,
    Products.all,
    Quantization.all,
    Randomness.all,
    Recurrent.all,
    Reductions.all,
    Resampling.all,
    Selection.all,
    Sequences.all,
    Signal.all,
    Text.all,
  ]

  private static let rules: [String: [String: OperatorRule]] = {
    var rules: [String: [String: OperatorRule]] = [:]
    for row in families.joined() { rules[row.domain, default: [:]][row.name] = row.rule }
    return rules
  }()

  static func rule(domain: String, name: String) -> OperatorRule? { rules[domain]?[name] }

  /// Whether operators of the domain are known at all.
  static func knows(domain: String) -> Bool { rules[domain] != nil }
}
