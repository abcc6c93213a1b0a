/// Pieces of protobuf's wire format, written by hand so that they can be wrong.
enum Wire {
  static func varint(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = value
    repeat {
      bytes.append(UInt8(rest & 0x7F) | (rest > 0x7F ? 0x80 : 0))
      rest >>= 7
    } while rest != 0
    return bytes
  }

  static func tag(_ field: Int, _ wire: Int) -> [UInt8] { varint(UInt64(field << 3 | wire)) }

  static func number(_ field: Int, _ value: Int) -> [UInt8] {
    tag(field, 0) + varint(UInt64(bitPattern: Int64(value)))
  }

  static func bytes(_ field: Int, _ content: [UInt8]) -> [UInt8] {
    tag(field, 2) + varint(UInt64(content.count)) + content
  }

  static func text(_ field: Int, _ text: String) -> [UInt8] { bytes(field, Array(text.utf8)) }

  static func float(_ field: Int, _ value: Float) -> [UInt8] { tag(field, 5) + little(value.bitPattern) }

  static func packed(_ field: Int, _ values: [Int]) -> [UInt8] {
    bytes(field, values.flatMap { varint(UInt64(bitPattern: Int64($0))) })
  }

  static func little(_ value: some FixedWidthInteger) -> [UInt8] {
    (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
