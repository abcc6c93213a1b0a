internal import COnnx
internal import Checkpoint
internal import Units

/// One of the fields that a tensor's elements can lie in.
struct ValueField {
  enum Kind: UInt32 {
    case floats = 4
    case integers = 5
    case texts = 6
    case longs = 7
    case raw = 9
    case doubles = 10
    case unsignedLongs = 11
  }

  var kind: Kind
  /// Where its last occurrence lies.
  var range: FileRange
  var occurrences: Int
  /// How many elements all occurrences hold; nil where only reading them would tell.
  var count: Int?
  var isKept: Bool

  init?(_ payload: Connx__Payload) {
    guard let kind = Kind(rawValue: payload.field) else { return nil }
    self.kind = kind
    range = FileRange(offset: Int(clamping: payload.offset), length: Int(clamping: payload.length))
    occurrences = Int(clamping: payload.runs)
    count = payload.has_count != 0 ? Int(clamping: payload.count) : nil
    isKept = payload.kept != 0
  }

  /// Whether a field with nothing in it, which says no more than a missing one.
  var isEmpty: Bool { kind == .raw ? range.length == 0 : count == 0 }
}

extension ModelReading {
  /// The rank beyond which no operator takes a tensor; those in use have 8 at most.
  private static var rankLimit: Int { 64 }

  mutating func tensor(_ message: Connx__Tensor) -> TensorDefinition {
    var tensor = TensorDefinition()
    tensor.name = text(message.name)
    tensor.dataType = DataType(onnx: message.data_type)
    if tensor.dataType == nil {
      report(.tensorTypeUnknown, tensor, "the tensor's type, number \(message.data_type), is unknown")
    }
    tensor.shape = shape(message.dims, message.n_dims, of: tensor)
    let fields = valueFields(message)
    if message.data_location == 1 {
      if !fields.isEmpty {
        report(.tensorDataTwice, tensor, "the tensor's data lies both in this file and in one of its own")
      }
      tensor.storage = externalStorage(message, of: tensor)
    } else {
      storeInline(fields, message, into: &tensor)
    }
    return tensor
  }

  mutating func sparseTensor(_ message: Connx__SparseTensor) -> TensorDefinition {
    guard let values = message.values, let indices = message.indices else {
      var tensor = TensorDefinition()
      tensor.name = message.values.map { text($0.pointee.name) } ?? ""
      report(.sparseTensor, tensor, "the sparse tensor lacks its values or its indices")
      tensor.sparse = .zero
      return tensor
    }
    var tensor = self.tensor(values.pointee)
    let positions = self.tensor(indices.pointee)
    let stored = tensor.shape.elementCount ?? .zero
    tensor.shape = shape(message.dims, message.n_dims, of: tensor)
    tensor.sparse = stored
    tensor.sparseIndices = positions.storage
    tensor.content = nil
    let isLinear = positions.shape.dimensions == [stored.count]
    if !isLinear, positions.shape.dimensions != [stored.count, tensor.shape.rank] {
      report(
        .sparseTensor, tensor,
        "\(stored.count) values in \(tensor.shape.rank) dimensions have indices of shape \(positions.shape)")
    } else if positions.dataType != .int64 {
      report(.sparseTensor, tensor, "the indices are not 64-bit integers")
    }
    return tensor
  }

  mutating func report(
    _ rule: Finding.ModelRule, _ tensor: TensorDefinition, severity: Finding.Severity = .error,
    _ message: @autoclosure () -> String, help: String? = nil
  ) {
    findings.add(severity, rule, file: fileName, tensor: tensor.name, message(), help: help)
  }

  /// The extents; a negative one is taken for 0.
  private mutating func shape(_ dims: UnsafeMutablePointer<Int64>?, _ count: Int, of tensor: TensorDefinition) -> Shape
  {
    let extents = UnsafeBufferPointer(start: dims, count: dims == nil ? 0 : count).map(Int.init)
    if let extent = extents.first(where: { $0 < 0 }) {
      report(.tensorDimension, tensor, "an extent of the tensor is \(extent)")
    }
    if extents.count > Self.rankLimit {
      report(.tensorRank, tensor, severity: .warning, "the tensor has \(extents.count) dimensions")
    }
    let shape = Shape(extents.map { max($0, 0) })
    if Self.byteCount(shape, tensor.dataType ?? .bool) == nil {
      report(.tensorTooLarge, tensor, "the tensor's size passes 2^63 - 1 bytes")
    }
    return shape
  }

