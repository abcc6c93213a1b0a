internal import Checkpoint

/// Writes JSON (RFC 8259) as UTF-8, the same bytes for the same value.
///
/// A value of one level stands on one line, so that a list of rows has a row per line; whatever holds more is
/// spread over lines with two spaces of indentation.
struct JSONWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: JSONValue) { write(value, depth: 0) }

  mutating func endLine() { bytes.append(UInt8(ascii: "\n")) }

  private mutating func write(_ value: JSONValue, depth: Int) {
    switch value {
    case .null: append("null")
    case .boolean(let flag): append(flag ? "true" : "false")
    case .integer(let number): append(String(number))
    case .number(let number): append(number.isFinite ? number.description : "null")
    case .string(let text): write(text)
    case .array(let elements):
      write(
        elements, between: "[", and: "]", depth: depth,
        onOneLine: elements.allSatisfy(\.isScalar)
      ) { writer, element, depth in
        writer.write(element, depth: depth)
      }
    case .rows(let rows): write(rows, depth: depth)
    case .object(let fields):
      write(
        fields, between: "{", and: "}", depth: depth,
        onOneLine: depth > 0 && fields.allSatisfy { $0.value.isScalarOrListOfScalars }
      ) { writer, field, depth in
        writer.write(field.name)
        writer.append(": ")
        writer.write(field.value, depth: depth)
      }
    }
  }

  private mutating func write<Element>(
    _ elements: [Element], between open: StaticString, and close: StaticString, depth: Int, onOneLine: Bool,
    each: (inout JSONWriter, Element, Int) -> Void
  ) {
    append(open)
    for (index, element) in elements.enumerated() {
      if index > 0 { append(onOneLine ? ", " : ",") }
      if !onOneLine { breakLine(depth + 1) }
      each(&self, element, depth + 1)
    }
    if !onOneLine, !elements.isEmpty { breakLine(depth) }
    append(close)
  }

  /// Writes rows as the array that they stand for, stretches of them on all cores.
  private mutating func write(_ rows: JSONRows, depth: Int) {
    let stretch = 1024
    append("[")
    let parts = parallelMap((rows.count + stretch - 1) / stretch) { part in
      var writer = JSONWriter()
      for index in (part * stretch)..<min((part + 1) * stretch, rows.count) {
        if index > 0 { writer.append(",") }
        writer.breakLine(depth + 1)
        writer.write(.object(rows.row(index)), depth: depth + 1)
      }
      return writer.bytes
    }
    bytes.reserveCapacity(bytes.count + parts.reduce(4096) { $0 + $1.count })
    for part in parts { bytes += part }
    if rows.count > 0 { breakLine(depth) }
    append("]")
  }

  private mutating func breakLine(_ depth: Int) {
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
  }

  private mutating func write(_ text: String) {
    var text = text
    bytes.append(UInt8(ascii: "\""))
    text.withUTF8 { utf8 in
      var start = 0
      for (end, byte) in utf8.enumerated() where Self.needsEscape(byte) {
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start..<end]))
        writeEscape(of: byte)
        start = end + 1
      }
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: utf8[start...]))
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// A terminal that shows the document must not act on it, so DEL is escaped as well.
  private static func needsEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private mutating func writeEscape(of byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x0A: append("\\n")
    case 0x0D: append("\\r")
    case 0x09: append("\\t")
    default:
      append("\\u00")
      bytes.append(Self.hexadecimal(byte >> 4))
      bytes.append(Self.hexadecimal(byte & 15))
    }
  }

  private static func hexadecimal(_ digit: UInt8) -> UInt8 {
    digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
  }

  private mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

extension JSONValue {
  /// The value as a document: UTF-8 with a newline at its end.
  package func encoded() -> [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    writer.endLine()
    return writer.bytes
  }

  fileprivate var isScalar: Bool {
    switch self {
    case .array, .rows, .object: false
    default: true
    }
  }

  fileprivate var isScalarOrListOfScalars: Bool {
    if case .array(let elements) = self { elements.allSatisfy(\.isScalar) } else { isScalar }
  }
}
