internal import Checkpoint
internal import Units

extension RoleAssignment {
  /// What can be told of a model that no row describes: the column that holds the most parameters, and in it the
  /// parts that names hint at or shapes give away.
  init(guessing table: PatternTable, stacks: [BlockStack], tensors: [StoredTensor], settings: Settings) {
    self.init(table, stacks: stacks)
    let sizes = table.patterns.map { pattern in
      (tensors[pattern.example].shape.elementCount?.count ?? 0).multipliedReportingOverflow(by: pattern.count)
    }.map { $0.overflow ? Int.max / 4096 : $0.partialValue / 4096 }
    let declared = settings.size(["num_hidden_layers", "n_layer", "n_layers", "num_layers"])?.value
    principal = stacks.indices.max { left, right in
      func rank(_ stack: Int) -> (Int, Int, Int) {
        let total = stacks[stack].patterns.reduce(0) { $0.addingReportingOverflow(sizes[$1]).partialValue }
        return (stacks[stack].path.isPerception ? 0 : 1, stacks[stack].blocks.count == declared ? 1 : 0, total)
      }
      return rank(left) == rank(right) ? left > right : rank(left) < rank(right)
    }
    guard let principal else { return }
    var guess = BlockGuess(table, stacks[principal].patterns, tensors)
    guess.run()
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
      let isFull = tensors[table.patterns[pattern].example].shape[0] == vocabulary
      if name.contains("head") || name.contains("output") || name.contains("embed_out") {
        if isFull { claim(pattern, .head) }
      } else if isFull {
        // Of two alike without a name that tells, the first is the input's.
        claim(pattern, roles.contains(.inputEmbedding) ? .head : .inputEmbedding)
      } else if name.contains("pos") || name.contains("wpe") {
        claim(pattern, .positionEmbedding)
      }
    }
    for pattern in outside where tensors[table.patterns[pattern].example].shape == [hidden] {
      claim(pattern, .finalNorm)
    }
    for pattern in table.patterns.indices where table.patterns[pattern].part == .bias {
      let module = table.patterns[pattern].module
      guard roles[pattern] == nil, let weight = outside.first(where: { table.patterns[$0].module == module })
      else { continue }
      roles[pattern] = roles[weight]
    }
  }

  /// Gives a part to a pattern unless another has it.
  private mutating func claim(_ pattern: Int, _ role: Role) {
    guard !roles.contains(role), let principal else { return }
    roles[pattern] = role
    stackOf[pattern] = principal
  }
}
