internal import Graph
internal import Units

/// Operators that put tensors together, take them apart, or repeat them.
enum Assembly {
  static let all: [OperatorRow] = [
    row("Concat", shape: concatenate, value: concatenateValue),
    row("Split", shape: split, value: splitValue),
    row("Slice", shape: slice, value: sliceValue),
    row("Expand", shape: expand, value: expandValue),
    row("Tile", shape: tile, value: tileValue),
    row("Pad", shape: pad),
  ]

  // MARK: - Concat and Split

  private static func concatenate(_ call: Call) throws(Unresolved) -> [Fact] {
    // Version 1 joins along axis 1 where none is given.
    let given = call.version < 4 ? try call.integer("axis", default: 1) : try call.requiredInteger("axis")
    var result = try call.shape(0)
    let axis = try call.axis(given, rank: result.count)
    for input in call.inputs.indices.dropFirst() {
      let shape = try call.shape(input)
      guard shape.count == result.count else {
        throw .defect("input \(input) has rank \(shape.count), the first one \(result.count)")
      }
      for other in result.indices {
        if other == axis {
          result[other] += shape[other]
        } else {
          result[other] = try agreed(result[other], shape[other], axis: other)
        }
      }
    }
    return [.tensor(call.inputs.indices.lazy.compactMap { call.type($0) }.first, result)]
  }

  /// An extent on which operands must agree: the number, where one of them is a number.
  static func agreed(_ left: Dimension, _ right: Dimension, axis: Int) throws(Unresolved) -> Dimension {
    if let a = left.constant, let b = right.constant, a != b { throw .defect("axis \(axis) is both \(a) and \(b)") }
    return left.constant == nil ? (right.constant == nil && left.unknowns.isEmpty ? left : right) : left
  }

