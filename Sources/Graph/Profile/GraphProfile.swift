public import Units

/// Every value of a graph with its size and its life, and what is alive at the worst moment of one run.
public struct GraphProfile: Sendable {
  public struct Value: Sendable {
    public var name: String
    public var origin: Dataflow<Dimension>.Value.Origin
    /// Nil where it is not known.
    public var dataType: DataType?
    /// Nil where not even the rank is known, and for values that are no tensors.
    public var shape: [Dimension]?
    /// The bytes of its elements; nil where they are not known.
    public var size: Dimension?
    /// Why the shape is not known.
    public var cause: String?
    public var isOutput: Bool

    public init(
      name: String, origin: Dataflow<Dimension>.Value.Origin, dataType: DataType?, shape: [Dimension]?,
      size: Dimension?, cause: String? = nil, isOutput: Bool = false
    ) {
      self.name = name
      self.origin = origin
      self.dataType = dataType
      self.shape = shape
      self.size = size
      self.cause = cause
      self.isOutput = isOutput
    }
  }

  /// An operator: how reports call it, and where it stands.
  public struct Operator: Sendable {
    public var label: String
    public var type: String

    public init(label: String, type: String) {
      self.label = label
      self.type = type
    }
  }

  /// In the order of ``dataflow``'s values.
  public var values: [Value]
  /// In the order of ``dataflow``'s steps.
  public var operators: [Operator]
  /// Values of subgraphs and functions; they live within an operator.
  public var nested: [Value]
  public var dataflow: Dataflow<Dimension>
  /// Weights of subgraphs and functions.
  public var nestedWeights: Dimension

  public init(
    values: [Value], operators: [Operator], nested: [Value] = [], dataflow: Dataflow<Dimension>,
    nestedWeights: Dimension = .zero
  ) {
    self.values = values
    self.operators = operators
    self.nested = nested
    self.dataflow = dataflow
    self.nestedWeights = nestedWeights
  }
}

extension GraphProfile {
  /// The operators that read a value, first and last, and the one that makes it; places in ``operators``.
  public struct Uses: Sendable {
    public var producer: Int?
    public var first: Int?
    public var last: Int?

    public init() {}
  }

  public var uses: [Uses] {
    var uses = [Uses](repeating: Uses(), count: values.count)
    for (index, step) in dataflow.steps.enumerated() {
      for value in step.reads {
        uses[value].first = uses[value].first ?? index
        uses[value].last = index
      }
      for value in step.writes { uses[value].producer = uses[value].producer ?? index }
    }
    return uses
  }

  /// Names of the symbols on which sizes depend, in natural order.
  public var symbols: [String] {
    var names: Set<String> = []
    for value in values + nested {
      for dimension in value.shape ?? [] { names.formUnion(dimension.symbols) }
    }
    return names.naturallySorted()
  }

  /// Values whose shape is not known, each with the reason.
  public var unresolved: [(name: String, reason: String)] {
    (values + nested).compactMap { value in value.cause.map { (value.name, $0) } }
  }

  /// What every weight takes together.
  public var weights: Dimension { dataflow.weights + nestedWeights }

  /// The program with its sizes as bytes; nil while a symbol has no number.
  public var concrete: Dataflow<ByteCount>? {
    let sizes = dataflow.values.map(\.size) + dataflow.steps.map(\.inner) + [nestedWeights]
    guard sizes.allSatisfy({ $0.constant != nil }) else { return nil }
    return dataflow.mapSizes { ByteCount($0.constant ?? 0) }
  }

  /// What is alive at most besides the weights, in the file's order, as expressions of the symbols: one where it is
  /// the largest for all their values, several where that depends.
  public var symbolicPeaks: [Dimension] {
    dataflow.walk(dataflow.fileOrder).largest
  }
}

extension Walk where Size == Dimension {
  /// The sizes of which no other is at least as large for every value of the symbols.
  public var largest: [Dimension] {
    var largest: [Dimension] = []
    for size in Set(live) where !largest.contains(where: { $0.isAtLeast(size) == true }) {
      largest.removeAll { size.isAtLeast($0) == true }
      largest.append(size)
    }
    return largest.sorted { $0.description < $1.description }
  }
}
