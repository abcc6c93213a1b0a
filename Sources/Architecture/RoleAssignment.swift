internal import Checkpoint

/// Which column of blocks each pattern belongs to, and which part it plays.
struct RoleAssignment {
  var stacks: [BlockStack]
  /// The column that gives the model its layer count; nil where nothing repeats.
  var principal: Int?
  /// For each pattern: its column, or of a module beside the blocks the column that it serves; -1 where none.
  var stackOf: [Int]
  /// For each pattern: its part; nil where the family does not say.
  var roles: [Role?]
  /// The columns of an encoder-decoder; nil where there is none, or a row tells them.
  var pair: ColumnPair?
  /// The patterns that a family keeps as buffers and a guess has found under other names.
  var buffers: Set<Int> = []
  /// Whether linear layers look as if they were stored as `[in, out]`; a row knows better.
  var isTransposed = false
  /// Why a pattern has the part that a guess gave it, in words.
  var evidence: [Int: String] = [:]
  /// The family whose row gave the parts; nil where they were guessed.
  var row: String?
  /// How many patterns of the principal column have a part.
  var matched = 0

  /// Nothing assigned yet.
  init(_ table: PatternTable, stacks: [BlockStack]) {
    self.stacks = stacks
    stackOf = [Int](repeating: -1, count: table.patterns.count)
    roles = [Role?](repeating: nil, count: table.patterns.count)
    for (number, stack) in stacks.enumerated() {
      for pattern in stack.patterns { stackOf[pattern] = number }
    }
  }

  /// What a family's row says of the names; nil where no block has a module that the row names.
  init?(_ family: Family, _ table: PatternTable, stacks: [BlockStack]) {
    self.init(table, stacks: stacks)
    var scores = [Int](repeating: 0, count: stacks.count)
    for (number, stack) in stacks.enumerated() {
      let path = String(stack.path.dropLast())
      guard family.layerPaths.contains(where: path.endsAsPath) else { continue }
      for pattern in stack.patterns {
        guard let role = family.layer[table.patterns[pattern].module] else { continue }
        roles[pattern] = role
        scores[number] += 1
      }
      guard !family.crossLayer.isEmpty, stack.patterns.contains(where: { roles[$0] == .crossQuery }) else { continue }
      for pattern in stack.patterns {
        if let role = family.crossLayer[table.patterns[pattern].module] { roles[pattern] = role }
      }
    }
    guard let best = Self.choose(scores, stacks, preferring: family.principal) else { return nil }
    row = family.name
    principal = best
    matched = scores[best]
    assignOutside(family, table, matching: stacks.indices.filter { scores[$0] > 0 })
  }

  /// The best-matched column; a tower that reads pictures or sound only where there is no other.
  private static func choose(_ scores: [Int], _ stacks: [BlockStack], preferring word: String?) -> Int? {
    func rank(_ stack: Int) -> (Int, Int, Int) {
      let path = stacks[stack].path
      let isPreferred = word.map { path.hasComponent($0) } ?? false
      return (isPreferred ? 1 : 0, path.isPerception ? 0 : 1, scores[stack])
    }
    return stacks.indices.filter { scores[$0] > 0 }.max { left, right in
      rank(left) == rank(right) ? left > right : rank(left) < rank(right)
    }
  }

  /// Modules beside the blocks: those of the principal column from its own prefix outward, those of another column
  /// only within what it does not share with the principal one.
  private mutating func assignOutside(_ family: Family, _ table: PatternTable, matching: [Int]) {
    guard let principal else { return }
    let own = Self.prefixes(of: stacks[principal].path)
    var owner: [String: Int] = [:]
    for stack in matching where stack != principal {
      for prefix in Self.prefixes(of: stacks[stack].path) where !own.contains(prefix) { owner[prefix] = stack }
    }
    for prefix in own { owner[prefix] = principal }
    // The longest name is the most telling one.
    let names = family.outside.merging(family.headNames) { $1 }.sorted {
      ($0.key.count, $0.key) < ($1.key.count, $1.key)
    }
    for pattern in table.patterns.indices where table.patterns[pattern].stackPath == nil {
      let module = table.patterns[pattern].module
      for (name, role) in names where module.endsAsPath(with: name) {
        guard let stack = owner[String(module.dropLast(name.count))] else { continue }
        roles[pattern] = role
        stackOf[pattern] = stack
      }
    }
  }

  /// `a.b.layers.` gives ``, `a.`, `a.b.` and `a.b.layers.`.
  static func prefixes(of path: String) -> Set<String> {
    var result: Set<String> = [""]
    var index = path.startIndex
    while index < path.endIndex {
      let next = path.index(after: index)
      if path[index] == "." || path[index] == "/" { result.insert(String(path[..<next])) }
      index = next
    }
    return result
  }
}

extension String {
  /// Whether it is `suffix`, or ends with it after a separator.
  func endsAsPath(with suffix: String) -> Bool {
    guard hasSuffix(suffix) else { return false }
    guard let before = dropLast(suffix.count).last else { return true }
    return before == "." || before == "/"
  }

  func hasComponent(_ word: String) -> Bool {
    split { $0 == "." || $0 == "/" }.contains { $0 == word }
  }

  /// Whether it is in a tower that reads pictures or sound, or in what joins one to the text model.
  var isPerception: Bool {
    split { $0 == "." || $0 == "/" }.contains { component in
      Self.perception.contains(String(component)) || component.hasPrefix("vision") || component.hasPrefix("visual")
    }
  }

  private static let perception: Set<String> = [
    "image_encoder", "image_newline", "img_processor", "multi_modal_projector", "mm_projector", "audio_tower",
    "audio_encoder", "connector", "patch_embed", "merger",
  ]
}
