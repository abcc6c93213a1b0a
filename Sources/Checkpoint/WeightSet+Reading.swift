internal import CSafetensors
internal import Units

extension WeightSet {
  /// A weight set with what was noticed and how many bytes were read on the way.
  struct Reading: Sendable {
    var set: WeightSet
    var findings: FindingList
    var bytesRead: Int
  }

  /// Reads the headers of `files`, all within `folder`, and joins them to one set.
  static func read(
    label: String, kind: Kind, folder: String, files: [String], index: ShardIndex?, seed: UInt64
  ) throws(CheckpointError) -> Reading {
    let files = files.sorted(by: NaturalOrder.precedes)
    let results = parallelMap(files.count) { position -> Result<ShardHeader, CheckpointError> in
      do throws(CheckpointError) {
        return .success(try ShardHeader(path: joined(folder, files[position]), seed: seed))
      } catch {
        return .failure(error)
      }
    }
    var headers: [ShardHeader] = []
    headers.reserveCapacity(results.count)
    for result in results { headers.append(try result.get()) }

    var findings = FindingList()
    for (header, file) in zip(headers, files) { header.report(as: file, into: &findings) }
    let order = TensorOrder(headers)
    let kept = order.effective(headers: headers, files: files, index: index, findings: &findings)
    if let index { index.check(against: headers, files: files, kept: kept, findings: &findings) }
    let tensors = materialize(kept, headers: headers)
    for (tensor, place) in zip(tensors, kept) where headers[place.file].isClamped(at: place.index) {
      findings.add(
        .warning, .dimensionClamped, file: files[place.file], tensor: tensor.name,
        "an extent passes 2^63 - 1; it is legal only because another one is 0")
    }
    let set = WeightSet(
      label: label, kind: kind, files: files, tensors: tensors, fileLengths: headers.map { ByteCount($0.fileLength) },
      metadata: headers.map(\.metadata))
    return Reading(set: set, findings: findings, bytesRead: headers.reduce(0) { $0 + $1.bytesRead })
  }

  /// The tensors at `places`, made on all cores: names and shapes are many small allocations.
  private static func materialize(_ places: [TensorPlace], headers: [ShardHeader]) -> [StoredTensor] {
    let chunk = 2048
    let count = places.count
    return [StoredTensor](unsafeUninitializedCapacity: count) { buffer, initialized in
      guard let base = buffer.baseAddress else { return }
      nonisolated(unsafe) let slots = base
      _ = parallelMap((count + chunk - 1) / chunk) { part in
        for position in (part * chunk)..<min((part + 1) * chunk, count) {
          let place = places[position]
          slots.advanced(by: position).initialize(
            to: headers[place.file].tensor(at: place.index, fileIndex: place.file))
        }
      }
      initialized = count
    }
  }
}

extension ShardHeader {
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
