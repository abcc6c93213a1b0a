internal import Graph
internal import Units

/// Operators on quantized tensors: between each tensor and the next stand its scale and zero point.
extension Microsoft {
  static let quantization: [OperatorRow] =
    rows(
      ["QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax", "QOrderedGelu", "QOrderedLayerNormalization"],
      domain: domain, shape: likeFirst(1))
    + rows(["QLinearAdd", "QLinearMul"], domain: domain) { call throws(Unresolved) in
      [.tensor(call.type(0), try call.broadcast([try call.shape(0), try call.shape(3)]))]
    }
    + [
      row("QLinearWhere", domain: domain) { call throws(Unresolved) in
        let shapes = [try call.shape(0), try call.shape(1), try call.shape(4)]
        return [.tensor(call.type(1), try call.broadcast(shapes))]
      },
      row("MulInteger", domain: domain) { call throws(Unresolved) in
        [.tensor(.int32, try call.broadcast([try call.shape(0), try call.shape(2)]))]
      },
      row("QLinearConcat", domain: domain, shape: concatenated),
      row("QLinearReduceMean", domain: domain) { call throws(Unresolved) in [try reduced(call, call.type(0))] },
      row("ReduceSumInteger", domain: domain) { call throws(Unresolved) in [try reduced(call, .int32)] },
      row("QuantizeLinear", domain: domain) { call throws(Unresolved) in
        [.tensor(call.has(2) ? call.type(2) : .uint8, try call.shape(0))]
      },
      row("DequantizeLinear", domain: domain) { call throws(Unresolved) in
        [.tensor(call.type(1), try call.shape(0))]
      },
      row("QuantizeWithOrder", domain: domain) { call throws(Unresolved) in [.tensor(.int8, try call.shape(0))] },
      row("DequantizeWithOrder", domain: domain) { call throws(Unresolved) in
        [.tensor(try call.type(attribute: "to"), try call.shape(0))]
      },
      row("QuantizeBFP", domain: domain) { call throws(Unresolved) in
        let rank = Dimension.constant(try call.shape(0).count)
        let bytes = call.unknown("0", "the number of bytes of blocks of floating point")
        return [.tensor(.uint8, [bytes]), .tensor(.int64, [rank]), .tensor(.int64, [rank])]
      },
      row("DequantizeBFP", domain: domain) { call throws(Unresolved) in
        let extents = try call.integers(1)
        let type = DataType(onnx: try call.integer("dtype", default: 1))
        return [
          .tensor(type, extents.enumerated().map { $1 ?? call.unknown("\($0)", "an extent that its input states") })
        ]
      },
      row("GatherBlockQuantized", domain: domain, shape: gathered),
    ]

  /// Operands follow the result's scale and zero point, each with its own.
  private static func concatenated(_ call: Call) throws(Unresolved) -> [Fact] {
    guard call.inputs.count >= 5, call.inputs.count % 3 == 2 else {
      throw .defect("\(call.inputs.count) inputs are no scale, zero point and operands of three each")
    }
    var shape = try call.shape(2)
    let axis = try call.axis(try call.requiredInteger("axis"), rank: shape.count)
    for input in stride(from: 5, to: call.inputs.count, by: 3) {
      let other = try call.shape(input)
      guard other.count == shape.count else { throw .defect("\(call.text([shape, other])) are not of one rank") }
      for place in shape.indices where place != axis {
        guard shape[place].isEqual(other[place]) != false else {
          throw .defect("\(call.text([shape, other])) differ in axis \(place)")
        }
        // The more telling of two that must be equal.
        if shape[place].constant == nil, other[place].constant != nil { shape[place] = other[place] }
      }
      shape[axis] += other[axis]
    }
    return [.tensor(call.type(1), shape)]
  }

  private static func reduced(_ call: Call, _ type: DataType?) throws(Unresolved) -> Fact {
    let shape = try call.shape(0)
    let axes = Set(try call.axes(try call.optionalIntegers("axes") ?? [], rank: shape.count))
    let keeps = try call.flag("keepdims", default: true)
    let isReduced: (Int) -> Bool = { axes.isEmpty || axes.contains($0) }
    let extents = shape.indices.compactMap { isReduced($0) ? keeps ? .one : nil : shape[$0] }
    return .tensor(type, extents)
  }

  /// Slices along an axis of data in blocks; bytes may hold two numbers each along the last axis.
  private static func gathered(_ call: Call) throws(Unresolved) -> [Fact] {
    var data = try call.shape(0)
    let indices = try call.shape(1)
    let axis = try call.axis(try call.integer("gather_axis", default: 0), rank: data.count)
    if call.type(0) == .uint8, try call.integer("bits", default: 4) == 4 { data[data.count - 1] *= 2 }
    return [.tensor(call.type(2), data.prefix(axis) + indices + data.dropFirst(axis + 1))]
  }
}
