internal import Graph
internal import Units

// What many rules check and read, beyond single inputs.

extension Call {
  /// More axes than a tensor has anywhere; a file that asks for more is not followed.
  static let highestRank = 64

  /// The shape of an input whose rank the operator limits.
  func shape(_ input: Int, ranks: ClosedRange<Int>) throws(Unresolved) -> [Dimension] {
    let shape = try shape(input)
    guard ranks.contains(shape.count) else {
      let allowed =
        ranks.count == 1
        ? "\(ranks.lowerBound)"
        : ranks.upperBound >= Self.highestRank
          ? "\(ranks.lowerBound) or more" : "\(ranks.lowerBound) to \(ranks.upperBound)"
      throw .defect("input \(input) has rank \(shape.count) instead of \(allowed)")
    }
    return shape
  }

  /// Refuses two extents that are equal for no value of their symbols.
  func agree(_ left: Dimension, _ right: Dimension, _ what: String) throws(Unresolved) {
    if left.isEqual(right) == false { throw .defect("\(what): \(left) against \(right)") }
  }

  /// Refuses an operand that does not repeat to `shape` from behind.
  func fits(_ operand: [Dimension], into shape: [Dimension], _ what: String) throws(Unresolved) {
    guard operand.count <= shape.count else { throw .defect("\(what) of \(text([operand])) exceeds \(text([shape]))") }
    for (own, outer) in zip(operand.reversed(), shape.reversed()) where own != .one {
      if own.isEqual(1) == false, own.isEqual(outer) == false {
        throw .defect("\(what) of \(text([operand])) does not repeat to \(text([shape]))")
      }
    }
  }

  /// The extents that a one-dimensional input lists, with an unknown in place of each that is not known.
  ///
  /// - Parameter axes: how many there must be, where something else says so.
  func listed(_ input: Int, axes: Int? = nil) throws(Unresolved) -> [Dimension] {
    let name = input < node.inputs.count ? node.inputs[input] : "\(input)"
    let entries: [Dimension?]
    if let integers = try? integers(input) {
      entries = integers
    } else {
      let length = try tensor(input).shape == nil ? nil : shape(input, ranks: 1...1).first?.constant
      guard let count = length ?? axes else { throw .data("the length of its input '\(name)' is not known") }
      guard (0...Self.highestRank).contains(count) else {
        throw .unsupported("its input '\(name)' lists \(count) extents")
      }
      entries = [Dimension?](repeating: nil, count: count)
    }
    if let axes, entries.count != axes {
      throw .defect("its input '\(name)' lists \(entries.count) extents instead of \(axes)")
    }
    return entries.enumerated().map { place, entry in
      entry ?? unknown("\(place)", "element \(place) of its input '\(name)' is not known")
    }
  }

  /// The one integer that an input holds; nil where it is not known.
  func single(_ input: Int) throws(Unresolved) -> Dimension? {
    _ = try fact(input)
    guard let integers = try? integers(input) else { return nil }
    guard integers.count == 1 else { throw .defect("input \(input) holds \(integers.count) elements instead of one") }
    return integers[0]
  }

  /// Numbers that an attribute gives for each of `count` axes.
  ///
  /// - Parameter least: what none may be smaller than.
  func perAxis(_ name: String, count: Int, default number: Int, least: Int = .min) throws(Unresolved) -> [Int] {
    guard let numbers = try optionalIntegers(name), !numbers.isEmpty else {
      return Array(repeating: number, count: count)
    }
    guard numbers.count == count else {
      throw .defect("attribute '\(name)' has \(numbers.count) entries instead of \(count)")
    }
    if let wrong = numbers.first(where: { $0 < least }) { throw .defect("attribute '\(name)' holds \(wrong)") }
    return numbers
  }

  /// The element type that an attribute names, which must exist where it is given.
  func type(attribute name: String, default type: DataType?) throws(Unresolved) -> DataType? {
    guard let number = try integer(name), number != 0 else { return type }
    guard let named = DataType(onnx: number) else { throw .unsupported("element type \(number) is not known") }
    return named
  }
}

extension Array where Element == Dimension {
  /// The shape with one axis of another extent, which must exist.
  func replacing(_ axis: Int, with extent: Dimension) -> [Dimension] {
    var shape = self
    if shape.indices.contains(axis) { shape[axis] = extent }
    return shape
  }
}
