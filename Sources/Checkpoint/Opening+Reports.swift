/// What a folder's names and links say.
extension Opening {
  /// Files of PyTorch before 1.6 are sound, and no weight of them is wanted where others are read.
  mutating func reportUnreadable(_ location: WeightLocation, _ error: CheckpointError) {
    findings.add(
      error.code == .pytorchNotAnArchive ? .note : .error, .weightSetUnreadable, file: location.fileName,
      tensor: error.tensor,
      "a further weight set of the folder cannot be read: \(error.file): \(error.message)", help: error.help)
  }

  mutating func reportSeveral(_ sets: [WeightSet], at locations: [WeightLocation]) {
    guard sets.count > 1 else { return }
    let same = locations.filter { $0.stem == locations[0].stem && $0.container == locations[0].container }
    if same.count > 1, case .file(let single) = same[0].form, case .index(let index) = same[1].form {
      findings.add(
        .warning, .singleFileAndIndex, file: single,
        "the folder holds both \(single) and \(index); transformers loads \(single) and ignores the shards",
        help: "Remove the one that is not meant.")
    }
    findings.add(
      .note, .severalWeightSets,
      "the folder holds \(sets.count) weight sets: \(sets.map(\.label).joined(separator: ", ")); the first is loaded")
  }

  mutating func reportUnindexedShards(of index: ShardIndex, _ location: WeightLocation, entries: [String]) {
    let named = Set(index.shards)
    for name in entries where !named.contains(name) {
      guard let shard = ShardName(name), location.holds(shard) else { continue }
      findings.add(
        .warning, .shardNotIndexed, file: name, "\(index.name) does not name this shard; it is not counted",
        help: "Left over from another download? Remove it.")
    }
  }

  mutating func reportNoIndex(_ names: [String], _ location: WeightLocation) {
    // Parts of a GGUF model, and the slices that Meta publishes, never have one.
    if location.container != .gguf, !names.allSatisfy(TorchArchive.isSlice) {
      findings.add(
        .warning, .indexMissing, file: names.first,
        "the folder holds \(names.count) shards and no index that names them",
        help: "transformers does not load shards without an index: download it too.")
    }
    let shards = names.compactMap(ShardName.init)
    let numbers = Set(shards.map(\.number))
    guard let total = shards.map(\.total).max(), numbers.count < total else { return }
    // Some writers count from zero; the names of the shards that are there decide.
    let first = numbers.contains(0) ? 0 : 1
    for number in first..<(first + min(total, 100_000)) where !numbers.contains(number) {
      findings.add(
        .error, .shardMissing, file: names.first, "shard \(number) of \(total) is missing", help: "Download it.")
    }
  }

  func shardMissing(_ name: String, count: Int, of index: ShardIndex) -> CheckpointError {
    let isPartial =
      ["\(name).incomplete", "\(name).aria2", "\(name).part"].contains { exists(joined(folder, $0)) }
      || !FolderAudit.unfinishedInCache(of: folder).isEmpty
    return CheckpointError(
      .shardMissing, file: joined(folder, name),
      message: "the shard is missing (\(count) of \(index.shards.count) that \(index.name) names)"
        + (isPartial ? "; its download was not finished" : ""),
      help: isPartial ? "Resume the download." : "Download the checkpoint again; what is there already is kept.",
      isMissingInput: true)
  }

  /// Reports files that lie outside of the folder, behind a link. The Hugging Face cache keeps every file of
  /// `snapshots/<revision>` as a link into `blobs`, which is as it should be.
  mutating func reportLinks(_ files: [String]) {
    let links = files.filter { $0.contains("/") || isLink(joined(folder, $0)) }
    guard !links.isEmpty, let home = resolvedPath(folder) else { return }
    var allowed = [home.hasSuffix("/") ? home : home + "/"]
    let parts = home.split(separator: "/")
    if let snapshots = parts.lastIndex(of: "snapshots") {
      allowed.append("/" + (parts[..<snapshots] + ["blobs", ""]).joined(separator: "/"))
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

  /// The error for a folder without weights, with a guess at what was meant.
  func noWeights(_ entries: [String]) -> CheckpointError {
    let parts = entries.filter { isFolder(joined(folder, $0)) && hasWeights(joined(folder, $0)) }
    let isPipeline = entries.contains("model_index.json")
    let help: String
    if isPipeline {
      help = "This is a pipeline of several models; give one of them: \(parts.joined(separator: ", "))."
    } else if let part = parts.first {
      help = "The subfolder \(part) has some: give \(joined(folder, part))."
    } else if entries.contains(where: { $0.hasSuffix(".distcp") }) {
      help = "This is a distributed checkpoint of PyTorch: consolidate it first (torch.distributed.checkpoint)."
    } else if entries.contains(where: { $0.hasPrefix("mp_rank_") }) {
      help = "This is a Megatron checkpoint: convert it to the Hugging Face format first."
    } else if let partial = entries.first(where: { $0.hasSuffix(".incomplete") }) {
      help = "\(partial) is a download that was not finished: resume it."
    } else {
      help = "Give the folder that holds model.safetensors."
    }
    return CheckpointError(
      isPipeline ? .pipelineFolder : .noWeights, file: path, message: "the folder holds no weights",
      help: help, isMissingInput: true)
  }

  private func hasWeights(_ folder: String) -> Bool {
    guard let entries = try? folderEntries(folder) else { return false }
    return !WeightLocation.all(in: entries).isEmpty
  }
}
