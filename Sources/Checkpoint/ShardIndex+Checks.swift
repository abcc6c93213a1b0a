internal import CSafetensors
internal import Units

extension ShardIndex {
  /// For each tensor of the index the position of its shard in `files`. Slow; for the rare case of repeats.
  func fileOfTensor(files: [String]) -> [String: Int] {
    let positions = filePositions(files)
    var result: [String: Int] = [:]
    for index in 0..<count {
      let (name, shard) = entry(index)
      result[String(decoding: name, as: UTF8.self)] = positions[shard]
    }
    return result
  }

  /// For each shard of the index its position in `files`, or -1.
  private func filePositions(_ files: [String]) -> [Int] {
    // Strings that Unicode calls equal may be the names of two files.
    let positions = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    return shards.map { positions[$0] ?? -1 }
  }

  /// Compares what the index says with what the shards hold.
  func check(
    against headers: [any ShardHeader], files: [String], kept: [TensorPlace], findings: inout FindingList
  ) {
    checkSelf(into: &findings)
    let positions = filePositions(files)
    let absent = absentEntries(headers: headers, positions: positions)
    for index in absent {
      let (name, shard) = entry(index)
      findings.add(
        .error, .indexedTensorAbsent, file: self.name, tensor: String(decoding: name, as: UTF8.self),
        "the index places the tensor in \(shards[shard]), which does not hold it",
        help: "Index and shards do not belong together: download both again.")
    }
    let stored = headers.reduce(0) { $0 + $1.count }
    if stored != count - absent.count { reportUnindexed(headers: headers, files: files, into: &findings) }
    let effective = kept.reduce(0) { $0 + headers[$1.file].byteCount(at: $1.index) }
    checkTotal(effective: effective, stored: headers.reduce(0) { $0 + $1.dataLength }, into: &findings)
  }

  /// The entries whose shard lacks the tensor.
  private func absentEntries(headers: [any ShardHeader], positions: [Int]) -> [Int] {
    let chunk = 4096
    let total = count
    let parts = parallelMap((total + chunk - 1) / chunk) { part -> [Int] in
      var absent: [Int] = []
      for index in (part * chunk)..<min((part + 1) * chunk, total) {
        let (name, shard) = self.entry(index)
        let position = positions[shard]
        if position < 0 || headers[position].index(of: name) == nil { absent.append(index) }
      }
      return absent
    }
    return parts.flatMap(\.self)
  }

  private func reportUnindexed(headers: [any ShardHeader], files: [String], into findings: inout FindingList) {
    let indexed = fileOfTensor(files: files)
    for (file, header) in headers.enumerated() {
      for index in 0..<header.count {
        let name = String(decoding: header.nameBytes(at: index), as: UTF8.self)
        guard indexed[name] == nil else { continue }
        findings.add(
          .warning, .tensorNotIndexed, file: files[file], tensor: name,
          "the shard holds a tensor that \(self.name) does not name")
      }
    }
  }

  /// What is odd about the index itself.
  func checkSelf(into findings: inout FindingList) {
    let summary = summary
    if summary.entry_count == 0 {
      findings.add(
        .error, .indexEmpty, file: name, "`weight_map` is empty: nothing would be loaded",
        help: "Download the index again.")
    }
    if summary.repeated_count > 0 {
      findings.add(
        .warning, .indexRepeatedEntry, file: name,
        "`weight_map` repeats \(summary.repeated_count) entries, the first at byte \(summary.first_repeated_offset)")
    }
    if summary.repeated_key_count > 0 {
      findings.add(
        .warning, .indexRepeatedKey, file: name,
        "a key occurs twice at the top level, at byte \(summary.first_repeated_key_offset); readers take the last")
    }
    switch summary.size_kind {
    case CSHARDINDEX_SIZE_OUT_OF_RANGE:
      findings.add(
        .warning, .indexTotalSizeType, file: name,
        "`metadata.total_size` is out of range, at byte \(summary.size_offset)")
    case CSHARDINDEX_SIZE_NOT_INTEGER:
      findings.add(
        .warning, .indexTotalSizeType, file: name,
        "`metadata.total_size` is not an integer, at byte \(summary.size_offset)")
    default: break
    }
  }

  /// What the index says of the size of its tensors; nil where that is no number of bytes.
  var totalSize: ByteCount? {
    let summary = summary
    guard summary.size_kind == CSHARDINDEX_SIZE_EXACT else { return nil }
    return Int(exactly: summary.total_size).map { ByteCount($0) }
  }

  private func checkTotal(effective: Int, stored: Int, into findings: inout FindingList) {
    let summary = summary
    guard summary.size_kind == CSHARDINDEX_SIZE_EXACT, summary.entry_count > 0,
      summary.total_size != UInt64(effective), summary.total_size != UInt64(stored)
    else { return }
    findings.add(
      .warning, .indexTotalSize, file: name,
      "`metadata.total_size` says \(summary.total_size) bytes, the tensors have \(effective)",
      help: "Loaders ignore the number; the tensors' own sizes are right.")
  }
}
