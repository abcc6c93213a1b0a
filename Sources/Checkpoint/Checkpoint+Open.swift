internal import Units

extension Checkpoint {
  /// Reads a checkpoint: a folder as it was downloaded, one `*.safetensors` file, or an index of shards.
  ///
  /// Only headers, indexes and documents are read, never weights. What a loader would refuse is an error; what it
  /// takes and should not is among ``findings``. A folder that holds an index and none of its shards opens without a
  /// weight set.
  public static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    var opening = Opening(path: path)
    if isFolder(path) {
      try opening.openFolder()
    } else {
      try opening.openFile()
    }
    return opening.checkpoint
  }

  /// The weight set that `from_pretrained` would load.
  ///
  /// - Throws: `shard-missing` where the folder holds nothing but an index.
  public func primaryWeightSet() throws(CheckpointError) -> WeightSet {
    guard let first = weightSets.first else {
      throw CheckpointError(
        .shardMissing, file: path, message: "none of the shards that the index names is there",
        help: "Download the shards; `plimsoll audit` compares index and configuration without them.",
        isMissingInput: true)
    }
    return first
  }
}

/// One reading of one checkpoint, as it grows.
struct Opening {
  private let path: String
  private var folder: String
  private let seed = UInt64.random(in: .min ... .max)
  private var sets: [WeightSet] = []
  private var findings = FindingList()
  private var bytesRead = 0
  private var unbacked: [String] = []
  private var configuration: Configuration?
  private var adapterConfiguration: Configuration?
  private var generationConfiguration: Configuration?

  init(path: String) {
    self.path = path
    self.folder = path
  }

  var checkpoint: Checkpoint {
    Checkpoint(
      path: path, weightSets: sets, configuration: configuration, adapterConfiguration: adapterConfiguration,
      generationConfiguration: generationConfiguration, unbackedTensorNames: unbacked, findings: findings.all,
      bytesRead: bytesRead)
  }

  // MARK: One file

  mutating func openFile() throws(CheckpointError) {
    let name: String
    (folder, name) = splitPath(path)
    if WeightLocation.indexStem(name) != nil {
      let index = try ShardIndex(folder: folder, name: name, seed: seed)
      bytesRead += index.bytesRead
      try add(
        WeightLocation(stem: WeightLocation.indexStem(name) ?? name, form: .index(name)), index: index, entries: nil)
    } else {
      let stem = name.hasSuffix(".safetensors") ? String(name.dropLast(".safetensors".count)) : name
      try add(WeightLocation(stem: stem, form: .file(name)), index: nil, entries: nil)
      if let shard = ShardName(name), shard.total > 1 {
        findings.add(
          .note, .oneShardOnly, file: name, "the file is one of \(shard.total) shards, and only it was read",
          help: "Give the folder to read the whole model.")
      }
    }
    readDocuments(entries: nil)
  }

  // MARK: A folder

  mutating func openFolder() throws(CheckpointError) {
    let entries = try folderEntries(folder)
    var locations = WeightLocation.all(in: entries)
    guard !locations.isEmpty else { throw noWeights(entries) }
    let indexes = try readIndexes(&locations)
    for (position, location) in locations.enumerated() {
      let index = if case .index(let name) = location.form { indexes[name] } else { ShardIndex?.none }
      do {
        try add(location, index: index, entries: entries)
      } catch  where position > 0 {
        findings.add(
          .error, .weightSetUnreadable, file: location.label,
          "another weight set of the folder cannot be read: \(error.file): \(error.message)", help: error.help)
      }
    }
    noteSeveral(locations)
    readDocuments(entries: Set(entries))
  }

