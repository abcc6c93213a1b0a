internal import CGGUF

extension CheckpointError {
  /// The error of the GGUF reader in words.
  init(_ problem: cgguf_error, path: String, hint: ContentHint?) {
    let found = problem.found
    let expected = problem.expected
    let name =
      problem.has_name
      ? withUnsafeBytes(of: problem.name) { String(decoding: $0.prefix(problem.name_length), as: UTF8.self) } : nil
    let isKey = [CGGUF_DUPLICATE_KEY, CGGUF_BAD_VALUE_TYPE, CGGUF_BAD_ALIGNMENT].contains(problem.result)
    let key = name?.debugDescription ?? "a key"
    var help = "The writer of this file is at fault: convert the model again."
    let (code, what): (Code, String)
    switch problem.result {
    case CGGUF_TRUNCATED:
      (code, what) = (.ggufTruncated, "the file ends inside its header")
      help = "The download is incomplete: resume it."
    case CGGUF_TOO_LARGE:
      (code, what) = (.ggufTooLarge, "the header is larger than any model's: \(found) at once")
    case CGGUF_BAD_MAGIC:
      (code, what) = (.ggufMagic, "the file does not begin as a GGUF file" + (hint.map { ": \($0.what)" } ?? ""))
      help = hint?.help ?? "Download the file again."
    case CGGUF_BIG_ENDIAN: (code, what) = (.ggufVersion, "the file is written big-endian")
    case CGGUF_BAD_VERSION:
      (code, what) = (.ggufVersion, "the file has version \(found); versions 2 and 3 are known")
      help = "Convert the model again with a current llama.cpp."
    case CGGUF_BAD_COUNT:
      (code, what) = (.ggufStructure, "the file has no room for the \(found) items that it announces here")
    case CGGUF_BAD_NAME: (code, what) = (.ggufStructure, "a name is empty, too long, not UTF-8, or holds a NUL")
    case CGGUF_DUPLICATE_KEY: (code, what) = (.ggufDuplicateKey, "the key \(key) occurs twice")
    case CGGUF_DUPLICATE_TENSOR: (code, what) = (.ggufDuplicateTensor, "the tensor's name occurs twice")
    case CGGUF_BAD_VALUE_TYPE:
      (code, what) = (.ggufStructure, "the value of \(key) has the type \(found), which is none")
    case CGGUF_BAD_ALIGNMENT: (code, what) = (.ggufStructure, "\(key) is no power of two in 32 bits")
    case CGGUF_BAD_RANK: (code, what) = (.ggufStructure, "the tensor has \(found) dimensions; 4 are the most")
    case CGGUF_BAD_TENSOR_TYPE:
      (code, what) = (.ggufTensorType, "the tensor has the type \(found), which ggml does not have")
      help = "Types that were given up, or are newer than this program, cannot be read."
    case CGGUF_BAD_SHAPE:
      (code, what) = (.ggufTensorShape, "rows of \(found) elements are no whole number of blocks of \(expected)")
    case CGGUF_OVERFLOW: (code, what) = (.tensorOverflow, "the tensor's size passes 2^63 - 1")
    case CGGUF_BAD_OFFSET:
      (code, what) = (.tensorOffset, "the tensor begins at \(found), where \(expected) is the next free place")
    case CGGUF_PAST_END:
      (code, what) = (.fileNotCovered, "the tensor ends at byte \(expected), the file at byte \(found)")
      help = "The download is incomplete: resume it."
    default:
      (code, what) = (.outOfMemory, "memory has run out while the header was read")
      help = "Close other programs, then try again."
    }
    self.init(
      code, file: path, offset: Int(clamping: problem.offset), tensor: isKey ? nil : name, message: what, help: help)
  }
}
