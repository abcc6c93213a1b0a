/// The values of one graph while it is inferred, and those around it that its nodes may name.
final class Scope {
  private(set) var values: [InferredGraph.Value] = []
  private var places: [String: Int] = [:]
  private let parent: Scope?
  /// Names of the surrounding graphs that were looked up from here.
  private(set) var captured: Set<String> = []
  /// Versions of the operator sets in force.
  let operatorSets: [String: Int]
  /// What the file declares of values in between, by name.
  var declarations: [String: ValueType] = [:]

  /// Within a function, the attributes of its call, to which its nodes may refer.
  let attributes: [String: AttributeValue]

  /// Whose graph it is: empty for the model's own, a function's name, or the way to a subgraph.
  let path: String

  /// The scope of a model's graph or of a function, which sees nothing around it.
  init(path: String = "", operatorSets: [String: Int], attributes: [String: AttributeValue] = [:]) {
    self.path = path
    self.parent = nil
    self.operatorSets = operatorSets
    self.attributes = attributes
  }

  /// The scope of the subgraph at `place` within a graph.
  init(within parent: Scope, place: String) {
    self.path = parent.path + place + "/"
    self.parent = parent
    self.operatorSets = parent.operatorSets
    self.attributes = parent.attributes
  }

  /// Adds a value; a name that is taken keeps its first meaning, which the reader has reported.
  @discardableResult
  func add(_ name: String, _ fact: Fact, _ origin: InferredGraph.Value.Origin) -> Int {
    let place = values.count
    values.append(InferredGraph.Value(name: name, fact: fact, origin: origin))
    if places[name] == nil { places[name] = place }
    return place
  }

  func place(of name: String) -> Int? { places[name] }

  func fact(of name: String) -> Fact? {
    if let place = places[name] { return values[place].fact }
    guard let fact = parent?.fact(of: name) else { return nil }
    captured.insert(name)
    return fact
  }
}
