internal import Checkpoint
internal import Units

extension RoleAssignment {
  /// What can be told of a model that no row describes: the column that holds the most parameters, and in it the
  /// parts that names hint at or shapes give away.
  init(guessing table: PatternTable, stacks: [BlockStack], tensors: [StoredTensor], settings: Settings) {
    self.init(table, stacks: stacks)
    let sizes = table.patterns.map { pattern in
      (tensors[pattern.example].shape.elementCount?.count ?? 0).multipliedReportingOverflow(by: pattern.tally.tensors)
    }.map { $0.overflow ? Int.max / 4096 : $0.partialValue / 4096 }
    let declared = settings.size(["num_hidden_layers", "n_layer", "n_layers", "num_layers"])?.value
    let hidden = settings.size(["hidden_size", "n_embd", "d_model"])?.value
    principal = stacks.indices.max { left, right in
      func rank(_ stack: Int) -> (Int, Int, Int) {
        let total = stacks[stack].patterns.reduce(0) { $0.addingReportingOverflow(sizes[$1]).partialValue }
        let hasWidth = stacks[stack].patterns.contains {
          tensors[table.patterns[$0].example].shape.dimensions == [hidden]
        }
        let agreement = (stacks[stack].blocks.count == declared ? 1 : 0) + (hasWidth ? 1 : 0)
        return (stacks[stack].path.isPerception ? 0 : 1, agreement, total)
      }
      return rank(left) == rank(right) ? left > right : rank(left) < rank(right)
    }
    // The factors of an adapter say little of what they adapt.
    guard let principal, !table.patterns.contains(where: { $0.adapter != nil }) else { return }
    var guess = BlockGuess(table, stacks[principal].patterns, tensors)
    guess.run(declared: hidden)
    for (pattern, role) in guess.roles { roles[pattern] = role }
    isTransposed = guess.isTransposed
    guessOutside(table, tensors, hidden: guess.hidden)
    matched = guess.roles.count
  }

  private mutating func guessOutside(_ table: PatternTable, _ tensors: [StoredTensor], hidden: Int?) {
    guard let hidden else { return }
    let outside = table.patterns.indices.filter {
      table.patterns[$0].stackPath == nil && table.patterns[$0].part == .weight && table.patterns[$0].adapter == nil
        && !table.patterns[$0].text.isPerception
    }
    let matrices = outside.filter {
      let shape = tensors[table.patterns[$0].example].shape
      return shape.rank == 2 && shape[1] == hidden && shape[0] > 2
    }.sorted { tensors[table.patterns[$0].example].shape[0] > tensors[table.patterns[$1].example].shape[0] }
    let vocabulary = matrices.first.map { tensors[table.patterns[$0].example].shape[0] }
    for pattern in matrices {
      let name = table.patterns[pattern].text.lowercased()
      let hasInput = claimed.contains(.inputEmbedding)
      let isFull = tensors[table.patterns[pattern].example].shape[0] == vocabulary
      if name.contains("head") || name.contains("output") || name.contains("embed_out") {
        if isFull { claim(pattern, .head) }
      } else if isFull {
        // Of two alike without a name that tells, the first is the input's.
        claim(pattern, hasInput ? .head : .inputEmbedding)
      } else if name.contains("pos") || name.contains("wpe") {
        claim(pattern, .positionEmbedding)
      }
    }
    for pattern in outside where tensors[table.patterns[pattern].example].shape == [hidden] {
      claim(pattern, .finalNorm)
    }
    var byModule: [String: Role] = [:]
    for pattern in outside { byModule[table.patterns[pattern].module] = roles[pattern] }
    for pattern in table.patterns.indices where table.patterns[pattern].part == .bias && roles[pattern] == nil {
      guard table.patterns[pattern].stackPath == nil else { continue }
      roles[pattern] = byModule[table.patterns[pattern].module]
    }
  }

  /// Gives a part to a pattern unless another has it.
  private mutating func claim(_ pattern: Int, _ role: Role) {
    guard let principal, claimed.insert(role).inserted else { return }
    roles[pattern] = role
    stackOf[pattern] = principal
  }
}
