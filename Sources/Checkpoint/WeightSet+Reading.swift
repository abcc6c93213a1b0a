internal import CSafetensors
internal import Units

extension WeightSet {
  /// A weight set with what was noticed on the way, and how many bytes were read that had not been before.
  struct Reading: Sendable {
    var set: WeightSet
    var findings: FindingList
    var bytesRead: Int
  }

  /// Reads the headers of `files`, all within `folder`, and joins them to one set.
  ///
  /// - Parameter known: headers that have been read already.
  static func read(
    label: String, kind: Kind, folder: String, files: [String], index: ShardIndex?, seed: UInt64,
    known: [String: Result<ShardHeader, CheckpointError>]
  ) throws(CheckpointError) -> Reading {
    let files = files.sorted(by: NaturalOrder.precedes)
    let unknown = files.filter { known[$0] == nil }
    let results = ShardHeader.read(unknown, in: folder, seed: seed)
    let read = known.merging(zip(unknown, results)) { first, _ in first }
    var headers: [ShardHeader] = []
    headers.reserveCapacity(files.count)
    for file in files {
      if let result = read[file] { headers.append(try result.get()) }
    }
    try checkTotal(headers)

    var findings = FindingList()
    for (header, file) in zip(headers, files) { header.report(as: file, into: &findings) }
    let order = TensorOrder(headers)
    let kept = order.effective(headers: headers, files: files, index: index, findings: &findings)
    if let index { index.check(against: headers, files: files, kept: kept, findings: &findings) }
    let (tensors, clamped) = materialize(kept, headers: headers)
    for position in clamped {
      findings.add(
        .warning, .dimensionClamped, file: files[tensors[position].fileIndex], tensor: tensors[position].name,
        "an extent passes 2^63 - 1; it is legal only because another one is 0")
    }
    let set = WeightSet(
      label: label, kind: kind, files: files, tensors: tensors, fileLengths: headers.map { ByteCount($0.fileLength) },
      metadata: headers.map(\.metadata))
    let bytesRead = results.reduce(0) { $0 + ((try? $1.get().bytesRead) ?? 0) }
    return Reading(set: set, findings: findings, bytesRead: bytesRead)
  }

  /// Refuses what no file system should hold but sparse files can claim, so that no sum of sizes, in bytes, in bits or
  /// in elements, can overflow later on.
  private static func checkTotal(_ headers: [ShardHeader]) throws(CheckpointError) {
    var total = 0
    for header in headers {
      let (sum, overflow) = total.addingReportingOverflow(header.fileLength)
      guard !overflow, sum <= 1 << 59 else {
        throw CheckpointError(
          .tooLarge, file: header.path, message: "the weight set's files add up to more than 2^59 bytes",
          help: "The file claims a size that no model has; it is probably sparse by mistake.")
      }
      total = sum
    }
  }

  /// The tensors at `places`, and which of them have extents that had to be clamped. Made on all cores: names and
  /// shapes are many small allocations.
  private static func materialize(
    _ places: [TensorPlace], headers: [ShardHeader]
  ) -> (tensors: [StoredTensor], clamped: [Int]) {
    let chunk = 2048
    let count = places.count
    var clamped: [Int] = []
    let tensors = [StoredTensor](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      nonisolated(unsafe) let slots = base
      let parts = parallelMap((count + chunk - 1) / chunk) { part -> [Int] in
        var clamped: [Int] = []
        var shapes = RecentShapes()
        for position in (part * chunk)..<min((part + 1) * chunk, count) {
          let place = places[position]
          slots.advanced(by: position).initialize(
            to: headers[place.file].tensor(at: place.index, fileIndex: place.file, shapes: &shapes))
          if shapes.lastWasClamped { clamped.append(position) }
        }
        return clamped
      }
      clamped = parts.flatMap(\.self)
      initialized = count
    }
    return (tensors, clamped)
  }
}

extension ShardHeader {
  /// Reads the headers of several files, as many at a time as there are cores.
  static func read(_ files: [String], in folder: String, seed: UInt64) -> [Result<ShardHeader, CheckpointError>] {
    parallelMap(files.count, scratch: ScratchBuffer.init) { position, scratch in
      read(joined(folder, files[position]), seed: seed, scratch: scratch)
    }
  }

  static func read(
    _ path: String, seed: UInt64, scratch: ScratchBuffer
  ) -> Result<ShardHeader, CheckpointError> {
    do throws(CheckpointError) {
      return .success(try ShardHeader(path: path, seed: seed, scratch: scratch))
    } catch {
      return .failure(error)
    }
  }

  /// Turns the reader's notes into findings about `file`.
  func report(as file: String, into findings: inout FindingList) {
    for note in notes {
      let name = note.name.map {
        String(decoding: UnsafeBufferPointer(start: $0, count: note.name_length), as: UTF8.self)
      }
      switch note.kind {
      case CSAFETENSORS_NOTE_DUPLICATE_TENSOR:
        findings.add(
          .error, .duplicateTensorName, file: file, tensor: name,
          "the name occurs twice in the header, again at byte \(note.offset); readers take the last entry",
          help: "The format forbids it: save the file again.")
      case CSAFETENSORS_NOTE_LEADING_SPACE:
        findings.add(
          .warning, .headerLeadingSpace, file: file, "white space stands before the header's opening brace",
          help: "The format wants `{` first; strict readers refuse the file.")
      case CSAFETENSORS_NOTE_NULL_METADATA:
        findings.add(.note, .metadataNull, file: file, "`__metadata__` is null instead of absent")
      case CSAFETENSORS_NOTE_DUPLICATE_METADATA:
        findings.add(
          .warning, .metadataDuplicateKey, file: file,
          "`__metadata__` has the key \((name ?? "").debugDescription) twice; readers take the last value")
      case CSAFETENSORS_NOTE_ARRAY_ENTRY:
        findings.add(
          .warning, .tensorAsArray, file: file, tensor: name, "the tensor is written as an array, not as an object",
          help: "Only the reference library reads it: save the file again.")
      case CSAFETENSORS_NOTE_MAP_DTYPE:
        findings.add(
          .warning, .dtypeAsObject, file: file, tensor: name, "the dtype is written as an object, not as a string",
          help: "Only the reference library reads it: save the file again.")
      default:
        findings.add(
          .warning, .unknownTensorField, file: file, tensor: name,
          "the tensor has a field that the format does not know, at byte \(note.offset)")
      }
    }
  }
}
