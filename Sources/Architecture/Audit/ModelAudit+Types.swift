internal import Checkpoint
internal import Units

/// Types that are stored against the one that is declared.
extension ModelAudit {
  /// The declared type against the one that most bytes have, and what is stored otherwise.
  mutating func types() {
    var bytes: [DataType: Int] = [:]
    var names: [DataType: [NamePattern]] = [:]
    for pattern in model.names.patterns where pattern.dataType.isFullWidth {
      // Scales are a quantiser's and buffers are computed again.
      guard model.placements[pattern.example].isParameter else { continue }
      bytes[pattern.dataType] = Tally.sum(bytes[pattern.dataType] ?? 0, pattern.tally.bytes)
      names[pattern.dataType, default: []].append(pattern)
    }
    guard let usual = bytes.max(by: { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) })?.key else { return }
    let declared = configuration.flatMap { $0.declaredDataType ?? $0.section("text_config")?.declaredDataType }
    // Beside quantised weights stands what the quantiser computes in.
    if let declared, declared != usual, model.storedQuantization == nil, bytes[declared] ?? 0 < bytes[usual] ?? 0 {
      findings.add(
        .warning, .dtypeMismatch, file: settings.file,
        "the configuration declares \(declared.rawValue), and \(percentage(bytes[usual] ?? 0, of: bytes)) of the weights "
          + "are stored in \(usual.rawValue)")
    }
    for (type, patterns) in names.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where type != usual {
      let count = patterns.reduce(0) { $0 + $1.tally.tensors }
      findings.add(
        .note, .dtypeIsland, tensor: weightSet.tensors[patterns[0].example].name,
        "\(count) tensors are stored in \(type.rawValue), most others in \(usual.rawValue): "
          + patterns.prefix(3).map(\.text).joined(separator: ", ") + (patterns.count > 3 ? ", …" : ""))
    }
  }

  private func percentage(_ part: Int, of bytes: [DataType: Int]) -> String {
    let all = bytes.values.reduce(0) { Tally.sum($0, $1) }
    return "\(Int((Double(part) / Double(max(all, 1)) * 100).rounded()))%"
  }
}
