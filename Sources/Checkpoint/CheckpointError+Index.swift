internal import CSafetensors
internal import CScanner

extension CheckpointError {
  /// The error of the index's reader in words. `text` is the whole index.
  init(_ problem: cshardindex_error, path: String, text: UnsafeRawBufferPointer) {
    let place = Self.place(of: problem.offset, in: text)
    let detail = String(cString: problem.detail)
    var help: String? = "Download the file again."
    let (code, what): (Code, String)
    switch problem.result {
    case CSHARDINDEX_BAD_UTF8: (code, what) = (.indexNotUTF8, "the index is not UTF-8 at \(place)")
    case CSHARDINDEX_BAD_JSON:
      (code, what) = (.indexNotJSON, "the index is not valid JSON at \(place): \(Self.words(forScanner: problem.json))")
    case CSHARDINDEX_BAD_STRUCTURE: (code, what) = (.indexStructure, "the index should hold \(detail) at \(place)")
    case CSHARDINDEX_NO_WEIGHT_MAP:
      (code, what) = (.indexNoWeightMap, "the index has no `weight_map`")
      help = "This does not look like an index of shards."
    case CSHARDINDEX_CONFLICT:
      (code, what) = (.indexConflict, "`weight_map` maps the tensor to two shards, the second time at \(place)")
    case CSHARDINDEX_TOO_LARGE: (code, what) = (.indexTooLarge, "the index is too large")
    default: (code, what) = (.outOfMemory, "memory has run out while the index was read")
    }
    let hint = problem.result == CSHARDINDEX_CONFLICT ? nil : Self.documentHint(text)
    let tensor = withUnsafeBytes(of: problem.name) {
      String(decoding: $0.prefix(problem.name_length), as: UTF8.self)
    }
    self.init(
      hint?.code ?? code, file: path, offset: problem.offset,
      tensor: problem.result == CSHARDINDEX_CONFLICT ? tensor : nil,
      message: hint.map { "\(what) (\($0.what))" } ?? what, help: hint?.help ?? help)
  }

  /// What a JSON document that cannot be read seems to be.
  static func documentHint(_ text: UnsafeRawBufferPointer) -> ContentHint? {
    if hasConflictMarker(text) {
      return ContentHint(.mergeConflict, what: "it holds the markers of an unresolved merge conflict")
    }
    if text.first == UInt8(ascii: "{") { return nil }
    return ContentHint(prefix: UnsafeRawBufferPointer(rebasing: text.prefix(512)), fileLength: text.count)
  }

  /// Line and column of a byte, in words.
  static func place(of offset: Int, in text: UnsafeRawBufferPointer) -> String {
    var line = 0
    var column = 0
    cscanner_locate(text.bindMemory(to: UInt8.self).baseAddress, text.count, offset, &line, &column)
    return "line \(line), column \(column)"
  }

  /// Whether a line begins with seven of the characters that version control leaves at a conflict.
  static func hasConflictMarker(_ text: UnsafeRawBufferPointer) -> Bool {
    var at = 0
    while at + 7 <= text.count {
      let byte = text[at]
      if byte == UInt8(ascii: "<") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ">"),
        text[at..<at + 7].allSatisfy({ $0 == byte })
      {
        return true
      }
      guard let newline = text[at...].firstIndex(of: 0x0A) else { return false }
      at = newline + 1
    }
    return false
  }
}
