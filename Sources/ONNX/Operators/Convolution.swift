internal import Graph
internal import Units

/// Convolutions and what undoes or unfolds them.
enum Convolution {
  static let all: [OperatorRow] = [
    row("Conv") { call throws(Unresolved) in
      [.tensor(call.type(0) ?? call.type(1), try convolved(call, weights: 1))]
    },
    row("ConvInteger") { call throws(Unresolved) in [.tensor(.int32, try convolved(call, weights: 1))] },
    row("QLinearConv") { call throws(Unresolved) in [.tensor(call.type(7), try convolved(call, weights: 3))] },
    row("ConvTranspose", shape: transposed), row("DeformConv", shape: deformed), row("Col2Im", shape: columnsToImage),
  ]

  /// The kernel: attribute `kernel_shape`, or the spatial axes of the weights.
  private static func kernel(_ call: Call, _ weights: [Dimension]) throws(Unresolved) -> [Dimension] {
    let own = Array(weights.dropFirst(2))
    guard let given = try call.optionalIntegers("kernel_shape"), !given.isEmpty else { return own }
    let kernel = given.map { Dimension.constant($0) }
    guard kernel.count == own.count else {
      throw .defect("attribute 'kernel_shape' is \(given) for weights of \(call.text([weights]))")
    }
    for (left, right) in zip(kernel, own) {
      try call.agree(left, right, "attribute 'kernel_shape' and the weights differ")
    }
    return kernel
  }

  private static func groups(_ call: Call) throws(Unresolved) -> Dimension {
    let group = try call.integer("group", default: 1)
    guard group >= 1 else { throw .defect("attribute 'group' is \(group)") }
    return .constant(group)
  }

  /// Input `[N, C, …]`, weights `[M, C / group, kernel…]`, result `[N, M, …]` (Conv 1, 11, 22; ConvInteger 10;
  /// QLinearConv 10).
  private static func convolved(_ call: Call, weights place: Int) throws(Unresolved) -> [Dimension] {
    let input = try call.shape(0, ranks: 2...Call.highestRank)
    let weights = try call.shape(place, ranks: input.count...input.count)
    let group = try groups(call)
    try call.agree(input[1], weights[1] * group, "input channels and weights for \(group) groups differ")
    if let left = weights[0].remainder(group).constant, left != 0 {
      throw .defect("\(weights[0]) output channels do not divide into \(group) groups")
    }
    let windows = try SlidingWindows(call, kernel: try kernel(call, weights))
    var shape = [input[0], weights[0]]
    for (axis, extent) in input.dropFirst(2).enumerated() { shape.append(try windows.count(over: extent, axis: axis)) }
    return shape
  }

  /// DeformConv 19: as Conv, with an offset for each place of the kernel and of the result.
  private static func deformed(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try convolved(call, weights: 1)
    let offsets = try call.shape(2, ranks: shape.count...shape.count)
    for (given, needed) in zip(offsets.dropFirst(2), shape.dropFirst(2)) {
      try call.agree(given, needed, "the offsets and the result differ")
    }
    return [.tensor(call.type(0) ?? call.type(1), shape)]
  }

  /// Input `[N, C, …]`, weights `[C, M / group, kernel…]`, result `[N, M, …]` (ConvTranspose 1, 11, 22).
  private static func transposed(_ call: Call) throws(Unresolved) -> [Fact] {
    let input = try call.shape(0, ranks: 2...Call.highestRank)
    let weights = try call.shape(1, ranks: input.count...input.count)
    let group = try groups(call)
    try call.agree(input[1], weights[0], "input channels and weights differ")
    if let left = weights[0].remainder(group).constant, left != 0 {
      throw .defect("\(weights[0]) input channels do not divide into \(group) groups")
    }
    let windows = try SlidingWindows(call, kernel: try kernel(call, weights))
    let spatial = input.count - 2
    let additional = try call.perAxis("output_padding", count: spatial, default: 0)
    var shape = [input[0], weights[1] * group]
    if let given = try call.optionalIntegers("output_shape"), !given.isEmpty {
      // Early exporters list the batch and the channels too.
      guard given.count == spatial || given.count == input.count else {
        throw .defect("attribute 'output_shape' is \(given) for \(spatial) spatial axes")
      }
      shape += given.suffix(spatial).map { .constant($0) }
    } else {
      for (axis, extent) in input.dropFirst(2).enumerated() {
        shape.append(windows.spread(extent, axis: axis, additional: additional[axis]))
      }
    }
    return [.tensor(call.type(0) ?? call.type(1), shape)]
  }

  /// Input `[N, C · block, L]`, result `[N, C, image…]` (Col2Im 18).
  private static func columnsToImage(_ call: Call) throws(Unresolved) -> [Fact] {
    let columns = try call.shape(0, ranks: 3...3)
    let image = try call.listed(1)
    guard let block = try? call.knownIntegers(2) else {
      let channels = call.unknown("channels", "the block that one column fills is not known")
      return [.tensor(call.type(0), [columns[0], channels] + image)]
    }
    guard block.count == image.count else {
      throw .defect("the block has \(block.count) axes and the image \(image.count)")
    }
    let area = block.product
    if let left = columns[1].remainder(area).constant, left != 0 {
      throw .defect("columns of \(columns[1]) do not divide into blocks of \(area)")
    }
    let windows = try SlidingWindows(call, kernel: block)
    var blocks = Dimension.one
    for (axis, extent) in image.enumerated() { blocks *= try windows.count(over: extent, axis: axis) }
    try call.agree(columns[2], blocks, "the number of columns and of blocks in the image differ")
    return [.tensor(call.type(0), [columns[0], columns[1].quotient(area)] + image)]
  }
}
