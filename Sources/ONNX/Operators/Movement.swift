internal import Graph
internal import Units

/// Operators that give the same elements another shape or another order.
enum Movement {
  static let all: [OperatorRow] = [
    row("Identity", storage: .view, shape: identity),
    row("Reshape", storage: .view, shape: reshape, value: sameElements),
    row("Flatten", storage: .view, shape: flatten, value: sameElements),
    row("Squeeze", storage: .view, shape: squeeze, value: sameElements),
    row("Unsqueeze", storage: .view, shape: unsqueeze, value: sameElements),
    row("Transpose", shape: transpose, value: transposeValue),
    row("DepthToSpace", shape: depthToSpace),
    row("SpaceToDepth", shape: spaceToDepth),
    row("ReverseSequence", shape: Elementwise.sameAsFirst),
    row("Trilu", shape: Elementwise.sameAsFirst),
  ]

  private static func identity(_ call: Call) throws(Unresolved) -> [Fact] { [try call.fact(0)] }

  @Sendable static func sameElements(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    [try call.elements(0)]
  }

  // MARK: - Reshape

  private static func reshape(_ call: Call) throws(Unresolved) -> [Fact] {
    let source = try call.tensor(0)
    let target = try targetShape(call)
    let keepsZero = try call.flag("allowzero")
    var shape: [Dimension?] = []
    var inferred: Int?
    for (axis, entry) in target.enumerated() {
      let number = entry.flatMap { $0.constant } ?? 1
      if number == -1 {
        guard inferred == nil else { throw .defect("more than one extent of its new shape is -1") }
        inferred = axis
        shape.append(nil)
      } else if number == 0, !keepsZero {
        guard let own = source.shape else {
          shape.append(call.unknown("\(axis)", "the extent that it keeps is not known"))
          continue
        }
        guard axis < own.count else {
          throw .defect("its new shape keeps axis \(axis) of a tensor of rank \(own.count)")
        }
        shape.append(own[axis])
      } else if number < 0 {
        throw .defect("an extent of its new shape is \(number)")
      } else {
        shape.append(entry)
      }
    }
    let open = shape.indices.filter { shape[$0] == nil }
    // What a single extent must be follows from all others.
    if open.count == 1, let own = source.shape, own.allSatisfy({ $0.unknowns.isEmpty }) || inferred != nil {
      let rest = shape.compactMap { $0 }
      shape[open[0]] = try missingExtent(of: own, beside: rest)
    }
    let result = shape.enumerated().map { axis, extent in
      extent ?? call.unknown("\(axis)", "an extent of its new shape is not known")
    }
    if let from = source.extents, inferred == nil {
      let to = result.compactMap(\.constant)
      if to.count == result.count, let own = Shape(from).elementCount, let new = Shape(to).elementCount, own != new {
        throw .defect("a tensor \(Shape(from)) of \(own.count) elements cannot take the shape \(Shape(to))")
      }
    }
    return [.tensor(source.dataType, result)]
  }

  private static func targetShape(_ call: Call) throws(Unresolved) -> [Dimension?] {
    if call.has(1) {
      let tensor = try call.tensor(1)
      if tensor.elements == nil, let rank = tensor.extents, rank.count == 1, rank[0] <= 64 {
        return [Dimension?](repeating: nil, count: rank[0])
      }
      return try call.integers(1)
    }
    guard let numbers = try call.optionalIntegers("shape") else { throw .defect("its new shape is missing") }
    return numbers.map { .constant($0) }
  }

  private static func missingExtent(of source: [Dimension], beside rest: [Dimension]) throws(Unresolved) -> Dimension {
    // Extents that stay are taken out of both sides first, so that a tensor with no elements keeps the others.
    var (source, rest) = (source, rest)
    rest.removeAll { extent in
      guard let place = source.firstIndex(of: extent) else { return false }
      source.remove(at: place)
      return true
    }
    let (total, known) = (source.product, rest.product)
    if known == .zero {
      guard total == .zero else { throw .defect("its new shape holds 0 where the tensor holds elements") }
      throw .data("the extent -1 beside 0 could be any number")
    }
    if let total = total.constant, let known = known.constant, total % known != 0 {
      throw .defect("\(total) elements do not divide into \(known)")
    }
    return total.quotient(known)
  }

