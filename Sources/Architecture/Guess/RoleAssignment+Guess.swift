internal import Checkpoint
internal import Units

extension RoleAssignment {
  /// What can be told of a model that no row describes: the column that holds the most parameters, and in it the
  /// parts that names hint at or shapes give away.
  ///
  /// - Parameters:
  ///   - declared: the family that the configuration names, whose parts may occur under other names.
  ///   - said: what is settled before anything is guessed.
  init(
    guessing table: PatternTable, stacks: [BlockStack], tensors: [StoredTensor], settings: Settings,
    declared: Family? = nil, said: Said = Said()
  ) {
    self.init(table, stacks: stacks)
    let hints = GuessHints(settings, declared: declared)
    let layers = settings.size((declared?.keys ?? .unknown).layers)?.value
    principal =
      stacks.firstIndex { $0.name == said.layers }
      ?? Self.principal(of: table, stacks, tensors, hints, layers: layers)
    for (pattern, role) in said.roles {
      roles[pattern] = role
      if table.patterns[pattern].stackPath == nil { claimed.insert(role) }
    }
    guard let principal else { return }
    // The factors of an adapter say little of what they adapt.
    guard stacks[principal].patterns.contains(where: { table.patterns[$0].adapter == nil }) else { return }
    let hidden = guessBlocks(of: principal, table, tensors, hints, said)
    matched = stacks[principal].patterns.count { roles[$0] != nil }
    // Other columns have sizes of their own, of which the configuration says nothing here.
    for stack in stacks.indices where stack != principal {
      _ = guessBlocks(of: stack, table, tensors, GuessHints(), said)
    }
    if let hidden { guessOutside(table, tensors, settings, declared, hints, hidden) }
    shareWithinModules(table)
  }

  /// The column that holds the most parameters, of those that the configuration agrees with best.
  private static func principal(
    of table: PatternTable, _ stacks: [BlockStack], _ tensors: [StoredTensor], _ hints: GuessHints, layers: Int?
  ) -> Int? {
    let sizes = table.patterns.map { pattern in
      (tensors[pattern.example].shape.elementCount?.count ?? 0).multipliedReportingOverflow(by: pattern.tally.tensors)
    }.map { $0.overflow ? Int.max / 4096 : $0.partialValue / 4096 }
    let ranks = stacks.map { stack in
      let total = stack.patterns.reduce(0) { $0.addingReportingOverflow(sizes[$1]).partialValue }
      let hasWidth = stack.patterns.contains { tensors[table.patterns[$0].example].shape.dimensions == [hints.hidden] }
      let agreement = (stack.blocks.count == layers ? 1 : 0) + (hasWidth ? 1 : 0)
      return (stack.path.isPerception ? 0 : 1, agreement, total)
    }
    return stacks.indices.max { ranks[$0] == ranks[$1] ? $0 > $1 : ranks[$0] < ranks[$1] }
  }

  /// The parts of a column's blocks; returns how wide they are.
  private mutating func guessBlocks(
    of stack: Int, _ table: PatternTable, _ tensors: [StoredTensor], _ hints: GuessHints, _ said: Said
  ) -> Int? {
    var guess = BlockGuess(table, stacks[stack], tensors, hints, said: said.roles)
    guess.run()
    for (pattern, role) in guess.roles { roles[pattern] = role }
    evidence.merge(guess.evidence) { $1 }
    if stack == principal { isTransposed = guess.isTransposed }
    return guess.hidden
  }

  /// What a module's weight is, its other parameters are too, such as the factors of an adapter.
  private mutating func shareWithinModules(_ table: PatternTable) {
    var byModule: [String: Int] = [:]
    for pattern in roles.indices where roles[pattern] != nil {
      byModule[table.patterns[pattern].modulePattern] = pattern
    }
    for pattern in roles.indices where roles[pattern] == nil {
      guard let owner = byModule[table.patterns[pattern].modulePattern] else { continue }
      roles[pattern] = roles[owner]
    }
  }

