/// The bytes of a safetensors file up to its data: the length and the header.
func safetensors(_ header: String) -> [UInt8] { safetensors(Array(header.utf8)) }

func safetensors(_ header: [UInt8]) -> [UInt8] { littleEndian(UInt64(header.count)) + header }

func littleEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }

/// The header's entry of one tensor.
func entry(_ name: String, _ dtype: String = "F32", _ shape: String = "[4]", _ begin: Int = 0, _ end: Int = 16)
  -> String
{
  "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
}

/// A whole file of F32 vectors of four, 16 bytes each.
func vectors(_ names: String...) -> [UInt8] {
  let entries = names.enumerated().map { entry($1, "F32", "[4]", 16 * $0, 16 * $0 + 16) }
  return safetensors("{\(entries.joined(separator: ","))}") + [UInt8](repeating: 0, count: 16 * names.count)
}

/// The text of an index.
func index(_ map: [(String, String)], totalSize: String? = nil) -> String {
  let entries = map.map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
  let metadata = totalSize.map { "\"metadata\": {\"total_size\": \($0)}, " } ?? ""
  return "{\(metadata)\"weight_map\": {\(entries)}}"
}
