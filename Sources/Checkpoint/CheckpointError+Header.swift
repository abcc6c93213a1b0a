internal import CSafetensors
internal import CScanner

extension CheckpointError {
  /// The error of the header's reader in words.
  init(_ problem: csafetensors_error, path: String, hint: ContentHint?) {
    let tensor = problem.has_name ? Self.text(of: problem) : nil
    let found = String(problem.found)
    let expected = String(problem.expected)
    let detail = String(cString: problem.detail)
    var offset: Int? = Int(clamping: problem.offset)
    var help = "Download the file again."
    let (code, what): (Code, String)
    switch problem.result {
    case CSAFETENSORS_HEADER_TOO_SMALL:
      (code, what) = (.headerTooSmall, "the file has \(found) bytes, too few for the header's length")
      offset = 0
    case CSAFETENSORS_HEADER_TOO_LARGE:
      (code, what) = (.headerTooLarge, "the header's length is \(found), more than the limit of \(expected) bytes")
      offset = 0
      help = "This does not look like a safetensors file."
    case CSAFETENSORS_HEADER_PAST_END:
      (code, what) = (.headerPastEnd, "the header would end at byte \(found), the file ends at byte \(expected)")
      offset = 0
      help = "The download is incomplete: resume it."
    case CSAFETENSORS_BAD_UTF8:
      (code, what) = (.headerNotUTF8, "the header is not UTF-8")
    case CSAFETENSORS_BAD_JSON:
      (code, what) = (.headerNotJSON, "the header is not valid JSON: \(Self.words(forScanner: problem.json))")
    case CSAFETENSORS_BAD_STRUCTURE:
      (code, what) = (.headerStructure, "the header should hold \(detail) here")
      help = "The writer of this file is at fault: save it again."
    case CSAFETENSORS_DUPLICATE_FIELD:
      (code, what) = (.headerDuplicateField, "a field occurs twice; the format wants \(detail)")
      help = "The writer of this file is at fault: save it again."
    case CSAFETENSORS_MISSING_FIELD:
      (code, what) = (.headerMissingField, "the tensor's `\(detail)` is missing")
      help = "The writer of this file is at fault: save it again."
    case CSAFETENSORS_UNKNOWN_DTYPE:
      (code, what) = (.unknownDataType, "the tensor's dtype is unknown")
      help = "Names of dtypes are upper case; a newer format may have more than safetensors 0.8.0."
    case CSAFETENSORS_BAD_OFFSET:
      (code, what) = (.tensorOffset, "offsets must have \(detail): expected \(expected), found \(found)")
      help = "Tensors must follow each other without gap or overlap: the writer of this file is at fault."
    case CSAFETENSORS_SIZE_OVERFLOW:
      (code, what) = (.tensorOverflow, "shape times element size passes 2^64 - 1")
    case CSAFETENSORS_MISALIGNED:
      (code, what) = (.tensorMisaligned, "the tensor has \(found) bits, not a whole number of bytes")
    case CSAFETENSORS_SIZE_MISMATCH:
      (code, what) = (.tensorSize, "the offsets span \(found) bytes, shape and dtype need \(expected)")
    case CSAFETENSORS_INCOMPLETE_BUFFER:
      (code, what) = (.fileNotCovered, "the tensors end at byte \(expected), the file at byte \(found)")
      help =
        problem.expected > problem.found
        ? "The download is incomplete: resume it." : "Bytes were added behind the last tensor: download again."
    default:
      (code, what) = (.outOfMemory, "memory has run out while the header was read")
      help = "Close other programs, then try again."
    }
    self.init(
      hint?.code ?? code, file: path, offset: offset, tensor: tensor,
      message: hint.map { "\(what) (\($0.what))" } ?? what,
      help: hint?.help ?? help)
  }

  /// A result of the JSON scanner in words.
  static func words(forScanner result: Int32) -> String {
    switch cscanner_result(UInt32(bitPattern: result)) {
    case CSCANNER_UNEXPECTED_END: "it ends too early"
    case CSCANNER_UNEXPECTED_BYTE: "an unexpected character"
    case CSCANNER_CONTROL_CHARACTER: "a control character inside a string"
    case CSCANNER_BAD_ESCAPE: "an unknown escape in a string"
    case CSCANNER_LONE_SURROGATE: "half of a surrogate pair"
    case CSCANNER_BAD_NUMBER: "a malformed number"
    case CSCANNER_NUMBER_RANGE: "a number beyond the range of a double"
    case CSCANNER_TOO_DEEP: "nested deeper than \(CSCANNER_DEPTH_LIMIT - 1) levels"
    case CSCANNER_TRAILING_TEXT: "text behind the end of the document"
    default: "malformed"
    }
  }

  private static func text(of problem: csafetensors_error) -> String {
    withUnsafeBytes(of: problem.name) { String(decoding: $0.prefix(problem.name_length), as: UTF8.self) }
  }
}
