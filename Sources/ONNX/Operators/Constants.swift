internal import Graph
internal import Units

/// Operators that make tensors of nothing, or of another tensor's shape.
enum Constants {
  static let all: [OperatorRow] = [
    row("Constant", shape: constant),
    row("ConstantOfShape", shape: constantOfShape, value: constantOfShapeValue),
    row("Range", shape: range, value: rangeValue),
    row("Shape", shape: shapeOf, value: shapeValue),
    row("Size", shape: { _ throws(Unresolved) in [.scalar(.int64)] }, value: sizeValue),
    row("EyeLike", shape: eyeLike),
  ]

  private static func constant(_ call: Call) throws(Unresolved) -> [Fact] {
    let given = [
      "value", "value_float", "value_floats", "value_int", "value_ints", "value_string", "value_strings",
      "sparse_value",
    ]
    .compactMap { call.attributes[$0] }
    guard given.count == 1, let value = given.first else {
      throw .defect(given.isEmpty ? "its value is missing" : "it has \(given.count) values")
    }
    switch value {
    case .tensor(let tensor): return [.tensor(TensorFact(tensor))]
    case .float(let number): return [list(.float32, [], [.real(number)])]
    case .floats(let numbers): return [list(.float32, [numbers.count], numbers.map { .real($0) })]
    case .integer(let number): return [list(.int64, [], [.integer(number)])]
    case .integers(let numbers): return [list(.int64, [numbers.count], numbers.map { .integer($0) })]
    case .string(let text): return [list(.string, [], [.text(text)])]
    case .strings(let texts): return [list(.string, [texts.count], texts.map { .text($0) })]
    default: throw .defect("its value is neither a tensor nor a number nor a text")
    }
  }

  private static func list(_ type: DataType, _ extents: [Int], _ elements: [Scalar]) -> Fact {
    let isSmall = elements.count <= TensorFact.largestContent
    return .tensor(TensorFact(type, shape: extents.map { .constant($0) }, elements: isSmall ? elements : nil))
  }

  private static func constantOfShape(_ call: Call) throws(Unresolved) -> [Fact] {
    let filler = try filler(call)
    let tensor = try call.tensor(0)
    if tensor.elements == nil, let extents = tensor.extents, extents.count == 1, extents[0] <= 64 {
      let shape = (0..<extents[0]).map { call.unknown("\($0)", "the shape that it fills is not known") }
      return [.tensor(filler.dataType, shape)]
    }
    let shape = try call.integers(0).enumerated().map { axis, extent in
      extent ?? call.unknown("\(axis)", "an extent of the shape that it fills is not known")
    }
    return [.tensor(filler.dataType, shape)]
  }

  private static func filler(_ call: Call) throws(Unresolved) -> (dataType: DataType?, element: Scalar) {
    switch call.attributes["value"] {
    case nil: return (.float32, .real(0))
    case .tensor(let tensor): return (tensor.dataType, tensor.content?.scalars.first ?? .unknown)
    default: throw .defect("its value is no tensor")
    }
  }

  private static func constantOfShapeValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    guard results[0].isSmall, let count = results[0].elementCount else { return [nil] }
    return [[Scalar](repeating: try filler(call).element, count: count)]
  }

  // MARK: - Range

  private static func bound(_ call: Call, _ input: Int) throws(Unresolved) -> Scalar {
    guard let element = try call.elements(input).first, element != .unknown else {
      throw .data("a bound of its range is not known")
    }
    return element
  }

  private static func range(_ call: Call) throws(Unresolved) -> [Fact] {
    let type = call.type(0) ?? call.type(1)
    let length: Dimension
    do throws(Unresolved) {
      length = try rangeLength(try bound(call, 0), try bound(call, 1), try bound(call, 2))
    } catch {
      guard error.cause.kind == .data else { throw error }
      length = call.unknown("0", error.cause.message)
    }
    return [.tensor(type, [length])]
  }

  private static func rangeLength(_ start: Scalar, _ limit: Scalar, _ step: Scalar) throws(Unresolved) -> Dimension {
    if let start = start.dimension, let limit = limit.dimension, let step = step.dimension {
      guard let stride = step.constant else { throw .data("its step depends on symbols") }
      guard stride != 0, stride != .min else { throw .defect("its step is \(stride)") }
      let distance = stride > 0 ? limit - start : start - limit
      return Dimension.larger(0, distance.quotientRoundedUp(.constant(abs(stride))))
    }
    guard let start = start.double, let limit = limit.double, let step = step.double, step != 0 else {
      throw .data("a bound of its range is not known")
    }
    let count = ((limit - start) / step).rounded(.up)
    guard let whole = Int(exactly: count) else { throw .defect("its range has \(count) elements") }
    return .constant(max(0, whole))
  }

  private static func rangeValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    guard let extents = results[0].extents, extents.count == 1 else { return [nil] }
    let (start, step) = (try bound(call, 0), try bound(call, 2))
    if let start = start.dimension, let step = step.dimension {
      return [(0..<extents[0]).map { .integer(start + step * .constant($0)) }]
    }
    guard let start = start.double, let step = step.double else { return [nil] }
    return [(0..<extents[0]).map { .real(start + step * Double($0)) }]
  }

  // MARK: - Shapes as values

  /// The axes that Shape answers with, from version 15 on a stretch of them.
  private static func axes(_ call: Call, rank: Int) throws(Unresolved) -> Range<Int> {
    func clamped(_ bound: Int) -> Int { Swift.max(0, Swift.min(rank, bound < 0 ? bound + rank : bound)) }
    let first = clamped(try call.integer("start", default: 0))
    let last = clamped(try call.integer("end", default: rank))
    return first..<Swift.max(first, last)
  }

  private static func shapeOf(_ call: Call) throws(Unresolved) -> [Fact] {
    let tensor = try call.tensor(0)
    guard let shape = tensor.shape else {
      return [.tensor(.int64, [call.unknown("0", "the rank of its input is not known")])]
    }
    return [.tensor(.int64, [.constant(try axes(call, rank: shape.count).count)])]
  }

  private static func shapeValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let shape = try call.shape(0)
    return [shape[try axes(call, rank: shape.count)].map { .integer($0) }]
  }

  private static func sizeValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let size = try call.shape(0).product
    return [[size == .undefined ? .unknown : .integer(size)]]
  }

  private static func eyeLike(_ call: Call) throws(Unresolved) -> [Fact] {
    [.tensor(try call.type(attribute: "dtype") ?? call.type(0), try call.shape(0))]
  }
}
