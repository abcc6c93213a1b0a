internal import Checkpoint
internal import Units

extension RoleAssignment {
  /// The parts of a family that the configuration names, under names that its row does not know; nil where parts are
  /// left over, or the most telling ones are missing.
  init?(
    renamed family: Family, _ table: PatternTable, _ stacks: [BlockStack], _ tensors: [StoredTensor],
    _ settings: Settings
  ) {
    let columns: Int
    if case .encoderDecoder? = family.forward { columns = 2 } else { columns = 1 }
    // As many columns of blocks as the family has, and a forward pass that is known.
    guard family.forward != nil, stacks.count == columns else { return nil }
    self.init(guessing: table, stacks: stacks, tensors: tensors, settings: settings, declared: family)
    guard let principal, columns == 1 || pair != nil else { return nil }
    let isWhole = stacks.allSatisfy { hasWholeBlocks(Self.weights($0.patterns, table)) }
    guard isWhole, roles.contains(.inputEmbedding) || roles.contains(.patchEmbedding) else { return nil }
    if let pair {
      let found = Set(stacks[pair.decoder].patterns.compactMap { roles[$0] })
      let outside = table.patterns.indices.filter { table.patterns[$0].stackPath == nil && !buffers.contains($0) }
      let isCountedOnce = stacks.allSatisfy { stack in
        stack.patterns.allSatisfy { table.patterns[$0].tally.tensors <= stack.blocks.count }
      }
      // A block of which a part is there several times has more parts than were told, and what is left over beside two
      // columns could belong to either.
      guard found.isSuperset(of: GuessHints.overEncoder.values), isCountedOnce,
        Self.weights(outside, table).allSatisfy({ roles[$0] != nil })
      else { return nil }
    }
    if family.isTransposed != isTransposed, BlockGuess.isTransposed(table, stacks[principal].patterns, tensors) != nil {
      return nil
    }
  }

  private static func weights(_ patterns: [Int], _ table: PatternTable) -> [Int] {
    patterns.filter { [.weight, .bias, .packedWeight].contains(table.patterns[$0].part) }
  }

  /// Whether the weights of a column's blocks have parts, and among them those without which there is no block.
  private func hasWholeBlocks(_ weights: [Int]) -> Bool {
    guard weights.allSatisfy({ roles[$0] != nil }) else { return false }
    let found = Set(weights.compactMap { roles[$0] })
    let attends = found.contains(.attentionOutput) && !found.isDisjoint(with: [.query, .fusedQKV, .queryUp])
    return found.isSuperset(of: [.mixerInput, .mixerOutput])
      || attends && !found.isDisjoint(with: [.down, .expertDown])
  }
}
