internal import CDocument

extension Configuration {
  /// Reads a document that is no part of a checkpoint. What keeps it from being read, and what strict readers refuse,
  /// is an error with the code and the hint that are given.
  package static func open(
    _ path: String, code: CheckpointError.Code, help: String
  ) throws(CheckpointError) -> Configuration {
    var source = try ByteSource(path: path)
    func refuse(_ message: String) -> CheckpointError {
      CheckpointError(code, file: path, message: message, help: help)
    }
    guard source.length > 0 else { throw refuse("the document is empty") }
    guard source.length <= Int(CDOCUMENT_LIMIT) else {
      throw refuse("the document has \(source.length) bytes, more than the limit of \(CDOCUMENT_LIMIT)")
    }
    var findings = FindingList()
    let document = try source.withBytes(at: 0, count: source.length, scratch: ScratchBuffer()) { bytes in
      parse(bytes, file: path, seed: .random(in: .min ... .max), findings: &findings)
    }
    if let finding = findings.all.first { throw refuse(finding.message) }
    guard let document else { throw refuse("the document cannot be read") }
    return document
  }
}
