internal import Checkpoint
internal import Units

extension RoleAssignment {
  /// The parts of a family that the configuration names, under names that its row does not know; nil where parts are
  /// left over, or the most telling ones are missing.
  init?(
    renamed family: Family, _ table: PatternTable, _ stacks: [BlockStack], _ tensors: [StoredTensor],
    _ settings: Settings
  ) {
    // One column of blocks, and a forward pass that is known.
    guard family.forward != nil, stacks.count == 1, family.crossLayer.isEmpty else { return nil }
    self.init(guessing: table, stacks: stacks, tensors: tensors, settings: settings, declared: family)
    guard let principal else { return nil }
    let weights = stacks[principal].patterns.filter {
      [.weight, .bias, .packedWeight].contains(table.patterns[$0].part)
    }
    guard weights.allSatisfy({ roles[$0] != nil }) else { return nil }
    let found = Set(weights.compactMap { roles[$0] })
    let attends = found.contains(.attentionOutput) && !found.isDisjoint(with: [.query, .fusedQKV, .queryUp])
    let isWhole =
      found.isSuperset(of: [.mixerInput, .mixerOutput]) || attends && !found.isDisjoint(with: [.down, .expertDown])
    guard isWhole, roles.contains(.inputEmbedding) || roles.contains(.patchEmbedding) else { return nil }
    if family.isTransposed != isTransposed, BlockGuess.isTransposed(table, stacks[principal].patterns, tensors) != nil {
      return nil
    }
  }
}
