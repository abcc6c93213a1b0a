internal import Graph
internal import Units

/// Operators that make one element of a window or region.
enum Pooling {
  static let all: [OperatorRow] =
    [
      row("MaxPool") { call throws(Unresolved) in
        let shape = try pooled(call)
        return [.tensor(call.type(0), shape), .tensor(.int64, shape)]
      },
      row("MaxUnpool", shape: unpooled), row("MaxRoiPool", shape: pooledRegions),
      row("RoiAlign", shape: alignedRegions),
    ]
    + rows(["AveragePool", "LpPool"]) { call throws(Unresolved) in [.tensor(call.type(0), try pooled(call))] }
    + rows(["GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"], shape: global)

  private static func kernel(_ call: Call, spatial: Int) throws(Unresolved) -> [Dimension] {
    guard let kernel = try call.optionalIntegers("kernel_shape") else {
      throw .defect("attribute 'kernel_shape' is missing")
    }
    guard kernel.count == spatial else {
      throw .defect("attribute 'kernel_shape' is \(kernel) for \(spatial) spatial axes")
    }
    return kernel.map { .constant($0) }
  }

  /// Versions 1 to 22 of MaxPool, AveragePool and LpPool; `ceil_mode` came with 10, 10 and 18. From version 22 on,
  /// windows that would start in the padding behind an axis are left out.
  private static func pooled(_ call: Call) throws(Unresolved) -> [Dimension] {
    let input = try call.shape(0, ranks: 2...Call.highestRank)
    let windows = try SlidingWindows(call, kernel: try kernel(call, spatial: input.count - 2))
    let roundsUp = try call.flag("ceil_mode")
    let rounding: SlidingWindows.Rounding = !roundsUp ? .down : call.version < 22 ? .up : .upWithinInput
    var shape = Array(input.prefix(2))
    for (axis, extent) in input.dropFirst(2).enumerated() {
      shape.append(try windows.count(over: extent, axis: axis, rounding: rounding))
    }
    return shape
  }

  private static func global(_ call: Call) throws(Unresolved) -> [Fact] {
    let input = try call.shape(0, ranks: 2...Call.highestRank)
    return [.tensor(call.type(0), input.prefix(2) + [Dimension](repeating: .one, count: input.count - 2))]
  }

  /// MaxUnpool 9: `stride · (extent - 1) + kernel - padding`, unless an input gives the shape.
  private static func unpooled(_ call: Call) throws(Unresolved) -> [Fact] {
    let input = try call.shape(0, ranks: 2...Call.highestRank)
    if call.has(2) {
      return [.tensor(call.type(0), try call.listed(2, axes: input.count))]
    }
    let windows = try SlidingWindows(call, kernel: try kernel(call, spatial: input.count - 2))
    let spatial = input.dropFirst(2).enumerated().map { windows.spread($1, axis: $0) }
    return [.tensor(call.type(0), input.prefix(2) + spatial)]
  }

  /// Input `[N, C, H, W]`, regions `[R, 5]`, result `[R, C, height, width]` (MaxRoiPool 1).
  private static func pooledRegions(_ call: Call) throws(Unresolved) -> [Fact] {
    let input = try call.shape(0, ranks: 4...4)
    let regions = try call.shape(1, ranks: 2...2)
    try call.agree(regions[1], 5, "regions have another width")
    guard let size = try call.optionalIntegers("pooled_shape"), size.count == 2 else {
      throw .defect("attribute 'pooled_shape' is no pair")
    }
    return [.tensor(call.type(0), [regions[0], input[1], .constant(size[0]), .constant(size[1])])]
  }

  /// Input `[N, C, H, W]`, regions `[R, 4]`, result `[R, C, height, width]` (RoiAlign 10, 16, 22).
  private static func alignedRegions(_ call: Call) throws(Unresolved) -> [Fact] {
    let input = try call.shape(0, ranks: 4...4)
    let regions = try call.shape(1, ranks: 2...2)
    try call.agree(regions[1], 4, "regions have another width")
    if call.has(2), let batches = try call.tensor(2).shape, batches.count == 1 {
      try call.agree(regions[0], batches[0], "regions and their batch indices differ in number")
    }
    let height = try call.integer("output_height", default: 1)
    let width = try call.integer("output_width", default: 1)
    return [.tensor(call.type(0), [regions[0], input[1], .constant(height), .constant(width)])]
  }
}
