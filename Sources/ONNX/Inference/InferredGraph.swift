/// A graph with what is known of each value, in the order of the file.
///
/// A function that is called twice with the same inputs is inferred once and shared.
public final class InferredGraph: Sendable {
  public struct Value: Sendable {
    public enum Origin: Sendable {
      case input
      case initializer
      case intermediate
    }

    public var name: String
    public var fact: Fact
    public var origin: Origin
  }

  /// A node, by its place among the nodes of the definition.
  public struct Step: Sendable {
    public var node: Int
    /// Places in ``values``; what is left out is not among them, values that only subgraphs read are.
    public var reads: [Int]
    /// Places in ``values`` by output; nil for an output that is left out.
    public var writes: [Int?]
    public var storage: Storage
    /// The subgraphs that run within it: the branches of an If, the body of a Loop, a called function.
    public var bodies: [InferredGraph]
  }

  public enum Storage: Sendable {
    case own
    /// The first result lies in the storage of this value.
    case view(of: Int)
    /// The first result may overwrite this value.
    case reusable(Int)
  }

  /// Whose graph it is: empty for the model's own, a function's name, or the way to a subgraph. Each iteration of a loop
  /// that is followed has the same.
  public let path: String
  public let values: [Value]
  public let steps: [Step]
  /// The nodes of the definition, for ``Step/node``.
  public let nodes: [Node]
  public let outputs: [Int]

  init(path: String, values: [Value], steps: [Step], nodes: [Node], outputs: [Int]) {
    self.path = path
    self.values = values
    self.steps = steps
    self.nodes = nodes
    self.outputs = outputs
  }
}
