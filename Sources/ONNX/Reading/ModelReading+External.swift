internal import COnnx
internal import Checkpoint
internal import Units

extension ModelReading {
  /// Where a tensor lies that is stored in a file of its own. Whatever is wrong with it is a finding.
  mutating func externalStorage(_ message: Connx__Tensor, of tensor: TensorDefinition) -> TensorDefinition.Storage {
    var entries: [String: String] = [:]
    for entry in elements(message.external_data, message.n_external_data) {
      let key = text(entry.pointee.key)
      if !["location", "offset", "length", "checksum", "basepath"].contains(key) {
        report(.externalKey, tensor, severity: .note, "the key \(quoted(key)) of external data is unknown")
      }
      entries[key] = text(entry.pointee.value)
    }
    let file = externalFile(at: entries["location"], of: tensor)
    let wanted = tensor.dataType.flatMap { Self.byteCount(tensor.shape, $0) }
    let offset = number(entries["offset"], "offset", of: tensor)
    let stated = entries["length"] == nil ? nil : number(entries["length"], "length", of: tensor)
    guard let offset, entries["length"] == nil || stated != nil else {
      return .external(path: nil, FileRange(offset: 0, length: wanted ?? 0))
    }
    guard case .found(let path, let fileLength) = file else {
      return .external(path: nil, FileRange(offset: offset, length: stated ?? wanted ?? 0))
    }
    let length = stated ?? wanted ?? max(fileLength - offset, 0)
    if let stated, let wanted, stated != wanted, tensor.dataType != .string {
      report(
        .externalLength, tensor, "the length of external data is \(stated), shape and type need \(wanted) bytes",
        help: "The writer of this file is at fault: save it again.")
    }
    guard offset <= fileLength, length <= fileLength - offset else {
      report(
        .externalRange, tensor,
        "the tensor takes \(length) bytes from byte \(offset) on, \(quoted(entries["location"] ?? "")) has \(fileLength)",
        help: "The download may be incomplete: resume it.")
      return .external(path: nil, FileRange(offset: offset, length: length))
    }
    return .external(path: path, FileRange(offset: offset, length: length))
  }

  /// A decimal number; 0 where the key is missing, nil, with a finding, where it is no number.
  private mutating func number(_ text: String?, _ key: String, of tensor: TensorDefinition) -> Int? {
    guard let text else { return 0 }
    if let first = text.utf8.first, first >= 0x30, first <= 0x39, let number = Int(text) { return number }
    report(.externalRange, tensor, "the \(key) of external data is \(quoted(text)), no number of bytes")
    return nil
  }

  /// The file at a location; what is wrong with it is reported once, with the first tensor that lies there.
  private mutating func externalFile(at location: String?, of tensor: TensorDefinition) -> ExternalFile {
    guard let location else {
      report(.externalLocation, tensor, "external data has no location")
      return .refused
    }
    if let known = externalFiles[location] { return known }
    let file = findFile(location, of: tensor)
    externalFiles[location] = file
    return file
  }

  private mutating func findFile(_ location: String, of tensor: TensorDefinition) -> ExternalFile {
    if let why = ExternalFile.refusal(of: location) {
      report(
        .externalLocation, tensor, "the location \(quoted(location)) of external data \(why), and is not followed",
        help: "Do not load the model with a reader that follows it.")
      return .refused
    }
    let path = joined(folder, location)
    let length: Int
    switch ExternalFile.length(of: path) {
    case .success(let found): length = found
    case .failure(let absence):
      report(
        .externalMissing, tensor, "the file \(quoted(location)) of external data \(absence.words)",
        help: "Weights that lie in files of their own must be downloaded with the model.")
      return .refused
    }
    let (home, blobs) = ExternalFile.allowedFolders(of: self.path)
    guard let target = resolvedPath(path), let home else { return .refused }
    if let blobs, target.hasPrefix(blobs) { return .found(path: path, length: length) }
    guard target.hasPrefix(home) else {
      report(
        .externalLink, tensor,
        "the file \(quoted(location)) of external data leads out of the folder, to \(quoted(target))",
        help: "Do not load the model with a reader that follows it.")
      return .refused
    }
    if isLink(path) {
      report(
        .externalLink, tensor, severity: .note, "the file \(quoted(location)) of external data is a link",
        help: "The onnx package refuses links since version 1.21.")
    }
    return .found(path: path, length: length)
  }
}
