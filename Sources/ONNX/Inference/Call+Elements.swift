internal import Graph
internal import Units

extension Call {
  /// The elements of an input, repeated as broadcasting to the result's shape repeats them.
  func expanded(_ input: Int, to result: TensorFact) throws(Unresolved) -> [Scalar] {
    let elements = try elements(input)
    guard let extents = result.extents else { throw .data("the shape depends on symbols") }
    guard let own = try tensor(input).extents else { throw .data("the shape depends on symbols") }
    if own == extents { return elements }
    guard own.count <= extents.count else { throw .defect("a shape does not broadcast") }
    return Places(extents).map { place in
      var index = 0
      for axis in own.indices {
        let outer = place[axis + extents.count - own.count]
        index = index * own[axis] + (own[axis] == 1 ? 0 : outer)
      }
      return index < elements.count ? elements[index] : .unknown
    }
  }

  /// The elements that `function` makes of all operands in turn.
  func combined(
    _ result: TensorFact, _ function: (Scalar, Scalar) -> Scalar
  ) throws(Unresolved) -> [Scalar] {
    var combined = try expanded(0, to: result)
    for input in inputs.indices.dropFirst() {
      let other = try expanded(input, to: result)
      for place in combined.indices { combined[place] = function(combined[place], other[place]) }
    }
    return combined
  }
}

/// The places of a tensor's elements in row-major order, as an index for each axis.
struct Places: Sequence, IteratorProtocol {
  private let extents: [Int]
  private var upcoming: [Int]?

  init(_ extents: [Int]) {
    self.extents = extents
    upcoming = extents.contains(0) ? nil : [Int](repeating: 0, count: extents.count)
  }

  mutating func next() -> [Int]? {
    guard let place = upcoming else { return nil }
    var following = place
    for axis in extents.indices.reversed() {
      following[axis] += 1
      if following[axis] < extents[axis] {
        upcoming = following
        return place
      }
      following[axis] = 0
    }
    upcoming = nil
    return place
  }
}
