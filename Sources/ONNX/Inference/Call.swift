internal import Graph
internal import Units

/// A node with what is known of its inputs: all that an operator's rule may look at.
struct Call {
  let node: Node
  /// The version of the operator set that the graph imports.
  let version: Int
  /// Nil for an optional input that is left out.
  let inputs: [Fact?]
  /// By name; a reference to a caller's attribute is replaced by what the caller gave.
  let attributes: [String: AttributeValue]
  /// Infers subgraphs; what they need beyond their own inputs is looked up around the node.
  let inference: Inference
  let scope: Scope

  /// The name under which reports show the node.
  var label: String { node.name.isEmpty ? node.outputs.first { !$0.isEmpty } ?? node.operatorType : node.name }

  /// An extent that only running the model can tell.
  func unknown(_ place: String, _ message: String) -> Dimension {
    inference.unknown("\(node.outputs.first ?? label).\(place)", Cause(.data, message, node: label))
  }
}

// MARK: - Inputs

extension Call {
  func has(_ input: Int) -> Bool { input < inputs.count && inputs[input] != nil }

  func fact(_ input: Int) throws(Unresolved) -> Fact {
    guard has(input), let fact = inputs[input] else { throw .defect("input \(input) is missing") }
    return fact
  }

  func tensor(_ input: Int) throws(Unresolved) -> TensorFact {
    let fact = try fact(input)
    if let tensor = fact.tensor { return tensor }
    if case .unknown(let cause) = fact { throw Unresolved(cause) }
    throw .defect("input \(input) is no tensor")
  }

  func shape(_ input: Int) throws(Unresolved) -> [Dimension] {
    let tensor = try tensor(input)
    guard let shape = tensor.shape else { throw Unresolved(tensor.cause ?? Cause(.data, "has an unknown rank")) }
    return shape
  }

  /// The element type of an input; nil where it is left out or not known.
  func type(_ input: Int) -> DataType? {
    has(input) ? inputs[input]?.tensor?.dataType : nil
  }

  /// The elements of an input.
  func elements(_ input: Int) throws(Unresolved) -> [Scalar] {
    let tensor = try tensor(input)
    guard let elements = tensor.elements else {
      // An empty tensor has no elements to be unknown.
      if tensor.shape?.contains(.zero) == true { return [] }
      let name = input < node.inputs.count ? node.inputs[input] : "\(input)"
      throw Unresolved(tensor.cause ?? Cause(.data, "the value of its input '\(name)' is not known", node: label))
    }
    return elements
  }

  /// The integers that an input holds; an element that is not known is nil.
  func integers(_ input: Int) throws(Unresolved) -> [Dimension?] {
    try elements(input).map(\.dimension)
  }

  /// The integers that an input holds, all of which must be known.
  func knownIntegers(_ input: Int) throws(Unresolved) -> [Dimension] {
    var known: [Dimension] = []
    for integer in try integers(input) {
      guard let integer else { throw .data("an element of its input '\(node.inputs[input])' is not known") }
      known.append(integer)
    }
    return known
  }

  /// The numbers that an input holds, all of which must be known and free of symbols.
  func numbers(_ input: Int) throws(Unresolved) -> [Int] {
    var numbers: [Int] = []
    for integer in try knownIntegers(input) {
      guard let number = integer.constant else { throw .data("'\(node.inputs[input])' depends on symbols") }
      numbers.append(number)
    }
    return numbers
  }

  /// Numbers that newer versions of an operator take as an input and older ones as an attribute; nil where neither
  /// is given.
  func numbers(input: Int?, attribute name: String) throws(Unresolved) -> [Int]? {
    if let input, has(input) { return try numbers(input) }
    return try optionalIntegers(name)
  }
}

// MARK: - Attributes

extension Call {
  func integer(_ name: String) throws(Unresolved) -> Int? {
    switch attributes[name] {
    case nil: return nil
    case .integer(let number): return number
    default: throw .defect("attribute '\(name)' is no integer")
    }
  }

  func integer(_ name: String, default number: Int) throws(Unresolved) -> Int { try integer(name) ?? number }

  func flag(_ name: String, default value: Bool = false) throws(Unresolved) -> Bool {
    try integer(name).map { $0 != 0 } ?? value
  }

  func requiredInteger(_ name: String) throws(Unresolved) -> Int {
    guard let number = try integer(name) else { throw .defect("attribute '\(name)' is missing") }
    return number
  }

  func optionalIntegers(_ name: String) throws(Unresolved) -> [Int]? {
    switch attributes[name] {
    case nil: return nil
    case .integers(let numbers): return numbers
    // An empty list has no elements to tell its type by.
    case .floats(let numbers) where numbers.isEmpty: return []
    case .strings(let texts) where texts.isEmpty: return []
    default: throw .defect("attribute '\(name)' is no list of integers")
    }
  }

  func string(_ name: String) throws(Unresolved) -> String? {
    switch attributes[name] {
    case nil: return nil
    case .string(let text): return text
    default: throw .defect("attribute '\(name)' is no text")
    }
  }

  func float(_ name: String) -> Double? {
    if case .float(let number)? = attributes[name] { number } else { nil }
  }

  func graph(_ name: String) throws(Unresolved) -> GraphDefinition {
    guard case .graph(let graph)? = attributes[name] else { throw .defect("subgraph '\(name)' is missing") }
    return graph
  }

  /// A type that an attribute names by its number in `TensorProto.DataType`.
  func type(attribute name: String) throws(Unresolved) -> DataType? {
    try integer(name).flatMap { DataType(onnx: $0) }
  }
}

// MARK: - Axes

extension Call {
  /// An axis counted from the front.
  func axis(_ axis: Int, rank: Int) throws(Unresolved) -> Int {
    guard (-rank..<rank).contains(axis) else { throw .defect("axis \(axis) is outside of a tensor of rank \(rank)") }
    return axis < 0 ? axis + rank : axis
  }

  func axes(_ axes: [Int], rank: Int) throws(Unresolved) -> [Int] {
    var result: [Int] = []
    for entry in axes { result.append(try axis(entry, rank: rank)) }
    guard Set(result).count == result.count else { throw .defect("an axis is named twice in \(axes)") }
    return result
  }

  /// The shape of several operands together, by the rule that extents of one repeat.
  func broadcast(_ shapes: [[Dimension]]) throws(Unresolved) -> [Dimension] {
    var result: [Dimension] = []
    for shape in shapes {
      if shape == result { continue }
      let rank = max(shape.count, result.count)
      var wider = [Dimension](repeating: .one, count: rank)
      for axis in 0..<rank {
        let left = axis < rank - result.count ? .one : result[axis - (rank - result.count)]
        let right = axis < rank - shape.count ? .one : shape[axis - (rank - shape.count)]
        guard let extent = Dimension.broadcast(left, right) else {
          throw .defect("extents \(left) and \(right) do not broadcast in \(text(shapes))")
        }
        wider[axis] = extent
      }
      result = wider
    }
    return result
  }

  /// Shapes as a message shows them.
  func text(_ shapes: [[Dimension]]) -> String {
    shapes.map { "[\($0.map(\.description).joined(separator: ", "))]" }.joined(separator: " and ")
  }
}
