internal import CPickle
internal import Units

/// What `torch.save` writes since PyTorch 1.6: a zip archive with a pickle and an entry for each storage that it names
/// (`torch/serialization.py`, `_save`; `caffe2/serialize/inline_container.cc`).
struct TorchArchive {
  private let path: String
  private let archive: ZipArchive
  /// The folder of all entries, whose name is the writer's choice.
  private let prefix: String
  private var findings = FindingList()

  static func read(path: String, seed: UInt64) throws(CheckpointError) -> ListedHeader {
    var source = try ByteSource(path: path)
    try refuseOthers(&source)
    var reading = try TorchArchive(&source, seed: seed)
    return try reading.header(&source)
  }

  private init(_ source: inout ByteSource, seed: UInt64) throws(CheckpointError) {
    path = source.path
    archive = try ZipArchive(&source, seed: seed)
    prefix = archive.count == 0 ? "" : String(archive[0].name.prefix { $0 != "/" })
  }

  private mutating func header(_ source: inout ByteSource) throws(CheckpointError) -> ListedHeader {
    let scratch = ScratchBuffer()
    let dictionary = try stateDictionary(&source, scratch: scratch)
    findings.add(dictionary.findings)
    let storages = try locate(dictionary, in: &source, scratch: scratch)
    var aliases = StorageAliases(dictionary.tensors)
    aliases.report(into: &findings)
    let tensors = aliases.kept.compactMap { name, tensor -> ListedHeader.Tensor? in
      guard let storage = storages[tensor.storage], let range = tensor.range else { return nil }
      return ListedHeader.Tensor(
        name: name, dataType: tensor.dataType, shape: tensor.shape,
        range: FileRange(offset: storage.offset + range.lowerBound, length: range.count))
    }
    return ListedHeader(
      path: path, fileLength: source.length, bytesRead: source.bytesRead, tensors: tensors,
      metadata: aliases.sharedNames, isSliced: Self.isSlice(splitPath(path).name), findings: findings.all)
  }

  private mutating func stateDictionary(
    _ source: inout ByteSource, scratch: ScratchBuffer
  ) throws(CheckpointError) -> StateDictionary {
    guard let entry = archive.entry(named: "\(prefix)/data.pkl") else {
      throw CheckpointError(
        .pickleMissing, file: path, message: "the archive holds no data.pkl",
        help: "This does not look like a file that torch.save wrote.")
    }
    if let code = archive.firstEntry(in: "\(prefix)/code/")?.name {
      throw CheckpointError(
        .pytorchUnsupported, file: path, message: "the file is a TorchScript program (it holds \(code))",
        help: "Give the checkpoint that it was made from.")
    }
    guard entry.size <= Int(CPICKLE_LIMIT) else {
      throw CheckpointError(
        .pickleTooLarge, file: path,
        message: "the pickle has \(entry.size) bytes, more than the limit of \(CPICKLE_LIMIT)",
        help: "No state dictionary has such a pickle: do not load it.")
    }
    let range = try archive.range(of: entry, in: &source, scratch: scratch)
    let path = path
    let (dictionary, length) = try source.withBytes(at: range.offset, count: range.length, scratch: scratch) {
      bytes throws(CheckpointError) in
      let pickle = try Pickle(bytes, path: path, base: range.offset)
      return (try StateDictionary(pickle, path: path), pickle.length)
    }
    if length < range.length {
      findings.add(
        .warning, .pickleTrailingBytes, "\(range.length - length) bytes follow the pickle's end, which loaders ignore")
    }
    return dictionary
  }

  /// Where each storage lies in the file.
  private func locate(
    _ dictionary: StateDictionary, in source: inout ByteSource, scratch: ScratchBuffer
  ) throws(CheckpointError) -> [String: FileRange] {
    var storages: [String: FileRange] = [:]
    for (name, tensor) in dictionary.tensors where storages[tensor.storage] == nil {
      guard let entry = archive.entry(named: "\(prefix)/data/\(tensor.storage)") else {
        throw CheckpointError(
          .storageMissing, file: path, tensor: name,
          message: "the archive lacks the storage \(tensor.storage.debugDescription)",
          help: "The writer of this file is at fault: save it again.")
      }
      let range = try archive.range(of: entry, in: &source, scratch: scratch)
      storages[tensor.storage] = range
    }
    for (name, tensor) in dictionary.tensors {
      guard let length = storages[tensor.storage]?.length, length < tensor.storageLength else { continue }
      throw CheckpointError(
        .storageSize, file: path, tensor: name,
        message: "the storage has \(length) bytes, the pickle says \(tensor.storageLength)",
        help: "The writer of this file is at fault: save it again.")
    }
    return storages
  }

  // MARK: What is no such archive

  private static func refuseOthers(_ source: inout ByteSource) throws(CheckpointError) {
    let path = source.path
    let (folder, name) = splitPath(path)
    if name == "model_optim_rng.pt" || splitPath(folder).name.hasPrefix("mp_rank_") {
      throw CheckpointError(
        .pytorchUnsupported, file: path, message: "the file is one rank's part of a Megatron checkpoint",
        help: "Convert the checkpoint to the Hugging Face format first.")
    }
    let kind = try source.withPrefix(512) { Kind($0) }
    switch kind {
    case .archive: return
    case .legacy:
      throw CheckpointError(
        .pytorchUnsupported, file: path,
        message: "the file was written before PyTorch 1.6, without an archive around it",
        help: "Load it with weights_only=True and save it again, or convert it to safetensors.")
    case .tar:
      throw CheckpointError(
        .pytorchUnsupported, file: path, message: "the file is a tar archive, as PyTorch wrote before 0.1.10",
        help: "Load it with weights_only=True and save it again, or convert it to safetensors.")
    case .other:
      let hint = try ContentHint(of: &source)
      throw CheckpointError(
        .pytorchNotAnArchive, file: path,
        message: "the file is no archive of PyTorch" + (hint.map { ": \($0.what)" } ?? ""),
        help: hint?.help ?? "Download the file again.")
    }
  }

  private enum Kind {
    case archive, legacy, tar, other

    init(_ bytes: UnsafeRawBufferPointer) {
      // A pickle of the number 0x1950A86A20F9469CFC6C.
      let legacy: [UInt8] = [0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
      if bytes.starts(with: ZipArchive.magic) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06]) {
        self = .archive
      } else if bytes.count > 14, bytes[0] == 0x80, bytes[2..<14].elementsEqual(legacy) {
        self = .legacy
      } else if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
        self = .tar
      } else {
        self = .other
      }
    }
  }

  /// Whether a file is one of Meta's `consolidated.00.pth`, of which there is one for each rank of tensor parallelism.
  static func isSlice(_ name: String) -> Bool { sliceNumber(name) != nil }

  /// The rank in the name of such a file.
  static func sliceNumber(_ name: String) -> Int? {
    let pieces = name.split(separator: ".", omittingEmptySubsequences: false)
    guard pieces.count == 3, pieces[0] == "consolidated", pieces[2] == "pth", pieces[1].utf8.count == 2 else {
      return nil
    }
    return Int(pieces[1])
  }
}
