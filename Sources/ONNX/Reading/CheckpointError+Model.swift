internal import COnnx
public import Checkpoint

extension CheckpointError.Code {
  // The wire format of protobuf.
  public static let protobufTruncated = Self(rawValue: "protobuf-truncated")
  public static let protobufMalformed = Self(rawValue: "protobuf-malformed")
  public static let protobufTooDeep = Self(rawValue: "protobuf-too-deep")

  // The model in it.
  public static let graphTooLarge = Self(rawValue: "graph-too-large")
  public static let graphMissing = Self(rawValue: "graph-missing")
  public static let notATensor = Self(rawValue: "not-a-tensor")
}

extension CheckpointError {
  /// The error of C's reader in words.
  init(_ problem: connx_error, path: String, hint: ModelHint?) {
    let field = String(cString: problem.field)
    let part = String(cString: problem.message) + (field.isEmpty ? "" : ".\(field)")
    var help = "Download the file again."
    let (code, what): (Code, String)
    switch problem.result {
    case CONNX_TRUNCATED:
      (code, what) = (
        .protobufTruncated, "\(part) would end at byte \(problem.found), the file ends at byte \(problem.expected)"
      )
      help = "The download is incomplete: resume it."
    case CONNX_PAST_END:
      (code, what) = (
        .protobufMalformed,
        "\(part) would end at byte \(problem.found), behind byte \(problem.expected), "
          + "where what holds it ends"
      )
    case CONNX_BAD_VARINT: (code, what) = (.protobufMalformed, "\(part) has a number of too many bytes")
    case CONNX_BAD_TAG: (code, what) = (.protobufMalformed, "\(part) has a field of an impossible number")
    case CONNX_BAD_WIRE_TYPE: (code, what) = (.protobufMalformed, "\(part) has a field of wire type \(problem.found)")
    case CONNX_STRAY_GROUP_END: (code, what) = (.protobufMalformed, "\(part) ends a group that has not begun")
    case CONNX_BAD_PACKED:
      (code, what) = (
        .protobufMalformed, "\(part) has \(problem.found) bytes, no multiple of \(problem.expected)"
      )
    case CONNX_TOO_DEEP:
      (code, what) = (.protobufTooDeep, "\(part) is nested beyond the limit of \(problem.expected) levels")
      help = "No reader of protobuf takes such a file."
    case CONNX_TOO_LARGE:
      (code, what) = (.graphTooLarge, "without its weights the model passes the limit of \(problem.expected) bytes")
      help = "Keep constants that are weights in initializers, where they can stay on disk."
    case CONNX_TOO_MANY_PARTS:
      (code, what) = (.protobufMalformed, "\(part) is there more than \(CONNX_PART_LIMIT) times")
    case CONNX_NOT_UNPACKED: (code, what) = (.outOfMemory, "\(part) cannot be unpacked; memory may have run out")
    default:
      (code, what) = (.outOfMemory, "memory has run out while the model was read")
      help = "Close other programs, then try again."
    }
    self.init(
      code, file: path, offset: Int(clamping: problem.offset), message: hint.map { "\(what) (\($0.what))" } ?? what,
      help: hint?.help ?? help)
  }

  static func noGraph(_ path: String, hint: ModelHint?) -> CheckpointError {
    let what = "the file holds no graph"
    return CheckpointError(
      .graphMissing, file: path, message: hint.map { "\(what) (\($0.what))" } ?? what,
      help: hint?.help ?? "This does not look like an ONNX model.")
  }
}
