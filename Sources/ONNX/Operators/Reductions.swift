internal import Graph
internal import Units

/// Operators that make one element of those along an axis, and TopK, which keeps several.
enum Reductions {
  static let all: [OperatorRow] =
    rows(
      ["ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp"], shape: reduced)
    + [
      row("ReduceSum", shape: reduced, value: folded(from: 0, +, +)),
      row("ReduceSumSquare", shape: reduced, value: folded(from: 0, { $0 + $1 * $1 }, { $0 + $1 * $1 })),
      row("ReduceProd", shape: reduced, value: folded(from: 1, *, *)),
      row("ReduceMax", shape: reduced, value: folded(from: nil, Dimension.larger, max)),
      row("ReduceMin", shape: reduced, value: folded(from: nil, Dimension.smaller, min)),
      row("ReduceMean", shape: reduced, value: mean), row("TopK", shape: highest),
    ] + rows(["ArgMax", "ArgMin"], shape: indexOfExtreme)

  // MARK: - Axes

  /// The axes that go; nil where only running the model can tell them.
  ///
  /// They are an attribute up to version 12 for ReduceSum and 17 for the others, and the second input from then on. None
  /// are all, unless `noop_with_empty_axes` is set.
  private static func axes(_ call: Call, rank: Int) throws(Unresolved) -> Set<Int>? {
    let given: [Int]
    if call.has(1) {
      guard let numbers = try? call.numbers(1) else { return nil }
      given = numbers
    } else {
      given = try call.optionalIntegers("axes") ?? []
    }
    if given.isEmpty { return try call.flag("noop_with_empty_axes") ? [] : Set(0..<rank) }
    return Set(try call.axes(given, rank: rank))
  }

  private static func reduced(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let keeps = try call.flag("keepdims", default: true)
    if let axes = try axes(call, rank: shape.count) {
      return [.tensor(call.type(0), without(axes, shape, keeps: keeps))]
    }
    return [.tensor(call.type(0), try withoutSome(call, shape, keeps: keeps))]
  }

  private static func without(_ axes: Set<Int>, _ shape: [Dimension], keeps: Bool) -> [Dimension] {
    var result: [Dimension] = []
    for (axis, extent) in shape.enumerated() {
      if !axes.contains(axis) { result.append(extent) } else if keeps { result.append(.one) }
    }
    return result
  }

  /// The shape without axes of which at most the number is known.
  private static func withoutSome(
    _ call: Call, _ shape: [Dimension], keeps: Bool
  ) throws(Unresolved) -> [Dimension] {
    let count = try? call.shape(1, ranks: 1...1).first?.constant
    guard let count = count ?? (keeps ? 1 : nil) else { throw .data("the number of axes to reduce is not known") }
    guard (0...shape.count).contains(count) else {
      throw .defect("\(count) axes to reduce of a tensor of rank \(shape.count)")
    }
    if count == shape.count, count > 0 { return keeps ? shape.map { _ in .one } : [] }
    let left = keeps ? shape : Array(shape.dropLast(count))
    return left.enumerated().map { axis, extent in
      keeps && extent == .one ? extent : call.unknown("\(axis)", "the axes to reduce are not known")
    }
  }

  /// ArgMax and ArgMin 1 to 13: the index along `axis` of the largest or smallest element.
  private static func indexOfExtreme(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let axis = try call.axis(try call.integer("axis", default: 0), rank: shape.count)
    return [.tensor(.int64, without([axis], shape, keeps: try call.flag("keepdims", default: true)))]
  }

  /// TopK 1 to 24: `k` places along `axis`, an attribute in version 1 and an input from version 10 on.
  private static func highest(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let axis = try call.axis(try call.integer("axis", default: -1), rank: shape.count)
    let count: Dimension
    if call.version < 10 {
      count = .constant(try call.requiredInteger("k"))
    } else {
      count = try call.single(1) ?? call.unknown("\(axis)", "how many of the highest to keep is not known")
    }
    if shape[axis].isAtLeast(count) == false {
      throw .defect("the highest \(count) of \(shape[axis]) along axis \(axis) do not exist")
    }
    let result = shape.replacing(axis, with: count)
    return [.tensor(call.type(0), result), .tensor(.int64, result)]
  }

  // MARK: - Values

  /// The elements that fall together at each place of the result.
  private static func groups(_ call: Call, _ result: TensorFact) throws(Unresolved) -> [[Scalar]] {
    let elements = try call.elements(0)
    guard let own = try call.tensor(0).extents, let axes = try axes(call, rank: own.count), result.isSmall,
      let count = result.elementCount
    else { throw .data("the axes to reduce are not known") }
    var groups = [[Scalar]](repeating: [], count: count)
    for (place, element) in zip(Places(own), elements) {
      var index = 0
      for axis in own.indices where !axes.contains(axis) { index = index * own[axis] + place[axis] }
      guard index < groups.count else { throw .defect("an element is outside of the result") }
      groups[index].append(element)
    }
    return groups
  }

  /// A value function that folds the elements of each group; without a start, an empty group has no result.
  private static func folded(
    from start: Int?, _ integers: @escaping @Sendable (Dimension, Dimension) -> Dimension,
    _ reals: @escaping @Sendable (Double, Double) -> Double
  ) -> OperatorRule.ValueFunction {
    { call, results throws(Unresolved) in
      guard let result = results.first else { return [] }
      let isReal = result.dataType?.isFloatingPoint ?? false
      return [try groups(call, result).map { fold($0, from: start, isReal: isReal, integers, reals) }]
    }
  }

  private static func fold(
    _ elements: [Scalar], from start: Int?, isReal: Bool, _ integers: (Dimension, Dimension) -> Dimension,
    _ reals: (Double, Double) -> Double
  ) -> Scalar {
    var rest = elements[...]
    let first = start.map { isReal ? Scalar.real(Double($0)) : .integer($0) } ?? rest.popFirst()
    guard var folded = first else { return .unknown }
    for element in rest {
      switch (folded, element) {
      case (.integer(let a), .integer(let b)):
        let value = integers(a, b)
        if value == .undefined { return .unknown }
        folded = .integer(value)
      default:
        guard let a = folded.double, let b = element.double else { return .unknown }
        folded = .real(reals(a, b))
      }
    }
    return folded
  }

  /// Means of integers are followed only where the division leaves nothing, for how it rounds differs by runtime.
  private static func mean(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    guard let result = results.first else { return [] }
    let isReal = result.dataType?.isFloatingPoint ?? false
    return [
      try groups(call, result).map { elements in
        let sum = fold(elements, from: 0, isReal: isReal, +, +)
        if let sum = sum.dimension {
          let count = Dimension.constant(elements.count)
          return sum.remainder(count) == .zero ? .integer(sum.quotient(count)) : .unknown
        }
        guard let sum = sum.double, !elements.isEmpty else { return .unknown }
        return .real(sum / Double(elements.count))
      }
    ]
  }
}