  /// Reads every index of the folder and drops the locations whose files an index already names.
  private mutating func readIndexes(_ locations: inout [WeightLocation]) throws(CheckpointError) -> [String: ShardIndex]
  {
    var indexes: [String: ShardIndex] = [:]
    var broken: Set<WeightLocation> = []
    for (position, location) in locations.enumerated() {
      guard case .index(let name) = location.form else { continue }
      do {
        let index = try ShardIndex(folder: folder, name: name, seed: seed)
        bytesRead += index.bytesRead
        indexes[name] = index
      } catch  where position > 0 {
        broken.insert(location)
        findings.add(
          .error, .weightSetUnreadable, file: name, "the index of another weight set cannot be read: \(error.message)",
          help: error.help)
      }
    }
    let named = Set(indexes.values.filter { $0.shards.count > 1 }.flatMap(\.shards))
    let alone = Set(indexes.values.filter { $0.shards.count == 1 }.flatMap(\.shards))
    locations.removeAll { location in
      if broken.contains(location) { return true }
      guard case .file(let name) = location.form else { return false }
      return alone.contains(name) || (named.contains(name) && location.stem != "model")
    }
    return indexes
  }

  private mutating func noteSeveral(_ locations: [WeightLocation]) {
    guard sets.count > 1 else { return }
    let forms = locations.filter { $0.stem == locations[0].stem }
    if forms.count > 1, case .file(let single) = forms[0].form, case .index(let index) = forms[1].form {
      findings.add(
        .warning, .singleFileAndIndex, file: single,
        "the folder holds both \(single) and \(index); transformers loads \(single) and ignores the shards",
        help: "Remove the one that is not meant.")
    }
    findings.add(
      .note, .severalWeightSets,
      "the folder holds \(sets.count) weight sets: \(sets.map(\.label).joined(separator: ", ")); the first is loaded")
  }

  // MARK: One weight set

  private mutating func add(
    _ location: WeightLocation, index: ShardIndex?, entries: [String]?
  ) throws(CheckpointError) {
    var files: [String]
    switch location.form {
    case .file(let name): files = [name]
    case .shards(let names): files = names
    case .index(let name):
      guard let index else { return }
      files = index.shards
      guard try areThere(files, of: index, primary: sets.isEmpty) else { return }
      if let entries { reportUnindexedShards(stem: location.stem, index: index, entries: entries) }
      _ = name
    }
    if entries != nil { reportLinks(files) }
    let label = files.count == 1 ? files[0] : "\(location.stem) (\(files.count) shards)"
    let reading = try WeightSet.read(
      label: label, kind: location.kind, folder: folder, files: files, index: index, seed: seed)
    bytesRead += reading.bytesRead
    findings.add(reading.findings)
    if case .shards(let names) = location.form { reportNoIndex(names, stem: location.stem) }
    sets.append(reading.set)
  }

  /// Whether the shards of an index are there: false, with a finding, where none is.
  private mutating func areThere(_ files: [String], of index: ShardIndex, primary: Bool) throws(CheckpointError) -> Bool
  {
    let missing = files.filter { !exists(joined(folder, $0)) }
    guard let first = missing.first else { return true }
    guard missing.count < files.count else {
      findings.add(
        primary ? .error : .warning, .shardsAbsent, file: index.name,
        "none of the \(files.count) shards that the index names is there", help: "Download the shards.")
      index.checkSelf(into: &findings)
      if primary {
        unbacked = (0..<index.count).map { String(decoding: index.entry($0).name, as: UTF8.self) }.naturallySorted()
      }
      return false
    }
    let partial = exists(joined(folder, first + ".incomplete"))
    throw CheckpointError(
      .shardMissing, file: joined(folder, first),
      message: "the shard is missing (\(missing.count) of \(files.count) that \(index.name) names)"
        + (partial ? "; its download was not finished" : ""),
      help: partial ? "Resume the download." : "Download the checkpoint again; what is there already is kept.",
      isMissingInput: true)
  }

  private mutating func reportUnindexedShards(stem: String, index: ShardIndex, entries: [String]) {
    let named = Set(index.shards)
    for name in entries where !named.contains(name) {
      guard let shard = ShardName(name), shard.stem == stem else { continue }
      findings.add(
        .warning, .shardNotIndexed, file: name, "\(index.name) does not name this shard; it is not read",
        help: "Left over from another download? Remove it.")
    }
  }

