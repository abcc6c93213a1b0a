internal import COnnx
internal import Checkpoint
internal import Units

extension ModelReading {
  mutating func declarations(_ list: Repeated<Connx__Value>, _ count: Int) -> [ValueDeclaration] {
    var declarations: [ValueDeclaration] = []
    declarations.reserveCapacity(count)
    for value in elements(list, count) {
      let name = text(value.pointee.name)
      declarations.append(ValueDeclaration(name: name, type: value.pointee.type.flatMap { type($0.pointee, of: name) }))
    }
    return declarations
  }

  /// A type; nil where it says nothing, or several things at once.
  mutating func type(_ message: Connx__Type, of name: @autoclosure () -> String) -> ValueType? {
    var types: [ValueType] = []
    if let tensor = message.tensor_type {
      types.append(.tensor(DataType(onnx: tensor.pointee.elem_type), dimensions(tensor.pointee.shape)))
    }
    if let tensor = message.sparse_tensor_type {
      types.append(.sparseTensor(DataType(onnx: tensor.pointee.elem_type), dimensions(tensor.pointee.shape)))
    }
    if let sequence = message.sequence_type {
      types.append(.sequence(sequence.pointee.elem_type.flatMap { type($0.pointee, of: name()) }))
    }
    if let optional = message.optional_type {
      types.append(.optional(optional.pointee.elem_type.flatMap { type($0.pointee, of: name()) }))
    }
    if message.map_type != nil { types.append(.map) }
    if message.opaque_type != nil { types.append(.opaque) }
    if types.count > 1 {
      findings.add(
        .error, .typeAmbiguous, file: fileName, "the type of \(quoted(name())) is said to be several things at once",
        help: "The writer of this file is at fault: save it again.")
      return nil
    }
    return types.first
  }

  private mutating func dimensions(_ shape: UnsafeMutablePointer<Connx__Shape>?) -> [DeclaredDimension]? {
    guard let shape else { return nil }
    var dimensions: [DeclaredDimension] = []
    for dimension in elements(shape.pointee.dim, shape.pointee.n_dim) {
      switch dimension.pointee.value_case {
      case CONNX__DIMENSION__VALUE_DIM_VALUE where dimension.pointee.dim_value >= 0:
        dimensions.append(.fixed(Int(dimension.pointee.dim_value)))
      case CONNX__DIMENSION__VALUE_DIM_PARAM where dimension.pointee.dim_param.len > 0:
        dimensions.append(.named(text(dimension.pointee.dim_param)))
      default: dimensions.append(.unknown)
      }
    }
    return dimensions
  }
}

extension DataType {
  /// The type of this number in `TensorProto.DataType`; nil for 0, which is none, and for those of later versions.
  init?(onnx number: Int32) {
    guard Self.byNumber.indices.contains(Int(number)), let type = Self.byNumber[Int(number)] else { return nil }
    self = type
  }

  private static let byNumber: [DataType?] = [
    nil, .float32, .uint8, .int8, .uint16, .int16, .int32, .int64, .string, .bool, .float16, .float64, .uint32, .uint64,
    .complex64, .complex128, .bfloat16, .float8e4m3, .float8e4m3fnuz, .float8e5m2, .float8e5m2fnuz, .uint4, .int4,
    .float4, .float8e8m0, .uint2, .int2,
  ]
}
