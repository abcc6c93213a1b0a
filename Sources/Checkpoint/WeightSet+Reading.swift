internal import CSafetensors
internal import Units

extension WeightSet {
  /// A weight set with what was noticed on the way, and how many bytes were read that had not been before.
  struct Reading: Sendable {
    var set: WeightSet
    var findings: FindingList
    var bytesRead: Int
    /// The model's settings where the files hold them.
    var configuration: Configuration?
  }

  /// Reads the headers of `files`, all within `folder`, and joins them to one set.
  ///
  /// - Parameter known: headers that have been read already.
  static func read(
    label: String, container: Container, kind: Kind, folder: String, files: [String], index: ShardIndex?, seed: UInt64,
    known: [String: Result<any ShardHeader, CheckpointError>]
  ) throws(CheckpointError) -> Reading {
    let files = files.sorted(by: NaturalOrder.precedes)
    let unknown = files.filter { known[$0] == nil }
    let results = container.headers(unknown, in: folder, seed: seed)
    let read = known.merging(zip(unknown, results)) { first, _ in first }
    var headers: [any ShardHeader] = []
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
    var set = WeightSet(
      label: label, container: container, kind: kind, files: files, tensors: tensors,
      fileLengths: headers.map { ByteCount($0.fileLength) }, metadata: headers.map(\.metadata))
    set.statedShapes = StatedShapes(of: set, in: folder)
    set.statedShapes.report(in: set, into: &findings)
    let bytesRead = results.reduce(set.statedShapes.bytesRead) { $0 + ((try? $1.get().bytesRead) ?? 0) }
    var configuration = headers.lazy.compactMap(\.configuration).first
    if configuration != nil, container == .gguf {
      // As transformers takes it: a model without a head of its own uses the embedding.
      configuration?.root["tie_word_embeddings"] = .boolean(!tensors.contains { $0.name == "output.weight" })
    }
    return Reading(set: set, findings: findings, bytesRead: bytesRead, configuration: configuration)
  }

  /// Refuses what no file system should hold but sparse files can claim, so that no sum of sizes, in bytes, in bits or
  /// in elements, can overflow later on.
  private static func checkTotal(_ headers: [any ShardHeader]) throws(CheckpointError) {
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
    _ places: [TensorPlace], headers: [any ShardHeader]
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

extension Container {
  /// Reads the headers of several files, as many at a time as there are cores.
  func headers(
    _ files: [String], in folder: String, seed: UInt64
  ) -> [Result<any ShardHeader, CheckpointError>] {
    parallelMap(files.count, scratch: ScratchBuffer.init) { position, scratch in
      headerResult(joined(folder, files[position]), seed: seed, scratch: scratch)
    }
  }

  func headerResult(
    _ path: String, seed: UInt64, scratch: ScratchBuffer
  ) -> Result<any ShardHeader, CheckpointError> {
    do throws(CheckpointError) {
      return .success(try header(path: path, seed: seed, scratch: scratch))
    } catch {
      return .failure(error)
    }
  }
}
