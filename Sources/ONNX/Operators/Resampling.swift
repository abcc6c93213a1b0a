internal import Graph
internal import Units

/// Operators that sample an image anew.
enum Resampling {
  static let all: [OperatorRow] = [
    row("Resize", shape: resize), row("Upsample", shape: upsample), row("GridSample", shape: gridSample),
    row("AffineGrid", shape: affineGrid), row("CenterCropPad", shape: centered),
    row("ImageScaler", storage: .reusable, shape: Elementwise.sameAsFirst),
  ]

  // MARK: - Resize

  /// Versions 10 to 19. Version 10 takes scales only; later ones take scales or sizes, an empty input being none, and
  /// from version 18 on for chosen axes.
  private static func resize(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    if call.version < 11 { return [.tensor(call.type(0), try scaled(call, shape, byInput: 1))] }
    let axes = try chosenAxes(call, rank: shape.count)
    let result: [Dimension]
    switch (isGiven(call, 2), isGiven(call, 3)) {
    case (true, true): throw .defect("both scales and sizes are given")
    case (false, false): throw .defect("neither scales nor sizes are given")
    case (true, _), (_, false): result = try scaled(call, shape, axes)
    case (_, true), (false, _): result = try sized(call, shape, axes)
    case (nil, nil):
      var unknown = shape
      for axis in axes { unknown[axis] = call.unknown("\(axis)", "whether scales or sizes are given is not known") }
      result = unknown
    }
    return [.tensor(call.type(0), result)]
  }

  /// Whether an input is there and not empty; nil where its length is not known.
  private static func isGiven(_ call: Call, _ input: Int) -> Bool? {
    guard call.has(input) else { return false }
    return call.inputs[input]?.tensor?.shape?.product.isEqual(0).map { !$0 }
  }

  /// The shape by scales, for chosen axes.
  private static func scaled(
    _ call: Call, _ shape: [Dimension], _ axes: [Int]
  ) throws(Unresolved) -> [Dimension] {
    var result = shape
    let scales = try scales(call, input: 2, count: axes.count)
    let crops = try crops(call, count: axes.count)
    for (place, axis) in axes.enumerated() {
      guard let scale = scales?[place], let crop = crops?[place] else {
        result[axis] = call.unknown("\(axis)", "the scale of axis \(axis) is not known")
        continue
      }
      result[axis] = extent(call, shape[axis], scale, crop: crop, axis: axis)
    }
    return result
  }

  private static func chosenAxes(_ call: Call, rank: Int) throws(Unresolved) -> [Int] {
    guard let axes = try call.optionalIntegers("axes"), !axes.isEmpty else { return Array(0..<rank) }
    return try call.axes(axes, rank: rank)
  }

  /// The shape by sizes; a policy other than `stretch` keeps the ratio of the axes by one scale for all, and rounds
  /// halves up.
  private static func sized(
    _ call: Call, _ shape: [Dimension], _ axes: [Int]
  ) throws(Unresolved) -> [Dimension] {
    let sizes = try call.listed(3, axes: axes.count)
    let policy = try call.string("keep_aspect_ratio_policy") ?? "stretch"
    guard ["stretch", "not_larger", "not_smaller"].contains(policy) else {
      throw .defect("attribute 'keep_aspect_ratio_policy' is '\(policy)'")
    }
    var result = shape
    guard policy != "stretch" else {
      for (place, axis) in axes.enumerated() { result[axis] = sizes[place] }
      return result
    }
    var scales: [Float] = []
    for (place, axis) in axes.enumerated() {
      guard let size = sizes[place].constant, let extent = shape[axis].constant, extent > 0 else { break }
      scales.append(Float(size) / Float(extent))
    }
    guard scales.count == axes.count, let scale = policy == "not_larger" ? scales.min() : scales.max() else {
      for axis in axes {
        result[axis] = call.unknown("\(axis)", "axis \(axis) follows the ratio of extents that are not known")
      }
      return result
    }
    for axis in axes {
      let extent = Float(shape[axis].constant ?? 0) * scale
      result[axis] = Int(exactly: extent.rounded(.toNearestOrAwayFromZero)).map { .constant($0) } ?? .undefined
    }
    return result
  }

  /// What part of each axis is kept: all of it, unless `tf_crop_and_resize` takes a region; nil where the region is not
  /// known.
  ///
  /// The operator's text multiplies by the region (`floor(extent · (end - start) · scale)`), while onnx 1.21's own
  /// inference and reference leave it out. Where that makes a difference the extent is left to running the model.
  private static func crops(_ call: Call, count: Int) throws(Unresolved) -> [Bool]? {
    guard try call.string("coordinate_transformation_mode") == "tf_crop_and_resize" else {
      return Array(repeating: false, count: count)
    }
    guard let region = try? call.elements(1) else { return nil }
    guard region.count == 2 * count else { throw .defect("the region has \(region.count) entries for \(count) axes") }
    return (0..<count).map { region[$0].double != 0 || region[$0 + count].double != 1 }
  }

