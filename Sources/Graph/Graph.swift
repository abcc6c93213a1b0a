public import Units

/// The operators of one forward pass, in the order in which eager execution runs them, with every tensor they
/// make and the moment at which the program lets go of it.
public struct Graph: Sendable {
  /// The place of a value in ``values``.
  public struct ValueID: Hashable, Sendable {
    public var index: Int
    public init(_ index: Int) { self.index = index }
  }

  /// Where a value comes from.
  public enum Origin: Hashable, Sendable {
    case parameter(trains: Bool)
    case buffer
    case input
    /// The result of an operator.
    case intermediate
  }

  public struct Value: Sendable {
    /// A parameter's, buffer's or input's name; nil for intermediates.
    public var name: String?
    public var layout: Layout
    public var dataType: DataType
    public var origin: Origin
    /// The value that owns the storage: itself, unless an operator made it as a view.
    public var owner: ValueID
  }

  public struct Operator: Sendable {
    public var kind: OperatorKind
    public var inputs: [ValueID]
    public var outputs: [ValueID]
    /// The place in ``frames`` of the module that runs it.
    public var frame: Int
  }

  /// A running module or function: what it names lives until it returns.
  public struct Frame: Sendable {
    /// The module's path: `model.layers.3.mlp`.
    public var path: String
    public var parent: Int?
    public var operators: Range<Int>
  }

  /// A stretch of operators that activation checkpointing wraps.
  public struct Segment: Sendable {
    public var operators: Range<Int>
    /// Values from outside that the stretch reads and that are no parameters.
    public var arguments: [ValueID]
    /// Those of them that are handed over by position: a reentrant checkpoint saves them as it saves the hidden states,
    /// and lets go of them when its backward pass has run. What is handed over by keyword lives longer.
    public var byPosition: [ValueID]
    public var result: ValueID
    /// What it hands back besides; an argument, where it hands that on.
    public var sideResults: [ValueID]
  }

  /// What a rank of a pipeline runs of a model in one go.
  public struct Stage: Sendable {
    public var operators: Range<Int>
    /// The hidden states that the stage before sends, in a buffer; nil for the first.
    public var received: ValueID?
    /// What is sent to the stage behind, or of the last the logits.
    public var output: ValueID
    /// Whether the backward pass starts from the loss, and not from a gradient that the stage behind sends.
    public var isLast: Bool
  }

  public var values: [Value] = []
  public var operators: [Operator] = []
  public var frames: [Frame] = []
  /// In the order in which they end: one that lies in another stands before it. They do not overlap otherwise.
  public var segments: [Segment] = []
  /// For each operator, the owners that nothing in the program names once it has run.
  public var releases: [[ValueID]] = []
  /// Intermediates that need a gradient of their own.
  public var extraLeaves: [ValueID] = []
  /// The same, where the stretch that makes them is checkpointed (T5's bias of zeros).
  public var checkpointedLeaves: [ValueID] = []
  /// What autocast makes of its operators' arguments in fp32. It keeps its copy of a leaf that needs a gradient, and the
  /// arguments of a stretch that reentrant checkpointing runs again are such leaves.
  public var autocastCopies: Set<ValueID> = []
  /// Parameters that several ranks share as DTensors.
  public var distributedParameters: Set<ValueID> = []
  /// Parameters that are others on each rank, as those of experts are that ranks share.
  public var ownParameters: Set<ValueID> = []
  /// The pipeline stages that it consists of, in the model's order; empty for a whole model.
  public var stages: [Stage] = []
  /// The scalar that the backward pass starts from.
  public var loss: ValueID?

  public init() {}

  /// For each segment, the places of those that lie in it and in none between; behind them, of those that lie in none.
  public var nestedSegments: [[Int]] {
    var inside: [[Int]] = []
    var open: [Int] = []
    for (index, segment) in segments.enumerated() {
      let first = open.firstIndex { segments[$0].operators.lowerBound >= segment.operators.lowerBound } ?? open.count
      inside.append(Array(open[first...]))
      open.removeSubrange(first...)
      open.append(index)
    }
    return inside + [open]
  }

  public subscript(_ id: ValueID) -> Value { values[id.index] }

  /// The bytes of a value's own storage, unrounded.
  public func bytes(of id: ValueID) -> ByteCount {
    let value = values[id.index]
    return ByteCount((value.layout.shape.elementCount ?? .zero).count * value.dataType.bitWidth / 8)
  }
}