  private mutating func guessOutside(
    _ table: PatternTable, _ tensors: [StoredTensor], _ settings: Settings, _ declared: Family?, _ hints: GuessHints,
    _ hidden: Int
  ) {
    func shape(_ pattern: Int) -> Shape { tensors[table.patterns[pattern].example].shape }
    let outside = table.patterns.indices.filter {
      table.patterns[$0].stackPath == nil && table.patterns[$0].part == .weight && table.patterns[$0].adapter == nil
        && !table.patterns[$0].text.isPerception
    }
    let matrices = outside.filter { shape($0).rank == 2 && shape($0)[1] == hidden && shape($0)[0] > 2 }
      .sorted { shape($0)[0] > shape($1)[0] }
    let positions = settings.size((declared?.keys ?? .unknown).positions)?.value
    let rows = positions.map { $0 + (declared?.positionOffset ?? 0) }
    let vocabulary = vocabulary(matrices.map { shape($0)[0] }, settings, declared)
    for pattern in matrices {
      let name = table.patterns[pattern].text.lowercased()
      let isFull = shape(pattern)[0] == vocabulary
      if name.contains("head") || name.contains("output") || name.contains("embed_out") {
        if isFull { claim(pattern, .head, hints, "a row for each of the vocabulary's words, and a name that tells") }
      } else if isFull {
        // Of two alike without a name that tells, the first is the input's.
        let role: Role = claimed.contains(.inputEmbedding) ? .head : .inputEmbedding
        claim(pattern, role, hints, "\(shape(pattern)[0]) rows, the most beside the blocks")
      } else if name.contains("pos") || name.contains("wpe") || shape(pattern)[0] == rows {
        claim(pattern, .positionEmbedding, hints, "\(shape(pattern)[0]) rows, as there are positions")
      } else if declared != nil, shape(pattern) == [hidden, hidden] {
        for role in [Role.headTransform, .pooler, .classifierTransform] {
          claim(pattern, role, hints, "as wide as the blocks on both sides, beside them")
        }
      }
    }
    guessImages(outside, tensors, table, hints, hidden)
    if declared != nil, let types = settings.size(["type_vocab_size"])?.value {
      for pattern in outside where shape(pattern) == [types, hidden] {
        claim(pattern, .tokenTypeEmbedding, hints, "a row for each of \(types) types of tokens")
      }
    }
    let norms: [Role] = [.finalNorm, .embeddingNorm, .headTransformNorm]
    let possible = norms.filter { hints.expected?.contains($0) ?? ($0 == .finalNorm) }
    let vectors = outside.filter { shape($0) == [hidden] }
    for (pattern, role) in zip(vectors, possible) {
      claim(pattern, role, hints, "a vector as long as the blocks are wide, beside them")
    }
    // A head that shares the embedding's matrix may have a bias of its own.
    for pattern in table.patterns.indices
    where table.patterns[pattern].part == .bias && table.patterns[pattern].stackPath == nil {
      guard shape(pattern) == [vocabulary ?? -1] else { continue }
      claim(pattern, .head, hints, "a number for each of the vocabulary's words")
    }
  }

  private func isPatchConvolution(_ shape: Shape, _ hidden: Int) -> Bool {
    shape.rank == 4 && shape[0] == hidden && [1, 3, 4].contains(shape[1]) && shape[2] > 1
  }

  /// What reads images, and what gives labels.
  private mutating func guessImages(
    _ outside: [Int], _ tensors: [StoredTensor], _ table: PatternTable, _ hints: GuessHints, _ hidden: Int
  ) {
    for pattern in outside {
      let shape = tensors[table.patterns[pattern].example].shape
      if isPatchConvolution(shape, hidden) {
        claim(pattern, .patchEmbedding, hints, "a convolution of a picture's channels to the blocks' width")
        continue
      }
      // Without a family's word these could be anything.
      guard hints.expected != nil else { continue }
      if shape == [1, 1, hidden] {
        claim(pattern, .classToken, hints, "one vector by itself")
      } else if shape.rank == 3, shape[0] == 1, shape[2] == hidden {
        claim(pattern, .positionEmbedding, hints, "\(shape[1]) rows, as there are patches")
      } else if shape.rank == 2, shape[1] == hidden, hints.expected?.contains(.inputEmbedding) == false {
        claim(pattern, .classifier, hints, "\(shape[0]) rows, as there are labels")
      }
    }
  }

  /// Rows of the largest table; the configuration's word counts where no table has more than it says and padding.
  private func vocabulary(_ rows: [Int], _ settings: Settings, _ declared: Family?) -> Int? {
    guard let declared, !declared.keys.vocabulary.isEmpty else { return declared == nil ? rows.first : nil }
    guard let said = settings.size(declared.keys.vocabulary)?.value else { return rows.first }
    return rows.first { $0 == said } ?? rows.first { $0 > said } ?? rows.first
  }

  /// Gives a part to a pattern unless another has it.
  private mutating func claim(_ pattern: Int, _ role: Role, _ hints: GuessHints, _ why: String) {
    guard let principal, roles[pattern] == nil, hints.allows(role), claimed.insert(role).inserted else { return }
    roles[pattern] = role
    stackOf[pattern] = principal
    evidence[pattern] = why
  }
}