  // MARK: - Axes of one

  private static func flatten(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let given = try call.integer("axis", default: 1)
    guard (-shape.count...shape.count).contains(given) else {
      throw .defect("axis \(given) is outside of a tensor of rank \(shape.count)")
    }
    let axis = given < 0 ? given + shape.count : given
    return [.tensor(call.type(0), [shape[..<axis].product, shape[axis...].product])]
  }

  private static func squeeze(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    guard let given = try call.numbers(input: 1, attribute: "axes") else {
      guard let extents = try call.tensor(0).extents else { throw .data("which axes are one depends on symbols") }
      return [.tensor(call.type(0), extents.filter { $0 != 1 }.map { .constant($0) })]
    }
    let axes = Set(try call.axes(given, rank: shape.count))
    for axis in axes {
      if let extent = shape[axis].constant, extent != 1 { throw .defect("axis \(axis) is \(extent), not one") }
    }
    return [.tensor(call.type(0), shape.indices.filter { !axes.contains($0) }.map { shape[$0] })]
  }

  private static func unsqueeze(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    guard let given = try call.numbers(input: 1, attribute: "axes") else { throw .defect("its axes are missing") }
    for axis in try call.axes(given, rank: shape.count + given.count).sorted() {
      guard axis <= shape.count else { throw .defect("axis \(axis) is outside of its result") }
      shape.insert(.one, at: axis)
    }
    return [.tensor(call.type(0), shape)]
  }

  // MARK: - Order

  private static func permutation(_ call: Call, rank: Int) throws(Unresolved) -> [Int] {
    guard let order = try call.optionalIntegers("perm") else { return Array((0..<rank).reversed()) }
    guard order.count == rank else { throw .defect("perm \(order) does not name the \(rank) axes of its input") }
    return try call.axes(order, rank: rank)
  }

  private static func transpose(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    return [.tensor(call.type(0), try permutation(call, rank: shape.count).map { shape[$0] })]
  }

  private static func transposeValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let elements = try call.elements(0)
    guard let source = try call.tensor(0).extents, let target = results[0].extents else { return [nil] }
    let order = try permutation(call, rank: source.count)
    return [
      Places(target).map { place in
        var origin = place
        for (axis, from) in order.enumerated() { origin[from] = place[axis] }
        return elements[rowMajor: origin, source]
      }
    ]
  }

  private static func blockSize(_ call: Call, _ shape: [Dimension]) throws(Unresolved) -> Dimension {
    let block = try call.requiredInteger("blocksize")
    guard shape.count == 4 else { throw .defect("takes a tensor of rank 4, not \(shape.count)") }
    guard block > 0 else { throw .defect("blocksize is \(block)") }
    return .constant(block)
  }

  private static func depthToSpace(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let block = try blockSize(call, shape)
    return [
      .tensor(call.type(0), [shape[0], shape[1].quotient(block * block), shape[2] * block, shape[3] * block])
    ]
  }

  private static func spaceToDepth(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let block = try blockSize(call, shape)
    return [
      .tensor(
        call.type(0), [shape[0], shape[1] * block * block, shape[2].quotient(block), shape[3].quotient(block)])
    ]
  }
}

extension [Scalar] {
  /// The element at a place of a tensor of these extents; unknown outside.
  subscript(rowMajor place: [Int], extents: [Int]) -> Scalar {
    var index = 0
    for (axis, extent) in extents.enumerated() { index = index * extent + place[axis] }
    return indices.contains(index) ? self[index] : .unknown
  }
}
