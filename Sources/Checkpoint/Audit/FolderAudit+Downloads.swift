internal import Units

extension FolderAudit {
  /// What downloaders leave behind until they are done: huggingface_hub (`.cache/huggingface/download/*.incomplete`,
  /// and beside the file in older versions), aria2 (`.aria2` beside a file that already has its full length), wget,
  /// curl and browsers.
  mutating func unfinishedDownloads() {
    for name in entries {
      guard let suffix = Self.unfinished.first(where: { name.hasSuffix($0) && name.count > $0.count }) else { continue }
      let file = String(name.dropLast(suffix.count))
      // aria2 reserves the whole file at once: header and length are right, and the data is a hole.
      let isReserved = suffix == ".aria2" && entries.contains(file)
      let isBesideTheWhole = !isReserved && entries.contains(file)
      findings.add(
        isReserved ? .error : isBesideTheWhole ? .note : .warning, .downloadUnfinished, file: name,
        isReserved
          ? "\(file) is still being downloaded by aria2: it has its full length, and not all of its data"
          : "the download of \(file) was not finished" + (isBesideTheWhole ? ", and \(file) is there" : ""))
    }
    let partial = Self.unfinishedInCache(of: folder)
    guard let first = partial.first else { return }
    findings.add(
      .warning, .downloadUnfinished, file: first,
      "huggingface_hub has \(partial.count == 1 ? "a file" : "\(partial.count) files") that it did not finish",
      help: "Run `hf download` again: it resumes; the leftovers of one that was given up can be removed.")
  }

  /// What huggingface_hub has not finished, relative to the folder: below it where the folder was asked for, among the
  /// blobs where it is a revision in its cache.
  static func unfinishedInCache(of folder: String) -> [String] {
    var caches = [".cache/huggingface/download"]
    if let home = resolvedPath(folder), home.split(separator: "/").dropLast().last == "snapshots" {
      caches.append("../../blobs")
    }
    return caches.flatMap { cache in
      ((try? folderEntries(joined(folder, cache))) ?? []).filter { $0.hasSuffix(".incomplete") }.map {
        "\(cache)/\($0)"
      }
    }
  }

  private static let unfinished = [
    ".incomplete", ".aria2", ".part", ".partial", ".crdownload", ".download", ".opdownload", ".!qB", ".filepart",
  ]

  /// Small files that stand for the real ones, and documents that were not merged.
  mutating func standIns() {
    // What is wrong with these is told where they are read.
    let read: Set = ["config.json", "adapter_config.json", "generation_config.json"]
    for name in entries where !read.contains(name) && !name.hasSuffix(".safetensors") && name.contains(".") {
      guard let length = size(of: name), length > 0, length <= 1 << 20 else { continue }
      let isDocument = name.hasSuffix(".json") && WeightLocation(index: name) == nil
      guard length <= 1024 || isDocument else { continue }
      guard let rule = standIn(name, length, isDocument: isDocument) else { continue }
      let isWeights = FileFormat.all.contains { $0.holds(name) }
      findings.add(
        isWeights ? .warning : .error, rule, file: name,
        rule == .gitLFSPointer
          ? "the file is a Git LFS pointer, not the file itself"
          : "the document holds the markers of an unresolved merge conflict")
    }
  }

  private func standIn(_ name: String, _ length: Int, isDocument: Bool) -> Finding.Rule? {
    guard var source = try? ByteSource(path: joined(folder, name)) else { return nil }
    let rule = try? source.withPrefix(isDocument ? length : 512) { bytes -> Finding.Rule? in
      if bytes.starts(with: ContentHint.pointerPrefix) { return .gitLFSPointer }
      return isDocument && CheckpointError.hasConflictMarker(bytes) ? .mergeConflict : nil
    }
    return rule ?? nil
  }
}
