internal import Glibc
internal import Units

/// What lies in a checkpoint's folder beside the weights that are loaded. Names and the first bytes of small files
/// tell; nothing is executed.
struct FolderAudit {
  let checkpoint: Checkpoint
  let folder: String
  let entries: [String]
  var findings = FindingList()

  init?(_ checkpoint: Checkpoint) {
    guard isFolder(checkpoint.path), let entries = try? folderEntries(checkpoint.path) else { return nil }
    self.checkpoint = checkpoint
    self.folder = checkpoint.path
    self.entries = entries
  }

  mutating func run() {
    unfinishedDownloads()
    standIns()
    shardTotals()
    missingConfiguration()
    otherFormats()
    differingSets()
  }

  /// The size of a regular file; nil for anything else.
  func size(of name: String) -> Int? {
    var status = stat()
    guard stat(joined(folder, name), &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(status.st_size)
  }

  private mutating func shardTotals() {
    var said: [String: Set<Int>] = [:]
    var files: [String: Set<Int>] = [:]
    for name in checkpoint.weightSets.flatMap(\.files) {
      guard let shard = ShardName(name) else { continue }
      // Shards of one model may lie in several folders.
      let stem = splitPath(shard.stem).name
      said[stem, default: []].insert(shard.total)
      files[stem, default: []].insert(shard.number)
    }
    for (stem, totals) in said.sorted(by: { $0.key < $1.key }) {
      // Gaps without an index are told one by one.
      let count = files[stem]?.count ?? 0
      // Some writers count from zero, and take the last number for the total (gpt-oss).
      let isFromZero = files[stem]?.contains(0) == true
      guard let total = totals.max(), !(isFromZero && totals == [count - 1]),
        totals.count > 1 || (total != count && entries.contains(where: isIndex(of: stem)))
      else { continue }
      findings.add(
        .warning, .shardTotalMismatch, file: checkpoint.weightSets.first?.files.first,
        "\(count) shards of \(stem) are read, and their names speak of "
          + totals.sorted().map(String.init).joined(separator: " and of "))
    }
  }

  private func isIndex(of stem: String) -> (String) -> Bool {
    { WeightLocation(index: $0)?.stem == stem }
  }

  private mutating func missingConfiguration() {
    // A graph says by itself how it runs.
    let isModel =
      checkpoint.weightSets.contains { $0.kind == .model && !$0.files.contains { $0.hasSuffix(".onnx") } }
      || !checkpoint.unbackedTensorNames.isEmpty
    guard isModel, checkpoint.configuration == nil, !entries.contains("config.json") else { return }
    findings.add(.warning, .configMissing, "the folder holds a model and no config.json")
  }

  /// Sets that call their tensors alike must hold the same shapes; sets of other names about as many elements.
  private mutating func differingSets() {
    let models = checkpoint.weightSets.filter { $0.kind == .model }
    guard let first = models.first, models.count > 1 else { return }
    let shapes = Dictionary(first.tensors.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    for other in models.dropFirst() {
      let common = other.tensors.filter { shapes[$0.name] != nil }
      guard common.count * 2 >= min(first.tensors.count, other.tensors.count) else {
        reportElements(first, other)
        continue
      }
      let differing = common.filter { shapes[$0.name] != $0.shape }
      let missing = first.tensors.count - common.count
      let extra = other.tensors.count - common.count
      guard !differing.isEmpty || missing > 0 || extra > 0 else { continue }
      let example = differing.first.map { " (\($0.name) has the shape \($0.shape) there)" } ?? ""
      findings.add(
        .warning, .weightSetsDiffer, file: other.files.first, tensor: differing.first?.name,
        "of the tensors of \(first.label), \(missing) are missing in \(other.label) and \(differing.count) have another "
          + "shape\(example); \(extra) are there only")
    }
  }

  private mutating func reportElements(_ first: WeightSet, _ other: WeightSet) {
    func elements(_ set: WeightSet) -> Int {
      set.tensors.reduce(0) { Tally.sum($0, $1.shape.elementCount?.count ?? .max) }
    }
    let (here, there) = (elements(first), elements(other))
    guard abs(Double(here) - Double(there)) > 0.05 * Double(max(here, there)) else { return }
    findings.add(
      .note, .weightSetsDiffer, file: other.files.first,
      "\(other.label) calls its tensors otherwise and holds \(there) elements, \(first.label) \(here)")
  }
}

extension Checkpoint {
  /// What a folder holds that reading the weights does not bring to light.
  package func folderFindings() -> [Finding] {
    guard var audit = FolderAudit(self) else { return [] }
    audit.run()
    return audit.findings.all
  }
}
