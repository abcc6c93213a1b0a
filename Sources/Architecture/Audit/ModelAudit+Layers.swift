internal import Checkpoint
internal import Units

/// Blocks among their siblings, by the names of their tensors.
extension ModelAudit {
  /// Gaps in the numbers of the blocks, or none at all where the configuration has some.
  mutating func layerNumbers() {
    if stacks.isEmpty, model.layers.isEmpty, let said = settings.size((family?.keys ?? .unknown).layers) {
      findings.add(
        .warning, .layerCountMismatch, file: settings.file, "\(said.key) is \(said.value), and no blocks are stored")
    }
    for stack in stacks {
      guard let first = stack.blocks.first, let last = stack.blocks.last, last - first >= stack.blocks.count else {
        continue
      }
      let gaps = zip(stack.blocks, stack.blocks.dropFirst()).filter { $0 + 1 < $1 }
      let missing = gaps.map { $0 + 2 == $1 ? "\($0 + 1)" : "\($0 + 1)–\($1 - 1)" }
      findings.add(
        .warning, .layerNumberingGap,
        "under \(stack.path.dropLast()) there are blocks \(first) to \(last), but not "
          + missing.prefix(8).joined(separator: ", ") + (missing.count > 8 ? ", …" : ""))
    }
  }

  /// Blocks that lack what the others have. Models that alternate between kinds of blocks have several of each kind, or
  /// kinds of which none is a part of the other; what a recogniser of kinds would have to know is not needed.
  mutating func layersAmongSiblings() {
    guard !isHierarchical else { return }
    for stack in stacks where stack.blocks.count > 3 {
      let names = patternsOfBlocks(stack)
      var kinds: [[Int]: [Int]] = [:]
      for (slot, patterns) in names.enumerated() { kinds[patterns, default: []].append(slot) }
      // So many kinds are a search over architectures, not a block that lost something.
      guard kinds.count > 1, kinds.count <= 16,
        let usual = kinds.max(by: { ($0.value.count, $1.value[0]) < ($1.value.count, $0.value[0]) }),
        usual.value.count >= 3
      else { continue }
      for (patterns, slots) in kinds.sorted(by: { $0.value[0] < $1.value[0] }) where patterns != usual.key {
        guard slots.count == 1 || slots.count * 20 <= stack.blocks.count else { continue }
        let missing = Set(usual.key).subtracting(patterns)
        guard !missing.isEmpty, Set(patterns).isSubset(of: usual.key) else { continue }
        report(missing.sorted(), of: slots, in: stack, beside: patterns)
      }
    }
  }

  /// Whether blocks are stages that grow from one to the next.
  var isHierarchical: Bool {
    switch family?.forward {
    case .convolutional?, .shiftedWindow?: true
    default: false
    }
  }

  /// For each block the patterns of its parameters, in rising order.
  ///
  /// Scales are left out: quantisers leave some blocks alone.
  private func patternsOfBlocks(_ stack: BlockStack) -> [[Int]] {
    let isOwn = Set(stack.patterns)
    let counts = table.patterns.indices.map { isOwn.contains($0) && Self.isComparable(table.patterns[$0]) }
    // Several ways to store one tensor are one name.
    var byText: [String: Int] = [:]
    let name = table.patterns.indices.map { number -> Int in
      guard counts[number] else { return number }
      let text = table.patterns[number].text
      if let known = byText[text] { return known }
      byText[text] = number
      return number
    }
    var blocks = [[Int]](repeating: [], count: stack.blocks.count)
    var lastSeen = [Int32](repeating: -1, count: table.patterns.count)
    for (pattern, block) in zip(table.patternOf, table.blockOf) {
      let number = name[Int(pattern)]
      guard counts[Int(pattern)], block >= 0, lastSeen[number] != block, let slot = stack.slot(of: block) else {
        continue
      }
      lastSeen[number] = block
      blocks[slot].append(number)
    }
    return blocks.map { Array(Set($0)).sorted() }
  }

  /// Lists within a block are as long as they like, but for its experts.
  private static func isComparable(_ pattern: TensorPattern) -> Bool {
    switch pattern.part {
    case .weight, .bias, .packedWeight: !pattern.module.contains("#") || areExperts(pattern.module)
    case .quantization, .buffer: false
    }
  }

  private mutating func report(_ missing: [Int], of slots: [Int], in stack: BlockStack, beside present: [Int]) {
    func part(_ pattern: Int) -> Substring { table.patterns[pattern].module.prefix { $0 != "." && $0 != "/" } }
    let has = Set(present.map(part))
    let lost = Dictionary(grouping: missing, by: part)
    let isTorn = lost.keys.contains { has.contains($0) }
    let isEdge = slots.contains(0) || slots.contains(stack.blocks.count - 1)
    // ModernBERT's first block comes right behind the norm of the embedding; other models may be built alike. Whole
    // parts that are gone may have been pruned.
    let isNormOnly = lost.values.allSatisfy { $0.count == 1 }
    if !isTorn, isNormOnly, isEdge, family?.name == "modernbert" { return }
    let mayBeMeant = !isTorn && (!isNormOnly || isEdge && !model.isRecognised)
    let examples = missing.prefix(3).map { String(table.patterns[$0].text.dropFirst(stack.path.utf8.count + 2)) }
    for slot in slots {
      findings.add(
        mayBeMeant ? .note : .warning, .layerIncomplete, tensor: "\(stack.path)\(stack.blocks[slot])",
        "the block lacks \(examples.joined(separator: ", "))"
          + (missing.count > 3 ? " and \(missing.count - 3) more tensors" : "")
          + ", which its siblings under \(stack.path.dropLast()) have",
        help: mayBeMeant ? "Meant, where parts were pruned; otherwise download the checkpoint again." : nil)
    }
  }

  /// Tensors that are stored with a prefix before their names and without it: `model.layers.0…` and `layers.0…`.
  mutating func prefixes() {
    let texts = Dictionary(
      table.patterns.enumerated().map { ($1.text, $0) }, uniquingKeysWith: { first, _ in first })
    var twins: [Substring: (count: Int, tensor: Int)] = [:]
    for pattern in table.patterns where pattern.part == .weight && pattern.stackPath != nil {
      guard let dot = pattern.text.firstIndex(of: "."), pattern.text[..<dot] != "#" else { continue }
      let rest = String(pattern.text[pattern.text.index(after: dot)...])
      guard let twin = texts[rest], table.patterns[twin].tally.tensors == pattern.tally.tensors,
        weightSet.tensors[table.patterns[twin].example].shape == weightSet.tensors[pattern.example].shape
      else { continue }
      twins[pattern.text[..<dot], default: (0, pattern.example)].count += 1
    }
    // Chance makes one or two alike; a model has a block of them.
    for (prefix, twin) in twins.sorted(by: { $0.key < $1.key }) where twin.count >= 4 {
      findings.add(
        .warning, .tensorUnderTwoNames, tensor: weightSet.tensors[twin.tensor].name,
        "\(twin.count) kinds of tensors are stored under \(prefix). and without it")
    }
  }
}
