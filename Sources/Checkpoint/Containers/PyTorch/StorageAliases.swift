internal import Units

/// Tensors that share storages. Those that are the same view of the same storage are one tensor under several names.
struct StorageAliases {
  /// In the pickle's order, each view under its first name.
  private(set) var kept: [StateDictionary.Named] = []
  /// The names that were dropped, and for each the one that was kept.
  private(set) var sharedNames: [String: String] = [:]

  private struct Extent {
    var range: Range<Int>
    var name: String
  }

  private var extents: [String: [Extent]] = [:]
  private var lengths: [String: Int] = [:]

  init(_ tensors: [StateDictionary.Named]) {
    var first: [PickledTensor: String] = [:]
    for (name, tensor) in tensors {
      // Tensors without elements are alike, and share nothing.
      let range = tensor.range ?? 0..<0
      if let same = first[tensor], !range.isEmpty {
        sharedNames[name] = same
        continue
      }
      first[tensor] = name
      kept.append((name, tensor))
      lengths[tensor.storage] = max(lengths[tensor.storage] ?? 0, tensor.storageLength)
      extents[tensor.storage, default: []].append(Extent(range: range, name: name))
    }
  }

  /// Reports tensors that share some of their bytes, and bytes that no tensor has.
  mutating func report(into findings: inout FindingList) {
    for (dropped, name) in sharedNames.sorted(by: { $0.key < $1.key }) {
      findings.add(
        .note, .storageShared, tensor: dropped, "the tensor is \(name) under another name, and counted once")
    }
    var unused = 0
    for (storage, list) in extents.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }) {
      var end = 0
      var last = ""
      var used = 0
      for extent in list.sorted(by: { ($0.range.lowerBound, $0.name) < ($1.range.lowerBound, $1.name) }) {
        if extent.range.lowerBound < end, !extent.range.isEmpty {
          findings.add(
            .note, .storageOverlap, tensor: extent.name,
            "the tensor shares bytes with \(last); each is counted in full, as loading copies them apart")
        }
        used += max(0, extent.range.upperBound - max(end, extent.range.lowerBound))
        if extent.range.upperBound > end { (end, last) = (extent.range.upperBound, extent.name) }
      }
      unused = Tally.sum(unused, (lengths[storage] ?? 0) - used)
    }
    if unused > 0 {
      findings.add(
        .warning, .storageUnused, "the file stores \(unused) bytes that no tensor of it has",
        help: "Views were saved with the storages around them: clone the tensors before they are saved.")
    }
  }
}
