internal import COnnx
internal import Units

extension TensorContent {
  /// The content of a tensor without elements; nil where elements of the type have no content here.
  init?(emptyOf type: DataType) {
    switch type {
    case .complex64, .complex128: return nil
    case .string: self = .texts([])
    default: self = type.isFloatingPoint ? .reals([]) : .integers([])
    }
  }

  /// The elements of a tensor whose field has been found to hold `count` of them.
  init?(_ message: Connx__Tensor, field: ValueField.Kind, type: DataType, count: Int) {
    switch field {
    case .raw:
      self.init(raw: UnsafeRawBufferPointer(start: message.raw_data.data, count: message.raw_data.len), type, count)
    case .floats where type == .float32:
      self = .reals(UnsafeBufferPointer(start: message.float_data, count: message.n_float_data).map(Double.init))
    case .doubles where type == .float64:
      self = .reals(Array(UnsafeBufferPointer(start: message.double_data, count: message.n_double_data)))
    case .longs:
      self = .integers(UnsafeBufferPointer(start: message.int64_data, count: message.n_int64_data).map(Int.init))
    case .unsignedLongs:
      let values = UnsafeBufferPointer(start: message.uint64_data, count: message.n_uint64_data)
      self.init(patterns: values.lazy.map { $0 }, type)
    case .integers where type.bitWidth < 8:
      // An entry holds as many elements as a byte does, the first one in its lowest bits.
      let values = UnsafeBufferPointer(start: message.int32_data, count: message.n_int32_data)
      self.init(patterns: Self.unpacked(values.lazy.map { UInt8(truncatingIfNeeded: $0) }, type.bitWidth, count), type)
    case .integers:
      let values = UnsafeBufferPointer(start: message.int32_data, count: message.n_int32_data)
      self.init(patterns: values.lazy.map { UInt64(truncatingIfNeeded: $0) }, type)
    case .texts:
      let values = UnsafeBufferPointer(start: message.string_data, count: message.n_string_data)
      self = .texts(
        values.map {
          String(decoding: UnsafeBufferPointer(start: $0.data, count: $0.data == nil ? 0 : $0.len), as: UTF8.self)
        })
    default: return nil
    }
  }

  /// Elements as `raw_data` holds them: little-endian, those narrower than a byte packed from its lowest bits on.
  private init?(raw: UnsafeRawBufferPointer, _ type: DataType, _ count: Int) {
    let width = type.bitWidth / 8
    switch type.bitWidth {
    case 1...7: self.init(patterns: Self.unpacked(raw, type.bitWidth, count), type)
    case 8, 16, 32, 64:
      let patterns = (0..<count).lazy.map { index in
        (0..<width).reduce(UInt64(0)) { $0 | UInt64(raw[index * width + $1]) << UInt64(8 * $1) }
      }
      self.init(patterns: patterns, type)
    default: return nil
    }
  }

  private static func unpacked(_ bytes: some Collection<UInt8>, _ width: Int, _ count: Int) -> [UInt64] {
    var patterns: [UInt64] = []
    for byte in bytes {
      for shift in stride(from: 0, to: 8, by: width) where patterns.count < count {
        patterns.append(UInt64(byte) >> UInt64(shift) & (1 << UInt64(width) - 1))
      }
    }
    return patterns
  }

  /// Elements by their bits, of which those beyond the type's width say nothing.
  private init?(patterns: some Collection<UInt64>, _ type: DataType) {
    if let format = SmallFloat(type) {
      self = .reals(patterns.map { format.value(of: $0) })
      return
    }
    switch type {
    case .float32: self = .reals(patterns.map { Double(Float(bitPattern: UInt32(truncatingIfNeeded: $0))) })
    case .float64: self = .reals(patterns.map { Double(bitPattern: $0) })
    case .bool: self = .integers(patterns.map { $0 == 0 ? 0 : 1 })
    case .int2, .int4, .int8, .int16, .int32, .int64:
      let unused = 64 - type.bitWidth
      self = .integers(patterns.map { Int(truncatingIfNeeded: Int64(bitPattern: $0 << UInt64(unused)) >> unused) })
    case .uint2, .uint4, .uint8, .uint16, .uint32, .uint64:
      let mask = UInt64.max >> UInt64(64 - type.bitWidth)
      let values = patterns.compactMap { Int(exactly: $0 & mask) }
      // A number beyond 2^63 - 1 has no place here; no shape needs one.
      guard values.count == patterns.count else { return nil }
      self = .integers(values)
    default: return nil
    }
  }
}
