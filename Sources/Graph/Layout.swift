public import Units

/// How a tensor lies in its storage: its extents and, for each axis, the distance between neighbours in elements.
///
/// Strides decide where eager PyTorch copies: a reshape of a transposed tensor is a copy, of a contiguous one a
/// view. The rules here are those of `at::detail::computeStride` and of TensorIterator (torch 2.11).
public struct Layout: Hashable, Sendable {
  public var shape: Shape
  public var strides: [Int]

  public init(shape: Shape, strides: [Int]) {
    self.shape = shape
    self.strides = strides
  }

  /// The row-major layout of a shape.
  public init(contiguous shape: Shape) {
    var strides = [Int](repeating: 1, count: shape.rank)
    var stride = 1
    for axis in Self.descending(shape.rank) {
      strides[axis] = stride
      stride *= max(1, shape[axis])
    }
    self.init(shape: shape, strides: strides)
  }

  public var isContiguous: Bool {
    var expected = 1
    for axis in Self.descending(shape.rank) where shape[axis] != 1 {
      guard strides[axis] == expected else { return false }
      expected *= shape[axis]
    }
    return true
  }

  /// Whether every element has a place of its own and the places leave no gap: a permutation of a contiguous layout.
  public var isDense: Bool {
    var expected = 1
    for axis in (0..<shape.rank).filter({ shape[$0] != 1 }).sorted(by: { strides[$0] < strides[$1] }) {
      guard strides[axis] == expected else { return false }
      expected *= shape[axis]
    }
    return true
  }

  private static func descending(_ rank: Int) -> ReversedCollection<Range<Int>> { (0..<rank).reversed() }
}

// MARK: - Views

extension Layout {
  /// The layout after two axes change places; negative axes count from the end.
  public func transposed(_ first: Int, _ second: Int) -> Layout {
    var order = Array(0..<shape.rank)
    order.swapAt(axis(first), axis(second))
    return permuted(order)
  }

  public func permuted(_ order: [Int]) -> Layout {
    Layout(shape: Shape(order.map { shape[$0] }), strides: order.map { strides[$0] })
  }

  /// The same storage read with other extents; nil where that takes a copy.
  public func viewed(as target: Shape) -> Layout? {
    guard !isContiguous else { return Layout(contiguous: target) }
    // Runs of axes that lie behind one another form blocks; each block must be cut by the target's extents alone.
    var strides = [Int](repeating: 0, count: target.rank)
    var targetAxis = target.rank - 1
    var blockStride = self.strides.last ?? 1
    var blockExtent = 1
    var covered = 1
    for axis in Self.descending(shape.rank) {
      blockExtent *= shape[axis]
      let blockEnds = axis == 0 || (shape[axis - 1] != 1 && self.strides[axis - 1] != blockExtent * blockStride)
      guard blockEnds else { continue }
      while targetAxis >= 0, covered < blockExtent || target[targetAxis] == 1 {
        strides[targetAxis] = covered * blockStride
        covered *= target[targetAxis]
        targetAxis -= 1
      }
      guard covered == blockExtent else { return nil }
      if axis > 0 {
        blockStride = self.strides[axis - 1]
        blockExtent = 1
        covered = 1
      }
    }
    return targetAxis == -1 ? Layout(shape: target, strides: strides) : nil
  }

  /// A singleton axis inserted before `axis`.
  public func unsqueezed(_ axis: Int) -> Layout {
    let place = axis < 0 ? shape.rank + 1 + axis : axis
    var result = self
    result.strides.insert(place < shape.rank ? shape[place] * strides[place] : 1, at: place)
    result.shape.dimensions.insert(1, at: place)
    return result
  }

  /// Singleton axes (and missing leading ones) repeated without a copy.
  public func expanded(to target: Shape) -> Layout {
    let missing = target.rank - shape.rank
    let strides = (0..<target.rank).map { axis in
      axis < missing || (shape[axis - missing] == 1 && target[axis] != 1) ? 0 : self.strides[axis - missing]
    }
    return Layout(shape: target, strides: strides)
  }

  /// `length` places along one axis, `step` apart.
  public func sliced(axis: Int, length: Int, step: Int = 1) -> Layout {
    var result = self
    result.shape.dimensions[self.axis(axis)] = length
    result.strides[self.axis(axis)] *= step
    return result
  }

  /// One place along an axis, which disappears.
  public func selected(axis: Int) -> Layout {
    var result = self
    result.shape.dimensions.remove(at: self.axis(axis))
    result.strides.remove(at: self.axis(axis))
    return result
  }

  public func axis(_ axis: Int) -> Int { axis < 0 ? axis + shape.rank : axis }
}

// MARK: - Results of elementwise operators

extension Layout {
  /// The layout of a new tensor with this one's extents: the same order of axes where that leaves no gap, else
  /// contiguous (`empty_like` with the format preserved).
  public var preserved: Layout { isDense ? self : .elementwise([self]) }

  /// The layout that TensorIterator gives the result of an elementwise operator: the extents broadcast, the axes
  /// in the order of the operands' strides, the first operand deciding where they disagree.
  public static func elementwise(_ operands: [Layout]) -> Layout {
    let shape = broadcast(operands.map(\.shape))
    if operands.allSatisfy({ $0.shape == shape && $0.isContiguous }) { return Layout(contiguous: shape) }
    if let first = operands.first, first.shape == shape, first.isDense,
      operands.allSatisfy({ $0.shape == shape && $0.strides == first.strides })
    {
      return first
    }
    let padded = operands.map { $0.expanded(to: shape).strides }
    // Insertion sort from the innermost axis, as TensorIteratorBase::reorder_dimensions does: ambiguous
    // comparisons (a stride of zero on either side) leave the order as it is.
    var order = Array(descending(shape.rank))
    for start in order.indices.dropFirst() {
      var inner = start
      for outer in (0..<start).reversed() {
        let verdict = comparison(padded, shape, order[outer], order[inner])
        if verdict > 0 {
          order.swapAt(outer, inner)
          inner = outer
        } else if verdict < 0 {
          break
        }
      }
    }
    var strides = [Int](repeating: 0, count: shape.rank)
    var stride = 1
    for axis in order {
      strides[axis] = stride
      stride *= max(1, shape[axis])
    }
    return Layout(shape: shape, strides: strides)
  }

  /// 1 where `left` (now the inner axis) should lie outside of `right`, -1 where the order is right, 0 undecided.
  private static func comparison(_ strides: [[Int]], _ shape: Shape, _ left: Int, _ right: Int) -> Int {
    for operand in strides {
      let (a, b) = (operand[left], operand[right])
      if a == 0 || b == 0 { continue }
      if a < b { return -1 }
      if a > b { return 1 }
      if shape[left] > shape[right] { return 1 }
    }
    return 0
  }

  /// The extents of several shapes together, by the rule that singletons repeat.
  public static func broadcast(_ shapes: [Shape]) -> Shape {
    let rank = shapes.map(\.rank).max() ?? 0
    return Shape(
      (0..<rank).map { axis in
        var extent = 1
        for shape in shapes where axis >= rank - shape.rank {
          let own = shape[axis - (rank - shape.rank)]
          if own != 1 { extent = own }
        }
        return extent
      })
  }
}
