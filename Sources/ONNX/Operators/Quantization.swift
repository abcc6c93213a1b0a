internal import Graph
internal import Units

/// Between real numbers and integers with a scale.
enum Quantization {
  static let all: [OperatorRow] = [
    row("QuantizeLinear", shape: quantize), row("DequantizeLinear", shape: dequantize),
    row("DynamicQuantizeLinear") { call throws(Unresolved) in
      [.tensor(.uint8, try call.shape(0)), .scalar(.float32), .scalar(.uint8)]
    },
  ]

  /// The type is that of the zero point, else `output_dtype` (from version 21 on), else `uint8`.
  private static func quantize(_ call: Call) throws(Unresolved) -> [Fact] {
    let named = try call.type(attribute: "output_dtype", default: nil)
    if let named, let type = call.type(2), named != type {
      throw .defect("attribute 'output_dtype' names \(named) and the zero point is of \(type)")
    }
    if call.has(2), call.type(2) == nil { return [.tensor(named, try scaled(call))] }
    return [.tensor(call.type(2) ?? named ?? .uint8, try scaled(call))]
  }

  /// The type is `output_dtype` (from version 23 on), else that of the scale.
  private static func dequantize(_ call: Call) throws(Unresolved) -> [Fact] {
    [.tensor(try call.type(attribute: "output_dtype", default: call.type(1)), try scaled(call))]
  }

  /// The shape, once the scales were seen to fit: one for all, one per place along `axis` (from version 13 on), or one
  /// per block of `block_size` along it (from version 21 on).
  private static func scaled(_ call: Call) throws(Unresolved) -> [Dimension] {
    let shape = try call.shape(0)
    guard let scale = call.has(1) ? try call.tensor(1).shape : nil, !scale.isEmpty else { return shape }
    let block = try call.integer("block_size", default: 0)
    guard block >= 0 else { throw .defect("attribute 'block_size' is \(block)") }
    // Runtimes take one element in a list for a scale of all.
    if block == 0, scale.count == 1, scale[0].isEqual(1) != false { return shape }
    let axis = try call.axis(try call.integer("axis", default: 1), rank: shape.count)
    if block == 0 {
      guard scale.count == 1 else { throw .defect("the scale has rank \(scale.count)") }
      try call.agree(scale[0], shape[axis], "the scale and axis \(axis) differ")
    } else {
      guard scale.count == shape.count else { throw .defect("the scale has rank \(scale.count) for blocks") }
      for place in shape.indices {
        let blocks = place == axis ? shape[place].quotientRoundedUp(.constant(block)) : shape[place]
        try call.agree(scale[place], blocks, "the scale and axis \(place) differ")
      }
    }
    return shape
  }
}
