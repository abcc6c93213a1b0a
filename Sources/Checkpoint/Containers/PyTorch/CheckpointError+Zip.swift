internal import CPickle
internal import CZip

extension CheckpointError {
  /// The error of the zip reader in words.
  init(_ problem: czip_error, path: String) {
    let entry = problem.name.map {
      String(decoding: UnsafeBufferPointer(start: $0, count: min(problem.name_length, 200)), as: UTF8.self)
        .debugDescription
    }
    let name = entry ?? "an entry"
    var help = "The writer of this file is at fault, or someone has changed it: do not load it."
    let (code, what): (Code, String)
    switch problem.result {
    case CZIP_NO_END_RECORD:
      (code, what) = (.zipTruncated, "the archive has no end record")
      help = "The download is incomplete: resume it."
    case CZIP_IN_PARTS: (code, what) = (.zipStructure, "the archive is one part of several")
    case CZIP_BAD_END_RECORD:
      (code, what) = (.zipStructure, "the archive's directory does not lie where its end record says")
    case CZIP_TOO_LARGE:
      (code, what) = (.zipTooLarge, "the archive's directory is longer than \(CZIP_DIRECTORY_LIMIT) bytes")
    case CZIP_BAD_DIRECTORY: (code, what) = (.zipStructure, "the archive's directory is broken")
    case CZIP_BAD_NAME: (code, what) = (.zipStructure, "an entry's name is empty, not UTF-8, or holds a NUL")
    case CZIP_DUPLICATE_NAME: (code, what) = (.zipDuplicateName, "\(name) occurs twice; readers take one or the other")
    case CZIP_ENCRYPTED:
      (code, what) = (.zipEncrypted, "\(name) is encrypted")
      help = "No loader of PyTorch reads it: save the file again."
    case CZIP_OUT_OF_FILE: (code, what) = (.zipRange, "\(name) passes the end of the archive's entries")
    case CZIP_OVERLAP: (code, what) = (.zipOverlap, "\(name) shares bytes with another entry")
    case CZIP_BAD_SIZE: (code, what) = (.zipStructure, "\(name) is stored as it is, and yet has two sizes")
    case CZIP_BAD_LOCAL: (code, what) = (.zipStructure, "\(name) is called otherwise at its own place in the file")
    default:
      (code, what) = (.outOfMemory, "memory has run out while the archive was read")
      help = "Close other programs, then try again."
    }
    self.init(code, file: path, offset: Int(clamping: problem.offset), message: what, help: help)
  }

  /// The error of the pickle reader in words.
  ///
  /// - Parameter base: where the pickle begins in the file.
  init(_ problem: cpickle_error, path: String, base: Int) {
    let opcode = "0x" + String(problem.opcode, radix: 16)
    let what: String
    var code = Code.pickleStructure
    var help = "The writer of this file is at fault, or someone has changed it: do not load it."
    switch problem.result {
    case CPICKLE_TOO_LARGE:
      (code, what) = (
        .pickleTooLarge, "the pickle has more than \(CPICKLE_LIMIT) bytes or \(CPICKLE_NODE_LIMIT) values"
      )
    case CPICKLE_TRUNCATED: what = "the pickle ends before its last instruction"
    case CPICKLE_UNKNOWN_OPCODE: what = "the pickle holds the instruction \(opcode), which no state dictionary needs"
    case CPICKLE_BAD_PROTOCOL: what = "the pickle has a protocol beyond 5"
    case CPICKLE_STACK_UNDERFLOW: what = "the instruction \(opcode) finds nothing on the stack"
    case CPICKLE_BAD_MEMO: what = "the instruction \(opcode) asks for a value that was never kept"
    case CPICKLE_BAD_OPERAND: what = "the instruction \(opcode) is played on a value of the wrong kind"
    case CPICKLE_BAD_TEXT: what = "the instruction \(opcode) has a text that is none"
    default:
      (code, what) = (.outOfMemory, "memory has run out while the pickle was read")
      help = "Close other programs, then try again."
    }
    self.init(code, file: path, offset: base + Int(clamping: problem.offset), message: what, help: help)
  }
}