  private func valueFields(_ message: Connx__Tensor) -> [ValueField] {
    elements(message.payload, message.n_payload).compactMap { ValueField($0.pointee) }.filter { !$0.isEmpty }
  }

  /// The bytes that elements take where they are packed, the last byte filled up; nil where the product overflows.
  static func byteCount(_ shape: Shape, _ type: DataType) -> Int? {
    guard let count = shape.elementCount?.count else { return nil }
    let (bits, overflow) = count.multipliedReportingOverflow(by: type.bitWidth)
    return overflow ? nil : bits / 8 + (bits % 8 == 0 ? 0 : 1)
  }

  private mutating func storeInline(
    _ fields: [ValueField], _ message: Connx__Tensor, into tensor: inout TensorDefinition
  ) {
    let count = tensor.shape.elementCount?.count
    guard let field = fields.last else {
      if let count, count > 0 {
        report(.tensorNoData, tensor, "the tensor has no data", help: "The writer of this file is at fault.")
      } else if count == 0 {
        tensor.content = tensor.dataType.flatMap { TensorContent(emptyOf: $0) }
      }
      return
    }
    if fields.count > 1 || (field.kind == .raw && field.occurrences > 1) {
      report(.tensorDataTwice, tensor, "the tensor has its data in \(max(fields.count, field.occurrences)) fields")
    }
    if field.occurrences == 1, field.kind != .texts { tensor.storage = .inline(field.range) }
    guard let type = tensor.dataType, isSound(field, type, tensor), field.isKept, fields.count == 1 else { return }
    tensor.content = TensorContent(message, field: field.kind, type: type, count: count ?? 0)
  }

  /// Whether a field may hold a type, and holds as much of it as the shape asks for.
  private mutating func isSound(_ field: ValueField, _ type: DataType, _ tensor: TensorDefinition) -> Bool {
    guard field.kind == .raw ? type != .string : field.kind == ValueField.Kind(of: type) else {
      report(.tensorDataField, tensor, "data of type \(type.rawValue) may not lie in `\(field.kind)`")
      return false
    }
    guard let count = tensor.shape.elementCount?.count, let bytes = Self.byteCount(tensor.shape, type) else {
      return false
    }
    let (found, wanted, unit) =
      field.kind == .raw
      ? (field.range.length, bytes, "bytes") : (field.count ?? -1, ValueField.entries(count, type), "entries")
    guard found >= 0, found != wanted else { return true }
    report(
      .tensorDataLength, tensor, "the tensor's data has \(found) \(unit), its shape and type need \(wanted)",
      help: "The writer of this file is at fault: save it again.")
    return false
  }
}

extension ValueField.Kind: CustomStringConvertible {
  /// The typed field for elements of a type.
  init(of type: DataType) {
    switch type {
    case .float32, .complex64: self = .floats
    case .float64, .complex128: self = .doubles
    case .int64: self = .longs
    case .uint32, .uint64: self = .unsignedLongs
    case .string: self = .texts
    default: self = .integers
    }
  }

  /// The name in the published schema.
  var description: String {
    switch self {
    case .floats: "float_data"
    case .integers: "int32_data"
    case .texts: "string_data"
    case .longs: "int64_data"
    case .raw: "raw_data"
    case .doubles: "double_data"
    case .unsignedLongs: "uint64_data"
    }
  }
}

extension ValueField {
  /// How many entries of a typed field hold `count` elements: complex ones take two, those narrower than a byte share.
  static func entries(_ count: Int, _ type: DataType) -> Int {
    switch type {
    case .complex64, .complex128: count.multipliedReportingOverflow(by: 2).partialValue
    case .int4, .uint4, .float4: count / 2 + count % 2
    case .int2, .uint2: count / 4 + (count % 4 == 0 ? 0 : 1)
    default: count
    }
  }
}
