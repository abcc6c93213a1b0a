/// What a file that is not what its name says seems to be.
package struct ContentHint {
  /// What to add to an error's message, such as `the file is a Git LFS pointer`.
  package var what: String
  package var help: String
  /// The rule that says the same of a document; nil where what is wrong with it is said by its own.
  var rule: Finding.Rule?

  /// The same as the code of an error.
  var code: CheckpointError.Code? { rule.map { CheckpointError.Code(rawValue: $0.rawValue) } }

  /// Looks at the first bytes of a file that could not be read as what its name says.
  package init?(of source: inout ByteSource) throws(CheckpointError) {
    let length = source.length
    let hint = try source.withPrefix(512) { bytes in ContentHint(prefix: bytes, fileLength: length) }
    guard let hint else { return nil }
    self = hint
  }

  package init(what: String, help: String) {
    self.what = what
    self.help = help
  }

  init(_ rule: Finding.Rule, what: String) {
    self.init(what: what, help: rule.row.help)
    self.rule = rule
  }

  /// Recognises the usual suspects by a file's first bytes.
  init?(prefix bytes: UnsafeRawBufferPointer, fileLength: Int) {
    if bytes.isEmpty {
      self.init(what: "the file is empty", help: "Download it again.")
    } else if bytes.starts(with: Self.pointerPrefix) {
      self.init(.gitLFSPointer, what: "the file is a Git LFS pointer, not the file itself")
    } else if Self.looksLikeHTML(bytes) {
      self.init(
        what: "the file is a web page",
        help: "The download was answered with a page, perhaps a login or an error: download again, signed in.")
    } else if bytes.starts(with: ZipArchive.magic) {
      self.init(
        what: "the file is an archive with a PyTorch pickle", help: "Name it as one, with .bin, .pt or .pth at the end."
      )
    } else if Self.looksLikePickle(bytes) {
      self.init(
        what: "the file is a PyTorch pickle", help: "Convert it to safetensors; pickles run code when they are loaded.")
    } else if bytes.starts(with: "GGUF".utf8) {
      self.init(what: "the file is a GGUF model", help: "Name it as one, with .gguf at the end.")
    } else if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
      self.init(what: "the file is an HDF5 file", help: "Give the safetensors version of the checkpoint.")
    } else if bytes.starts(with: "<<<<<<<".utf8) {
      self.init(.mergeConflict, what: "the file holds an unresolved merge conflict")
    } else if Self.isBigEndian(bytes, fileLength: fileLength) {
      self.init(
        what: "the header's length is written big-endian", help: "The writer of this file is at fault: save it again.")
    } else if bytes.first == UInt8(ascii: "{") {
      self.init(what: "the file is a JSON text without a length before it", help: "Download or save it again.")
    } else if bytes.allSatisfy({ $0 == 0 }) {
      self.init(
        what: "the file begins with zeros", help: "The download has reserved the space and not filled it: resume it.")
    } else {
      return nil
    }
  }

  /// How a pointer of Git LFS begins.
  static let pointerPrefix = "version https://git-lfs.github.com/spec/".utf8

  private static func looksLikeHTML(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let text = bytes.drop { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 }
    guard text.first == UInt8(ascii: "<") else { return false }
    let word = text.dropFirst().prefix(9).map { $0 >= 0x41 && $0 <= 0x5A ? $0 + 0x20 : $0 }
    return word.starts(with: "html".utf8) || word.starts(with: "!doctype".utf8) || word.starts(with: "head".utf8)
      || word.starts(with: "?xml".utf8) || word.starts(with: "!--".utf8)
  }

  private static func looksLikePickle(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 3, bytes[0] == 0x80, (2...5).contains(bytes[1]) else { return false }
    // Protocol 2 begins with an opcode, protocols 4 and 5 with a frame.
    return bytes[1] < 4 || bytes[2] == 0x95 || bytes[2] >= 0x28
  }

  private static func isBigEndian(_ bytes: UnsafeRawBufferPointer, fileLength: Int) -> Bool {
    guard bytes.count > 8, bytes[8] == UInt8(ascii: "{") else { return false }
    let little = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    let swapped = little.byteSwapped
    return little > UInt64(fileLength) && swapped <= UInt64(fileLength) - 8
  }
}
