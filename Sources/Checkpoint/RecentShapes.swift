internal import Units

/// The last few shapes, so that tensors of the same shape share one.
struct RecentShapes {
  private var shapes: [Shape] = []
  private var next = 0
  /// Whether the last shape asked for had an extent beyond 2^63 - 1.
  private(set) var lastWasClamped = false

  mutating func shape(of extents: UnsafeBufferPointer<UInt64>) -> Shape {
    lastWasClamped = extents.contains { $0 > UInt64(Int.max) }
    if !lastWasClamped {
      for shape in shapes where shape.rank == extents.count {
        if extents.indices.allSatisfy({ shape[$0] == Int(extents[$0]) }) { return shape }
      }
    }
    let made = Shape(extents.map(Int.init(clamping:)))
    if shapes.count < 8 {
      shapes.append(made)
    } else {
      shapes[next] = made
      next = (next + 1) % 8
    }
    return made
  }
}
