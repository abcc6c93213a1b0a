internal import Graph
internal import Units

/// Convolutions and pools, also with the channels last.
extension Microsoft {
  static let convolutions: [OperatorRow] =
    rows(["NhwcConv", "NhwcFusedConv"], domain: domain) { call throws(Unresolved) in
      [try convolution(call, filter: 1, channelsLast: true, call.type(0))]
    }
    + [
      row("FusedConv", domain: domain) { call throws(Unresolved) in
        [try convolution(call, filter: 1, channelsLast: false, call.type(0))]
      },
      row("QLinearConv", domain: domain) { call throws(Unresolved) in
        let isLast = try call.flag("channels_last")
        return [try convolution(call, filter: 3, channelsLast: isLast, call.type(7))]
      },
      row("NhwcMaxPool", domain: domain) { call throws(Unresolved) in [try pool(call, channelsLast: true)] },
      row("MaxpoolWithMask", domain: domain) { call throws(Unresolved) in [try pool(call, channelsLast: false)] },
      row("QLinearAveragePool", domain: domain) { call throws(Unresolved) in
        [try pool(call, channelsLast: try call.flag("channels_last"))]
      },
      row("QLinearGlobalAveragePool", domain: domain) { call throws(Unresolved) in
        let shape = try call.shape(0)
        guard shape.count >= 3 else { throw .defect("its input has rank \(shape.count), not 3 or more") }
        let ones = [Dimension](repeating: .one, count: shape.count - 2)
        let isLast = try call.flag("channels_last")
        return [.tensor(call.type(0), isLast ? [shape[0]] + ones + [shape[shape.count - 1]] : shape.prefix(2) + ones)]
      },
      row("ConvTransposeWithDynamicPads", domain: domain, shape: transposedConvolution),
    ]

  /// Windows over the spatial axes.
  private struct Windows {
    var kernel: [Dimension]
    let strides: [Int]
    let dilations: [Int]
    /// Before every axis, then behind.
    let pads: [Int]
    let padding: String
    let roundsUp: Bool

    init(_ call: Call, kernel: [Dimension]) throws(Unresolved) {
      let rank = kernel.count
      self.kernel = kernel
      strides = try Windows.list(call, "strides", count: rank, default: 1)
      dilations = try Windows.list(call, "dilations", count: rank, default: 1)
      pads = try Windows.list(call, "pads", count: 2 * rank, default: 0)
      padding = try call.string("auto_pad") ?? "NOTSET"
      roundsUp = try call.flag("ceil_mode")
      guard strides.allSatisfy({ $0 > 0 }), dilations.allSatisfy({ $0 > 0 }) else {
        throw .defect("strides \(strides) and dilations \(dilations) are not all positive")
      }
    }

    static func list(_ call: Call, _ name: String, count: Int, default number: Int) throws(Unresolved) -> [Int] {
      guard let list = try call.optionalIntegers(name), !list.isEmpty else {
        return [Int](repeating: number, count: count)
      }
      guard list.count == count else { throw .defect("attribute '\(name)' has \(list.count) entries, not \(count)") }
      return list
    }

    /// What a window covers along an axis.
    func reach(_ axis: Int) -> Dimension { .constant(dilations[axis]) * (kernel[axis] - 1) + 1 }

    func windows(_ call: Call, _ extent: Dimension, _ axis: Int) -> Dimension {
      let stride = Dimension.constant(strides[axis])
      switch padding {
      case "SAME_UPPER", "SAME_LOWER": return extent.quotientRoundedUp(stride)
      case "VALID" where !roundsUp: return (extent - reach(axis)).quotient(stride) + 1
      default: break
      }
      let isPadded = padding != "VALID"
      let before = isPadded ? Dimension.constant(pads[axis]) : 0
      let behind = isPadded ? Dimension.constant(pads[axis + kernel.count]) : 0
      let room = extent + before + behind - reach(axis)
      guard roundsUp else { return room.quotient(stride) + 1 }
      let steps = room.quotientRoundedUp(stride)
      // A last window that would start in the padding behind is left out.
      guard let isOutside = (steps * stride).isAtLeast(extent + before) else {
        return behind.isAtLeast(reach(axis) - stride + 1) == false
          ? steps + 1 : call.unknown("\(axis + 2)", "whether a last window fits")
      }
      return isOutside ? steps : steps + 1
    }
  }

