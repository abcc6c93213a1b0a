extension Table {
  /// Comma-separated values (RFC 4180) with a line of names first; sizes in bytes, no totals.
  var csv: String {
    var result = ""
    append(columns.map(\.key), to: &result)
    for row in rows { append(row.map(\.exact), to: &result) }
    return result
  }

  private func append(_ fields: [String], to result: inout String) {
    for (index, field) in fields.enumerated() {
      if index > 0 { result += "," }
      if field.utf8.contains(where: Self.needsQuotes) {
        result += "\""
        for character in field.unicodeScalars {
          if character == "\"" { result += "\"" }
          result.unicodeScalars.append(character)
        }
        result += "\""
      } else {
        result += field
      }
    }
    result += "\r\n"
  }

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
  }
}