  private mutating func reportNoIndex(_ names: [String], stem: String) {
    findings.add(
      .warning, .indexMissing, file: names.first, "the folder holds \(names.count) shards and no index that names them",
      help: "transformers does not load shards without an index: download it too.")
    let shards = names.compactMap(ShardName.init)
    guard let total = shards.map(\.total).max() else { return }
    let numbers = Set(shards.map(\.number))
    let first = numbers.contains(0) ? 0 : 1
    for number in first..<(first + min(total, 100_000)) where !numbers.contains(number) {
      findings.add(
        .error, .shardMissing, file: names.first, "shard \(number) of \(total) is missing", help: "Download it.")
    }
  }

  /// Reports files that lie outside of the folder, behind a link. The Hugging Face cache keeps every file of
  /// `snapshots/<revision>` as a link into `blobs`, which is as it should be.
  private mutating func reportLinks(_ files: [String]) {
    let links = files.filter { $0.contains("/") || isLink(joined(folder, $0)) }
    guard !links.isEmpty, let home = resolvedPath(folder) else { return }
    var allowed = [home.hasSuffix("/") ? home : home + "/"]
    let parts = home.split(separator: "/")
    if let snapshots = parts.lastIndex(of: "snapshots") {
      allowed.append("/" + parts[..<snapshots].joined(separator: "/") + "/blobs/")
    }
    for file in links {
      guard let target = resolvedPath(joined(folder, file)), !allowed.contains(where: target.hasPrefix) else {
        continue
      }
      findings.add(
        .warning, .linkOutOfFolder, file: file, "the file is a link to \(target), outside of the folder",
        help: "Make sure that you trust where it leads.")
    }
  }

  private func noWeights(_ entries: [String]) -> CheckpointError {
    let help: String
    var code = CheckpointError.Code.noWeights
    if entries.contains("model_index.json") {
      code = .pipelineFolder
      let parts = entries.filter { isFolder(joined(folder, $0)) && hasWeights(joined(folder, $0)) }
      help = "This is a pipeline of several models; give one of them: \(parts.joined(separator: ", "))."
    } else if let pickle = entries.first(where: { $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth") })
    {
      help = "\(pickle) is a PyTorch pickle: convert it to safetensors."
    } else if let partial = entries.first(where: { $0.hasSuffix(".incomplete") }) {
      help = "\(partial) is a download that was not finished: resume it."
    } else if let part = entries.first(where: { isFolder(joined(folder, $0)) && hasWeights(joined(folder, $0)) }) {
      help = "The subfolder \(part) has some; give \(joined(folder, part))."
    } else {
      help = "Give the folder that holds model.safetensors."
    }
    return CheckpointError(
      code, file: path, message: "the folder holds no safetensors weights", help: help, isMissingInput: true)
  }

  private func hasWeights(_ folder: String) -> Bool {
    guard let entries = try? folderEntries(folder) else { return false }
    return !WeightLocation.all(in: entries).isEmpty
  }

  // MARK: Documents

  private mutating func readDocuments(entries: Set<String>?) {
    func document(_ name: String) -> Configuration? {
      guard exists(joined(folder, name)) else { return nil }
      return Configuration.read(folder: folder, name: name, seed: seed, findings: &findings, bytesRead: &bytesRead)
    }
    configuration = document("config.json")
    adapterConfiguration = document("adapter_config.json")
    generationConfiguration = document("generation_config.json")
    configuration?.check(into: &findings)
    if let set = sets.first {
      if set.kind == .model {
        configuration?.checkLayers(names: set.tensors.lazy.reversed().map(\.name), into: &findings)
      }
    } else {
      configuration?.checkLayers(names: unbacked.reversed(), into: &findings)
    }
  }
}

extension WeightLocation {
  /// The file that stands for the set in a message.
  var label: String {
    switch form {
    case .file(let name), .index(let name): name
    case .shards(let names): names.first ?? stem
    }
  }
}