  private static func spatial(
    _ call: Call, _ shape: [Dimension], _ windows: Windows, channelsLast: Bool
  ) -> [Dimension] {
    shape[(channelsLast ? 1 : 2)...].prefix(windows.kernel.count).enumerated().map { axis, extent in
      windows.windows(call, extent, axis)
    }
  }

  /// The weight is [M, C / group, kernel...], also where the channels of the input come last.
  private static func convolution(
    _ call: Call, filter: Int, channelsLast: Bool, _ type: DataType?
  ) throws(Unresolved) -> Fact {
    let (shape, weight) = (try call.shape(0), try call.shape(filter))
    guard shape.count >= 3, weight.count == shape.count else {
      throw .defect("input and weight \(call.text([shape, weight])) are not of one rank of 3 or more")
    }
    var kernel = Array(weight.dropFirst(2))
    if let stated = try call.optionalIntegers("kernel_shape"), !stated.isEmpty {
      guard stated.count == kernel.count else {
        throw .defect("attribute 'kernel_shape' has \(stated.count) entries, not \(kernel.count)")
      }
      kernel = stated.map { .constant($0) }
    }
    let windows = try Windows(call, kernel: kernel)
    let extents = spatial(call, shape, windows, channelsLast: channelsLast)
    return .tensor(type, channelsLast ? [shape[0]] + extents + [weight[0]] : [shape[0], weight[0]] + extents)
  }

  private static func pool(_ call: Call, channelsLast: Bool) throws(Unresolved) -> Fact {
    let shape = try call.shape(0)
    guard let kernel = try call.optionalIntegers("kernel_shape"), shape.count >= 3, kernel.count == shape.count - 2
    else {
      throw .defect("attribute 'kernel_shape' does not fit an input of rank \(shape.count)")
    }
    let windows = try Windows(call, kernel: kernel.map { .constant($0) })
    let extents = spatial(call, shape, windows, channelsLast: channelsLast)
    let channels = channelsLast ? shape[shape.count - 1] : shape[1]
    return .tensor(call.type(0), channelsLast ? [shape[0]] + extents + [channels] : [shape[0], channels] + extents)
  }

  /// ConvTranspose whose padding is an input.
  private static func transposedConvolution(_ call: Call) throws(Unresolved) -> [Fact] {
    let (shape, weight) = (try call.shape(0), try call.shape(1))
    guard shape.count >= 3, weight.count == shape.count else {
      throw .defect("input and weight \(call.text([shape, weight])) are not of one rank of 3 or more")
    }
    let rank = shape.count - 2
    var kernel = Array(weight.dropFirst(2))
    if let stated = try call.optionalIntegers("kernel_shape"), stated.count == rank {
      kernel = stated.map { .constant($0) }
    }
    let windows = try Windows(call, kernel: kernel)
    let extra = try Windows.list(call, "output_padding", count: rank, default: 0)
    let padding = call.has(2) ? try? call.integers(2) : windows.pads.map { .constant($0) }
    if let padding, padding.count != 2 * rank { throw .defect("\(padding.count) pads for \(rank) spatial axes") }
    let extents = (0..<rank).map { axis -> Dimension in
      let stride = Dimension.constant(windows.strides[axis])
      if windows.padding.hasPrefix("SAME") { return shape[axis + 2] * stride }
      guard let padding, let before = padding[axis], let behind = padding[axis + rank] else {
        return call.unknown("\(axis + 2)", "the amount of padding")
      }
      return stride * (shape[axis + 2] - 1) + .constant(extra[axis]) + windows.reach(axis) - before - behind
    }
    let group = Dimension.constant(try call.integer("group", default: 1))
    return [.tensor(call.type(0), [shape[0], weight[1] * group] + extents)]
  }
}
