internal import Checkpoint
internal import Units

/// Experts that are stored against those that the router chooses from.
extension ModelAudit {
  mutating func experts() {
    for stack in stacks {
      let patterns = stack.patterns.filter { number in
        let pattern = table.patterns[number]
        return (pattern.part == .weight || pattern.part == .packedWeight) && Self.areExperts(pattern.module)
      }
      guard !patterns.isEmpty else { continue }
      let counts = countsOfBlocks(patterns, stack)
      let routed = routedExperts(stack)
      for (number, byBlock) in counts.sorted(by: { $0.key < $1.key }) {
        let usual = Self.mostCommon(byBlock.values) ?? 0
        for (block, count) in byBlock.sorted(by: { $0.key < $1.key }) {
          let wanted = routed[block] ?? usual
          guard count < wanted else { continue }
          let pattern = table.patterns[number]
          findings.add(
            routed[block] == nil ? .warning : .error, .expertMissing, tensor: "\(stack.path)\(block)",
            "of \(wanted) experts \(count) have a \(pattern.module.split(separator: "#").last.map { $0.drop { $0 == "." } } ?? "weight")"
              + (routed[block] == nil ? "; its siblings have all" : "; the router chooses from all"))
        }
      }
      agreeWithConfiguration(counts, routed)
    }
  }

  /// Where no router's shape is known, as many names of experts as the configuration has experts.
  private mutating func agreeWithConfiguration(_ counts: [Int: [Int: Int]], _ routed: [Int: Int]) {
    guard routed.isEmpty, !hasShapes || model.expertCount == nil,
      let stored = Self.mostCommon(counts.values.flatMap(\.values)),
      let said = settings.size((family?.keys ?? .unknown).experts), said.value != stored
    else { return }
    findings.add(
      .warning, .expertCountMismatch, file: settings.file,
      "\(said.key) is \(said.value), and \(stored) experts are stored in a block")
  }

  static func areExperts(_ module: String) -> Bool {
    module.contains("experts.#.") || module.contains("experts/#/")
  }

  /// For each pattern, how many of its tensors each block holds.
  private func countsOfBlocks(_ patterns: [Int], _ stack: BlockStack) -> [Int: [Int: Int]] {
    var counts: [Int: [Int: Int]] = [:]
    for pattern in patterns { counts[pattern] = [:] }
    for (pattern, block) in zip(table.patternOf, table.blockOf) where block >= 0 {
      counts[Int(pattern)]?[Int(block), default: 0] += 1
    }
    // Different storage of one matrix is the same matrix.
    let byModule = Dictionary(grouping: patterns) { table.patterns[$0].module }
    var merged: [Int: [Int: Int]] = [:]
    for numbers in byModule.values {
      guard let first = numbers.min() else { continue }
      merged[first] = numbers.reduce(into: [:]) { $0.merge(counts[$1] ?? [:], uniquingKeysWith: +) }
    }
    return merged
  }

  /// For each block with a router the rows of it.
  private func routedExperts(_ stack: BlockStack) -> [Int: Int] {
    guard hasShapes, model.layers.first?.path.hasPrefix(stack.path) == true else { return [:] }
    return model.layers.reduce(into: [:]) { $0[$1.index] = $1.modules[.router]?.features?.output }
  }

  private static func mostCommon(_ values: some Sequence<Int>) -> Int? {
    let tally = values.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
    return tally.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key
  }
}