  // MARK: - Scales

  /// The scales that an input holds; nil where they are not known.
  private static func scales(_ call: Call, input: Int, count: Int) throws(Unresolved) -> [Double]? {
    if let length = try call.tensor(input).shape?.first?.constant, length != count {
      throw .defect("\(length) scales are given for \(count) axes")
    }
    guard let elements = try? call.elements(input) else { return nil }
    let scales = elements.compactMap(\.double)
    return scales.count == count ? scales : nil
  }

  private static func scaled(
    _ call: Call, _ shape: [Dimension], byInput input: Int
  ) throws(Unresolved) -> [Dimension] {
    let scales = try scales(call, input: input, count: shape.count)
    return shape.enumerated().map { axis, own in
      guard let scale = scales?[axis] else { return call.unknown("\(axis)", "the scale of axis \(axis) is not known") }
      return extent(call, own, scale, crop: false, axis: axis)
    }
  }

  /// `floor(extent · scale)` in single precision, as runtimes compute it.
  ///
  /// For a symbol that is a quotient only where the scale is a fraction by a small power of two; otherwise the rounding
  /// decides.
  private static func extent(_ call: Call, _ extent: Dimension, _ scale: Double, crop: Bool, axis: Int) -> Dimension {
    if crop { return call.unknown("\(axis)", "runtimes differ on the extent of axis \(axis), which is cropped first") }
    let scale = Float(scale)
    if let number = extent.constant {
      return Int(exactly: (Float(number) * scale).rounded(.down)).map { .constant($0) } ?? .undefined
    }
    for denominator in [1, 2, 4, 8, 16, 32, 64] {
      guard let numerator = Int(exactly: scale * Float(denominator)) else { continue }
      return (extent * .constant(numerator)).quotient(.constant(denominator))
    }
    return call.unknown("\(axis)", "\(extent) times \(scale) is rounded in single precision")
  }

  /// Version 1 has a scale for height and one for width, version 7 a list, versions 9 and 10 an input.
  private static func upsample(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    if call.has(1) { return [.tensor(call.type(0), try scaled(call, shape, byInput: 1))] }
    let scales: [Double]
    if case .floats(let given)? = call.attributes["scales"] {
      scales = given
    } else if let height = call.float("height_scale"), let width = call.float("width_scale") {
      scales = [1, 1, height, width]
    } else {
      throw .defect("no scales are given")
    }
    guard scales.count == shape.count else {
      throw .defect("\(scales.count) scales are given for \(shape.count) axes")
    }
    var result: [Dimension] = []
    for axis in shape.indices { result.append(extent(call, shape[axis], scales[axis], crop: false, axis: axis)) }
    return [.tensor(call.type(0), result)]
  }

  // MARK: - Grids

  /// Image `[N, C, spatial…]`, grid `[N, places…, axes]`, result `[N, C, places…]` (GridSample 16, 20, 22).
  private static func gridSample(_ call: Call) throws(Unresolved) -> [Fact] {
    let image = try call.shape(0, ranks: 3...Call.highestRank)
    let grid = try call.shape(1, ranks: image.count...image.count)
    try call.agree(image[0], grid[0], "image and grid differ in their batch")
    try call.agree(grid[grid.count - 1], .constant(image.count - 2), "places of the grid and spatial axes differ")
    return [.tensor(call.type(0), image.prefix(2) + Array(grid[1..<(grid.count - 1)]))]
  }

  /// Size `[N, C, spatial…]` as values, result `[N, spatial…, axes]` (AffineGrid 20).
  private static func affineGrid(_ call: Call) throws(Unresolved) -> [Fact] {
    let theta = try call.shape(0, ranks: 3...3)
    let size = try call.listed(1)
    guard (4...5).contains(size.count) else { throw .defect("a size of \(size.count) axes is no image or volume") }
    try call.agree(theta[0], size[0], "transformations and batch differ in number")
    return [.tensor(call.type(0), [size[0]] + size.dropFirst(2) + [.constant(size.count - 2)])]
  }

  /// CenterCropPad 18: the extents that the second input lists, for `axes` or for all.
  private static func centered(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    let axes = try chosenAxes(call, rank: shape.count)
    for (axis, extent) in zip(axes, try call.listed(1, axes: axes.count)) { shape[axis] = extent }
    return [.tensor(call.type(0), shape)]
  }
}
