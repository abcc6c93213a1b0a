internal import Units

/// One reading of one checkpoint, as it grows.
struct Opening {
  let path: String
  var folder: String
  var findings = FindingList()
  private let seed = UInt64.random(in: .min ... .max)
  private var sets: [WeightSet] = []
  private var bytesRead = 0
  private var unbacked: (names: [String], bytes: ByteCount?) = ([], nil)
  private var configuration: Configuration?
  private var adapterConfiguration: Configuration?
  private var generationConfiguration: Configuration?
  /// Indexes and headers read ahead of time, by their files' names.
  private var indexes: [String: ShardIndex] = [:]
  private var headers: [String: Result<any ShardHeader, CheckpointError>] = [:]

  init(path: String) {
    self.path = path
    self.folder = path
  }

  var checkpoint: Checkpoint {
    Checkpoint(
      path: path, weightSets: sets, configuration: configuration, adapterConfiguration: adapterConfiguration,
      generationConfiguration: generationConfiguration, unbackedTensorNames: unbacked.names,
      unbackedBytes: unbacked.bytes, findings: findings.all, bytesRead: bytesRead)
  }

  /// Reads one file, and the documents beside it.
  mutating func openFile() throws(CheckpointError) {
    let name: String
    (folder, name) = splitPath(path)
    if let index = WeightLocation(index: name) {
      try readIndex(index, name, besides: [])
      try add(index, entries: nil)
    } else {
      try add(WeightLocation(file: name, container: try .of(path)), entries: nil)
      if let shard = ShardName(name), shard.total > 1 {
        findings.add(
          .note, .oneShardOnly, file: name, "the file is one of \(shard.total) shards, and only it was read",
          help: "Give the folder to read the whole model.")
      }
    }
    readDocuments()
  }

  /// Takes weight sets that another reader found, and reads the documents in a folder.
  mutating func take(_ sets: [WeightSet], bytesRead: Int, documentsIn folder: String) {
    self.sets = sets
    self.bytesRead = bytesRead
    self.folder = folder
    readDocuments()
  }

  /// Reads everything in a folder.
  mutating func openFolder() throws(CheckpointError) {
    let entries = try folderEntries(folder)
    var locations = WeightLocation.all(in: entries)
    if locations.isEmpty { locations = WeightLocation.unusual(in: entries) }
    guard !locations.isEmpty else { throw noWeights(entries) }
    try readIndexes(of: &locations, entries: entries)
    for (position, location) in locations.enumerated() {
      do {
        try add(location, entries: entries)
      } catch {
        if position == 0 { throw error }
        reportUnreadable(location, error)
      }
    }
    reportSeveral(sets, at: locations)
    readDocuments()
  }

  /// Reads every index of the folder and drops the locations whose files an index already names.
  private mutating func readIndexes(
    of locations: inout [WeightLocation], entries: [String]
  ) throws(CheckpointError) {
    var broken: Set<WeightLocation> = []
    for (position, location) in locations.enumerated() {
      guard case .index(let name) = location.form else { continue }
      do {
        let shards = position > 0 ? [] : entries.filter { ShardName($0).map(location.holds) ?? false }
        try readIndex(location, name, besides: shards)
      } catch {
        if position == 0 { throw error }
        reportUnreadable(location, error)
        broken.insert(location)
      }
    }
    // An index that names one file describes that file; one that names `model.safetensors` among others does not
    // keep a loader from taking that file alone.
    let alone = Set(indexes.values.filter { $0.shards.count == 1 }.flatMap(\.shards))
    let named = Set(indexes.values.filter { $0.shards.count > 1 }.flatMap(\.shards))
    locations.removeAll { location in
      guard case .file(let name) = location.form else { return broken.contains(location) }
      return alone.contains(name) || (named.contains(name) && !location.isDefaultName)
    }
  }

  /// Reads an index, and at the same time the headers of `shards`, which by their names are those of the index.
  private mutating func readIndex(
    _ location: WeightLocation, _ name: String, besides shards: [String]
  ) throws(CheckpointError) {
    enum Part: Sendable {
      case index(Result<ShardIndex, CheckpointError>)
      case header(Result<any ShardHeader, CheckpointError>)
    }
    let (folder, seed) = (folder, seed)
    let parts = parallelMap(shards.count + 1, scratch: ScratchBuffer.init) { position, scratch -> Part in
      guard position == 0 else {
        return .header(
          location.container.headerResult(joined(folder, shards[position - 1]), seed: seed, scratch: scratch))
      }
      do throws(CheckpointError) {
        return .index(.success(try ShardIndex(folder: folder, name: name, seed: seed)))
      } catch {
        return .index(.failure(error))
      }
    }
    for (position, part) in parts.enumerated() {
      switch part {
      case .index(let result): indexes[name] = try result.get()
      case .header(let result):
        headers[shards[position - 1]] = result
        bytesRead += (try? result.get().bytesRead) ?? 0
      }
    }
    bytesRead += indexes[name]?.bytesRead ?? 0
  }

  /// Reads the weight set at `location`. `entries` are the folder's, or nil where the user named one file.
  private mutating func add(_ location: WeightLocation, entries: [String]?) throws(CheckpointError) {
    let files: [String]
    var index: ShardIndex?
    switch location.form {
    case .file(let name): files = [name]
    case .shards(let names):
      files = names
      reportNoIndex(names, location)
    case .index(let name):
      index = indexes[name]
      files = index?.shards ?? []
    }
    if let index {
      guard try areThere(index, isPrimary: sets.isEmpty) else { return }
      if let entries { reportUnindexedShards(of: index, location, entries: entries) }
    }
    // A file that the user named may be a link to anywhere; a name out of a stranger's index may not.
    if entries != nil || index != nil { reportLinks(files) }
    let label = files.count == 1 ? files[0] : "\(location.stem) (\(files.count) shards)"
    let reading = try WeightSet.read(
      label: label, container: location.container, kind: location.kind, folder: folder, files: files, index: index,
      seed: seed, known: headers)
    bytesRead += reading.bytesRead
    findings.add(reading.findings)
    if sets.isEmpty { configuration = reading.configuration }
    sets.append(reading.set)
  }

  /// Whether the shards of an index are there: false, with a finding, where none is.
  private mutating func areThere(_ index: ShardIndex, isPrimary: Bool) throws(CheckpointError) -> Bool {
    let missing = index.shards.filter { !exists(joined(folder, $0)) }
    guard let first = missing.first else { return true }
    guard missing.count == index.shards.count else { throw shardMissing(first, count: missing.count, of: index) }
    findings.add(
      isPrimary ? .error : .warning, .shardsAbsent, file: index.name,
      "none of the \(index.shards.count) shards that the index names is there", help: "Download the shards.")
    index.checkSelf(into: &findings)
    if isPrimary {
      let names = (0..<index.count).map { String(decoding: index.entry($0).name, as: UTF8.self) }
      unbacked = (names.naturallySorted(), index.totalSize)
    }
    return false
  }

  private mutating func readDocuments() {
    // What a file says of itself counts where no document is there.
    configuration = document("config.json") ?? configuration
    adapterConfiguration = document("adapter_config.json")
    generationConfiguration = document("generation_config.json")
    configuration?.check(into: &findings)
  }

  private mutating func document(_ name: String) -> Configuration? {
    guard exists(joined(folder, name)) else { return nil }
    return Configuration.read(folder: folder, name: name, seed: seed, findings: &findings, bytesRead: &bytesRead)
  }
}
