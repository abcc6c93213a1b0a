internal import CDocument
internal import CScanner

extension Configuration {
  /// Reads the document `name` of `folder`. What keeps it from being read is a finding, and then the result is nil.
  static func read(
    folder: String, name: String, seed: UInt64, findings: inout FindingList, bytesRead: inout Int
  ) -> Configuration? {
    do throws(CheckpointError) {
      var source = try ByteSource(path: joined(folder, name))
      guard source.length <= Int(CDOCUMENT_LIMIT) else {
        findings.add(
          .error, .configTooLarge, file: name,
          "the document has \(source.length) bytes, more than the limit of \(CDOCUMENT_LIMIT)")
        return nil
      }
      guard source.length > 0 else {
        findings.add(.error, .configEmpty, file: name, "the document is empty", help: "Download it again.")
        return nil
      }
      let result = try source.withBytes(at: 0, count: source.length, scratch: ScratchBuffer()) { bytes in
        parse(bytes, file: name, seed: seed, findings: &findings)
      }
      bytesRead += source.bytesRead
      return result
    } catch {
      findings.add(.error, .configUnreadable, file: name, "the document \(error.message)", help: error.help)
      return nil
    }
  }

  /// Parses one line of a table of JSON objects; nil where it is none.
  package init?(line: Substring, file: String) {
    var line = line
    var findings = FindingList()
    let parsed = line.withUTF8 {
      Configuration.parse(UnsafeRawBufferPointer($0), file: file, seed: 0, findings: &findings)
    }
    guard let parsed else { return nil }
    self = parsed
  }

  /// Parses the text of a document.
  static func parse(
    _ bytes: UnsafeRawBufferPointer, file: String, seed: UInt64, findings: inout FindingList
  ) -> Configuration? {
    var handle: OpaquePointer?
    var problem = cdocument_error()
    let result = cdocument_open(
      bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, seed, &handle, &problem)
    guard result == CDOCUMENT_OK, let handle else {
      report(problem, file: file, text: bytes, findings: &findings)
      return nil
    }
    defer { cdocument_close(handle) }
    for index in 0..<cdocument_note_count(handle) {
      report(cdocument_get_note(handle, index), file: file, findings: &findings)
    }
    return Configuration(file: file, root: members(of: cdocument_root(handle)))
  }

  private static func report(
    _ problem: cdocument_error, file: String, text: UnsafeRawBufferPointer, findings: inout FindingList
  ) {
    let place = "line \(problem.line), column \(problem.column) (byte \(problem.offset))"
    let hint = CheckpointError.documentHint(text)
    if let rule = hint?.rule {
      return findings.add(.error, rule, file: file, "\(hint?.what ?? "") (at \(place))", help: hint?.help)
    }
    let help = hint?.help ?? "Download it again."
    let suffix = hint.map { " (\($0.what))" } ?? ""
    switch problem.result {
    case CDOCUMENT_BAD_UTF8:
      findings.add(.error, .configNotUTF8, file: file, "the document is not UTF-8 at \(place)\(suffix)", help: help)
    case CDOCUMENT_NOT_OBJECT:
      findings.add(.error, .configNotObject, file: file, "the document is not a JSON object\(suffix)", help: help)
    case CDOCUMENT_BAD_JSON where problem.json == Int32(bitPattern: CSCANNER_TOO_DEEP.rawValue):
      findings.add(
        .error, .configTooDeep, file: file,
        "the document is nested deeper than \(CSCANNER_DEPTH_LIMIT - 1) levels at \(place)")
    case CDOCUMENT_BAD_JSON:
      findings.add(
        .error, .configNotJSON, file: file,
        "the document is not valid JSON at \(place): \(CheckpointError.words(forScanner: problem.json))\(suffix)",
        help: help)
    default:
      findings.add(.error, .configNotJSON, file: file, "the document cannot be read at \(place)\(suffix)", help: help)
    }
  }

  private static func report(_ note: cdocument_note, file: String, findings: inout FindingList) {
    let key = withUnsafeBytes(of: note.key) { String(decoding: $0.prefix(note.key_length), as: UTF8.self) }
    let place = "line \(note.line), column \(note.column)"
    switch note.kind {
    case CDOCUMENT_NOTE_DUPLICATE_KEY:
      findings.add(
        .warning, .configDuplicateKey, file: file,
        "`\(key)` occurs twice in one object, again at \(place); readers take the last value",
        help: "Remove the one that is not meant.")
    case CDOCUMENT_NOTE_NOT_A_NUMBER:
      findings.add(
        .warning, .configNotANumber, file: file, "`\(key)` holds NaN or Infinity, which JSON does not have, at \(place)"
      )
    default:
      findings.add(.warning, .configKeyWithNUL, file: file, "the key `\(key)` holds a NUL, at \(place)")
    }
  }

  private static func members(of object: OpaquePointer?) -> [String: Node] {
    var result: [String: Node] = [:]
    var cursor: UnsafeRawPointer?
    var key: UnsafePointer<CChar>?
    var length = 0
    var value: OpaquePointer?
    while cdocument_next_member(object, &cursor, &key, &length, &value) {
      result[text(key, length)] = node(value)
    }
    return result
  }

  private static func node(_ value: OpaquePointer?) -> Node {
    switch cdocument_kind_of(value) {
    case CDOCUMENT_BOOLEAN: return .boolean(cdocument_boolean(value))
    case CDOCUMENT_INTEGER: return .integer(Int(cdocument_integer(value)))
    case CDOCUMENT_NUMBER: return .number(cdocument_number(value))
    case CDOCUMENT_STRING:
      var length = 0
      let bytes = cdocument_string(value, &length)
      return .string(text(bytes, length))
    case CDOCUMENT_ARRAY: return .array((0..<cdocument_count(value)).map { node(cdocument_element(value, $0)) })
    case CDOCUMENT_OBJECT: return .object(members(of: value))
    default: return .null
    }
  }

  private static func text(_ bytes: UnsafePointer<CChar>?, _ length: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(start: bytes, count: length), as: UTF8.self)
  }
}
