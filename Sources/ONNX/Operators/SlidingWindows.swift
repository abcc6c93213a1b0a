internal import Graph

/// Windows that slide over the spatial axes of an image, as convolutions and pools move them.
struct SlidingWindows {
  let kernel: [Dimension]
  let strides: [Int]
  let dilations: [Int]
  /// What lies before and after each axis; nil where it is chosen so that every stride has its window.
  let padding: [(before: Dimension, after: Dimension)]?

  /// Reads `strides`, `dilations`, `pads` and `auto_pad`, which overrules `pads` as it does in runtimes.
  init(_ call: Call, kernel: [Dimension]) throws(Unresolved) {
    let rank = kernel.count
    self.kernel = kernel
    for extent in kernel where extent.isAtLeast(1) == false { throw .defect("the kernel has an extent of \(extent)") }
    strides = try call.perAxis("strides", count: rank, default: 1, least: 1)
    dilations = try call.perAxis("dilations", count: rank, default: 1, least: 1)
    switch try call.string("auto_pad") ?? "NOTSET" {
    case "NOTSET", "":
      let pads = try call.perAxis("pads", count: 2 * rank, default: 0)
      padding = (0..<rank).map { (.constant(pads[$0]), .constant(pads[$0 + rank])) }
    case "VALID": padding = Array(repeating: (.zero, .zero), count: rank)
    case "SAME_UPPER", "SAME_LOWER": padding = nil
    case let other: throw .defect("attribute 'auto_pad' is '\(other)'")
    }
  }

  /// What one window spans: `(kernel - 1) · dilation + 1`.
  func span(_ axis: Int) -> Dimension { (kernel[axis] - 1) * .constant(dilations[axis]) + 1 }

  enum Rounding {
    /// Windows lie wholly within the padded extent.
    case down
    /// The last window may reach beyond.
    case up
    /// The last window may reach beyond, and starts no later than the extent ends.
    case upWithinInput
  }

  /// How many windows lie along a spatial axis: `floor((extent + padding - span) / stride) + 1`, and
  /// `ceil(extent / stride)` for `SAME_UPPER` and `SAME_LOWER`.
  func count(over extent: Dimension, axis: Int, rounding: Rounding = .down) throws(Unresolved) -> Dimension {
    let stride = Dimension.constant(strides[axis])
    guard let (before, after) = padding?[axis] else { return extent.quotientRoundedUp(stride) }
    let span = span(axis)
    let room = extent + before + after - span
    if room.isAtLeast(0) == false {
      throw .defect(
        "the kernel spans \(span) along spatial axis \(axis), which has \(extent) and \(before + after) of padding")
    }
    switch rounding {
    case .down: return room.quotient(stride) + 1
    case .up: return room.quotientRoundedUp(stride) + 1
    case .upWithinInput:
      // Of the windows that rounding up adds, those stay that start before extent + before.
      let slack = Dimension.smaller(after - span + stride, 0)
      return (extent + before + slack - 1).quotient(stride) + 1
    }
  }

  /// The extent that windows laid side by side come to: `stride · (extent - 1) + span - padding`.
  ///
  /// `SAME_UPPER` and `SAME_LOWER` take off what exceeds `extent · stride`. Where windows leave gaps there is nothing to
  /// take off; the operator's text asks for `extent · stride` there too, and onnx 1.21 infers less, as here.
  func spread(_ extent: Dimension, axis: Int, additional: Int = 0) -> Dimension {
    let stride = Dimension.constant(strides[axis])
    let last = span(axis) + .constant(additional)
    guard let (before, after) = padding?[axis] else { return extent * stride + Dimension.smaller(last - stride, 0) }
    return stride * (extent - 1) + last - before - after
  }
}