  private static func concatenateValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    guard let target = results[0].extents, !target.isEmpty else { return [nil] }
    let given = call.version < 4 ? try call.integer("axis", default: 1) : try call.requiredInteger("axis")
    let axis = try call.axis(given, rank: target.count)
    var parts: [(elements: [Scalar], extents: [Int])] = []
    for input in call.inputs.indices {
      let part = try call.tensor(input)
      guard part.isSmall, let extents = part.extents, let count = part.elementCount else { return [nil] }
      // One part that is not known leaves the others known.
      parts.append(((try? call.elements(input)) ?? [Scalar](repeating: .unknown, count: count), extents))
    }
    return [
      Places(target).map { place in
        var origin = place
        for part in parts {
          if origin[axis] < part.extents[axis] { return part.elements[rowMajor: origin, part.extents] }
          origin[axis] -= part.extents[axis]
        }
        return .unknown
      }
    ]
  }

  private static func splitAxis(_ call: Call, rank: Int) throws(Unresolved) -> Int {
    try call.axis(try call.integer("axis", default: 0), rank: rank)
  }

  private static func split(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let axis = try splitAxis(call, rank: shape.count)
    return try splitSizes(call, whole: shape[axis]).map { size in
      var part = shape
      part[axis] = size
      return .tensor(call.type(0), part)
    }
  }

  /// The extent of each part along the axis that is cut.
  private static func splitSizes(_ call: Call, whole: Dimension) throws(Unresolved) -> [Dimension] {
    var sizes: [Dimension]?
    if call.has(1) {
      sizes = try call.knownIntegers(1)
    } else if let numbers = try call.optionalIntegers("split") {
      sizes = numbers.map { .constant($0) }
    }
    if let sizes {
      let sum = sizes.reduce(.zero, +)
      if let sum = sum.constant, let whole = whole.constant, sum != whole {
        throw .defect("its parts \(sizes) make \(sum) of \(whole)")
      }
      return sizes
    }
    let parts = try call.integer("num_outputs") ?? call.node.outputs.count
    guard parts > 0, parts <= call.node.outputs.count else { throw .defect("num_outputs is \(parts)") }
    let size = whole.quotientRoundedUp(.constant(parts))
    if let whole = whole.constant, let size = size.constant, call.version < 18, size * parts != whole {
      throw .defect("\(whole) does not divide into \(parts) equal parts")
    }
    if let whole = whole.constant, let size = size.constant {
      // The last part is smaller where the parts cannot be equal.
      return (0..<parts).map { .constant(Swift.max(0, Swift.min(size, whole - $0 * size))) }
    }
    if call.version < 18 { return [Dimension](repeating: whole.quotient(.constant(parts)), count: parts) }
    return [Dimension](repeating: size, count: parts - 1) + [whole - size * .constant(parts - 1)]
  }

  private static func splitValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let elements = try call.elements(0)
    guard let source = try call.tensor(0).extents else { return [nil] }
    let axis = try splitAxis(call, rank: source.count)
    var contents: [[Scalar]?] = []
    var begin = 0
    for result in results {
      guard let target = result.extents else { return contents }
      contents.append(
        Places(target).map { place in
          var origin = place
          origin[axis] += begin
          return elements[rowMajor: origin, source]
        })
      begin += target[axis]
    }
    return contents
  }

  // MARK: - Slice

  private struct Cut {
    var axis: Int
    /// Nil where not known.
    var start: Dimension?
    var end: Dimension?
    var step: Int
  }

  private static func cuts(_ call: Call, rank: Int) throws(Unresolved) -> [Cut] {
    let starts: [Dimension?]
    let ends: [Dimension?]
    if call.has(1) {
      (starts, ends) = (try bounds(call, 1), try bounds(call, 2))
    } else {
      guard let first = try call.optionalIntegers("starts"), let last = try call.optionalIntegers("ends") else {
        throw .defect("its starts and ends are missing")
      }
      (starts, ends) = (first.map { .constant($0) }, last.map { .constant($0) })
    }
    let given = try call.numbers(input: call.version < 10 ? nil : 3, attribute: "axes")
    let axes = try call.axes(given ?? Array(0..<starts.count), rank: rank)
    let steps = call.has(4) ? try call.numbers(4) : [Int](repeating: 1, count: starts.count)
    guard starts.count == ends.count, axes.count == starts.count, steps.count == starts.count else {
      throw .defect("its starts, ends, axes and steps are not of one length")
    }
    guard !steps.contains(0) else { throw .defect("a step is 0") }
    guard !steps.contains(.min) else { throw .defect("a step is beyond any tensor") }
    return axes.indices.map { Cut(axis: axes[$0], start: starts[$0], end: ends[$0], step: steps[$0]) }
  }

  /// Integers of which the number at least is known.
  private static func bounds(_ call: Call, _ input: Int) throws(Unresolved) -> [Dimension?] {
    let tensor = try call.tensor(input)
    if tensor.elements == nil, let extents = tensor.extents, extents.count == 1, extents[0] <= 64 {
      return [Dimension?](repeating: nil, count: extents[0])
    }
    return try call.integers(input)
  }

  private static func slice(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    for cut in try cuts(call, rank: shape.count) {
      shape[cut.axis] =
        length(cut, of: shape[cut.axis]) ?? call.unknown("\(cut.axis)", "the bounds of its slice are not known")
    }
    return [.tensor(call.type(0), shape)]
  }

  /// The extent that a slice leaves: the steps between its bounds, which are counted from the end where they are
  /// negative and stop at the tensor's edges.
  private static func length(_ cut: Cut, of whole: Dimension) -> Dimension? {
    guard let start = clamped(cut.start, whole, step: cut.step), let end = clamped(cut.end, whole, step: cut.step)
    else {
      return nil
    }
    let distance = cut.step > 0 ? end - start : start - end
    return Dimension.larger(0, distance.quotientRoundedUp(.constant(abs(cut.step))))
  }

  private static func clamped(_ bound: Dimension?, _ whole: Dimension, step: Int) -> Dimension? {
    guard let bound else { return nil }
    // The largest numbers stand for "to the end" in every exporter; no extent reaches them.
    let beyond = 1 << 31 - 1
    if let number = bound.constant {
      if number >= beyond { return step > 0 ? whole : whole - 1 }
      if number <= -beyond { return step > 0 ? 0 : -1 }
    }
    guard let isPositive = bound.isAtLeast(0) else { return nil }
    let place = isPositive ? bound : whole + bound
    return step > 0
      ? Dimension.larger(0, Dimension.smaller(place, whole))
      : Dimension.larger(-1, Dimension.smaller(place, whole - 1))
  }

  private static func sliceValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let elements = try call.elements(0)
    guard let source = try call.tensor(0).extents, let target = results[0].extents else { return [nil] }
    var first = [Int](repeating: 0, count: source.count)
    var step = [Int](repeating: 1, count: source.count)
    for cut in try cuts(call, rank: source.count) {
      guard let start = clamped(cut.start, .constant(source[cut.axis]), step: cut.step)?.constant else { return [nil] }
      first[cut.axis] = start
      step[cut.axis] = cut.step
    }
    return [
      Places(target).map { place in
        elements[rowMajor: place.indices.map { first[$0] + place[$0] * step[$0] }, source]
      }
    ]
  }

  // MARK: - Repetition

  private static func expand(_ call: Call) throws(Unresolved) -> [Fact] {
    let own = try call.shape(0)
    let target = try bounds(call, 1)
    let rank = max(own.count, target.count)
    var shape: [Dimension] = []
    for axis in 0..<rank {
      let left = axis < rank - own.count ? .one : own[axis - (rank - own.count)]
      guard axis >= rank - target.count else {
        shape.append(left)
        continue
      }
      guard let right = target[axis - (rank - target.count)] else {
        // An extent above one does not repeat, whatever is asked for.
        let isFixed = left.isAtLeast(2) == true
        shape.append(isFixed ? left : call.unknown("\(axis)", "the shape to expand to is not known"))
        continue
      }
      guard let extent = Dimension.broadcast(left, right) else {
        throw .defect("extent \(left) of axis \(axis) cannot expand to \(right)")
      }
      shape.append(extent)
    }
    return [.tensor(call.type(0), shape)]
  }

  private static func expandValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    [try call.expanded(0, to: results[0])]
  }

  private static func repeats(_ call: Call, rank: Int) throws(Unresolved) -> [Dimension] {
    if call.version < 6 {
      let axis = try call.axis(try call.numbers(2).first ?? 0, rank: rank)
      let count = try call.numbers(1).first ?? 1
      return (0..<rank).map { $0 == axis ? .constant(count) : .one }
    }
    let repeats = try call.knownIntegers(1)
    guard repeats.count == rank else { throw .defect("\(repeats.count) repeats for a tensor of rank \(rank)") }
    return repeats
  }

  private static func tile(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let repeats = try repeats(call, rank: shape.count)
    return [.tensor(call.type(0), zip(shape, repeats).map { (extent, count) in extent * count })]
  }

  private static func tileValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let elements = try call.elements(0)
    guard let source = try call.tensor(0).extents, let target = results[0].extents else { return [nil] }
    return [
      Places(target).map { place in
        elements[rowMajor: place.indices.map { place[$0] % Swift.max(1, source[$0]) }, source]
      }
    ]
  }

  // MARK: - Pad

  private static func pad(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    let pads: [Dimension?]
    if call.has(1) {
      pads = try bounds(call, 1)
    } else {
      // Version 1 calls them paddings.
      guard let numbers = try call.optionalIntegers(call.version < 2 ? "paddings" : "pads") else {
        throw .defect("its pads are missing")
      }
      pads = numbers.map { .constant($0) }
    }
    let axes = call.has(3) ? try call.axes(try call.numbers(3), rank: shape.count) : Array(shape.indices)
    guard pads.count == 2 * axes.count else { throw .defect("\(pads.count) pads for \(axes.count) axes") }
    for (place, axis) in axes.enumerated() {
      if let before = pads[place], let after = pads[place + axes.count] {
        shape[axis] += before + after
      } else {
        shape[axis] = call.unknown("\(axis)", "its pads are not known")
      }
    }
    return [.tensor(call.type(0), shape)]
  }
}
