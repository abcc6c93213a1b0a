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
    if case .encoderDecoder? = declared?.forward { pair = ColumnPair(table, stacks, tensors, hints) }
    principal =
      stacks.firstIndex { $0.name == said.layers } ?? pair?.encoder
      ?? Self.principal(of: table, stacks, tensors, hints, layers: layers)
    for (pattern, role) in said.roles {
      roles[pattern] = role
      guard table.patterns[pattern].stackPath == nil, role != .other else { continue }
      stackOf[pattern] = pair?.owner(of: table.patterns[pattern].text) ?? principal ?? -1
    }
    guard let principal else { return }
    // The factors of an adapter say little of what they adapt.
    guard stacks[principal].patterns.contains(where: { table.patterns[$0].adapter == nil }) else { return }
    let hidden = guessBlocks(of: principal, table, tensors, hints, said)
    matched = stacks[principal].patterns.count { roles[$0] != nil }
    // Columns that are no pair have sizes of their own, of which the configuration says nothing here.
    for stack in stacks.indices where stack != principal {
      _ = guessBlocks(of: stack, table, tensors, pair == nil ? GuessHints() : hints, said)
    }
    if let hidden {
      var guess = OutsideGuess(self, principal: principal, hidden: hidden, table, tensors, settings, declared, hints)
      guess.run()
      for (pattern, part) in guess.parts {
        roles[pattern] = part.role
        stackOf[pattern] = part.column
        evidence[pattern] = part.why
      }
      buffers = guess.buffers
    }
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
    let whole = stacks[stack]
    guard let pair else { return guess(whole, table, tensors, hints, said.roles) }
    guard stack == pair.decoder else { return guess(whole, table, tensors, hints.attendingOnce, said.roles) }
    // A decoder's block is an encoder's with an attention more, which is guessed as if it were a block by itself.
    let (own, over) = pair.split(whole)
    let names = GuessHints.overEncoder
    let alone = Dictionary(names.map { ($0.value, $0.key) }) { first, _ in first }
    let hidden = guess(own, table, tensors, hints.attendingOnce, said.roles)
    _ = guess(over, table, tensors, hints.attendingAlone, said.roles.mapValues { alone[$0] ?? $0 })
    for pattern in over.patterns {
      guard let role = roles[pattern] else { continue }
      roles[pattern] = names[role] ?? role
      evidence[pattern]?.append("; of the attention that blocks of \(stacks[pair.encoder].name) do not have")
    }
    return hidden
  }

  private mutating func guess(
    _ stack: BlockStack, _ table: PatternTable, _ tensors: [StoredTensor], _ hints: GuessHints, _ said: [Int: Role]
  ) -> Int? {
    var guess = BlockGuess(table, stack, tensors, hints, said: said)
    guess.run()
    for (pattern, role) in guess.roles { roles[pattern] = role }
    evidence.merge(guess.evidence) { $1 }
    if let principal, stack.path == stacks[principal].path { isTransposed = guess.isTransposed }
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
      stackOf[pattern] = stackOf[owner]
    }
  }
}
