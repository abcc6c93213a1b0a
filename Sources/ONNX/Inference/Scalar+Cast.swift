internal import Graph
internal import Units

extension Scalar {
  /// The element as another type holds it.
  func cast(to type: DataType) -> Scalar {
    if type == .string { return .unknown }
    if type == .bool { return truthOfNumber.map { .truth($0) } ?? .unknown }
    switch self {
    case .integer(let value):
      if type.isFloatingPoint { return value.constant.map { .real(Double($0)) } ?? self }
      return value.constant.map { type.holds($0) } ?? true ? self : .unknown
    case .real(let value):
      if type.isFloatingPoint { return self }
      guard let number = Int(exactly: value.rounded(.towardZero)), type.holds(number) else { return .unknown }
      return .integer(number)
    case .text, .unknown: return .unknown
    }
  }

  private var truthOfNumber: Bool? {
    if case .real(let value) = self { return value != 0 }
    return truth
  }
}

extension DataType {
  /// Whether an integer type has a place for the number.
  fileprivate func holds(_ number: Int) -> Bool {
    switch self {
    case .uint2, .uint4, .uint8, .uint16, .uint32: number >= 0 && number < 1 << bitWidth
    case .int2, .int4, .int8, .int16, .int32: number >= -(1 << (bitWidth - 1)) && number < 1 << (bitWidth - 1)
    case .uint64: number >= 0
    default: true
    }
  }
}
