internal import Units

extension BlockGuess {
  /// Experts: modules of which a block has several, or one weight with an axis for them; and the router, which has a row
  /// for each.
  mutating func guessExperts(_ weights: [Int], _ hidden: Int) {
    guessNumbered(weights.filter { isNumbered($0) && shape($0).rank == 2 }, hidden)
    guessStacked(weights.filter { shape($0).rank == 3 && !isNumbered($0) }, hidden)
    guard claimed.contains(.expertDown), let count = expertCount(weights) else { return }
    for pattern in weights where roles[pattern] == nil && !isNumbered(pattern) && shape(pattern) == [count, hidden] {
      claim(pattern, .router, "a row for each of \(count) experts")
    }
    let vectors = weights.filter { roles[$0] == nil && shape($0) == [count] && count != hidden }
    if vectors.count == 1 { claim(vectors[0], .routerCorrection, "a number for each of \(count) experts") }
    for pattern in weights where roles[pattern] == nil && shape(pattern) == [1, hidden] {
      claim(pattern, .sharedExpertWeight, "one row beside experts")
    }
  }

  /// What the configuration says, or how many a block holds of a numbered module or along the first axis.
  private func expertCount(_ weights: [Int]) -> Int? {
    if let experts = hints.experts { return experts }
    for (pattern, role) in roles where role == .expertDown {
      if !isNumbered(pattern) { return shape(pattern)[0] }
      let tensors = table.patterns[pattern].tally.tensors
      // Blocks without experts are none of those that the pattern counts.
      let blocks = blocks(of: pattern).count
      if blocks > 0, tensors % blocks == 0 { return tensors / blocks }
    }
    return nil
  }

  private mutating func guessNumbered(_ matrices: [Int], _ hidden: Int) {
    let down = matrices.filter { shape($0)[0] == hidden && shape($0)[1] != hidden }
    guard let narrowing = down.first else { return }
    let width = shape(narrowing)[1]
    let wide = matrices.filter { shape($0) == [width, hidden] }
    if wide.count > 1 {
      claim(wide[0], .expertGate, "numbered, one of two that give \(width) features, which a matrix narrows")
      claim(wide[1], .expertUp, "numbered, one of two that give \(width) features, which a matrix narrows")
    } else if let up = wide.first {
      claim(up, .expertUp, "numbered, gives \(width) features, which a matrix narrows")
    } else if let both = matrices.first(where: { shape($0) == [2 * width, hidden] }) {
      claim(both, .expertFusedGateUp, "numbered, gives \(2 * width) features, twice as many as a matrix narrows")
    }
    claim(narrowing, .expertDown, "numbered, narrows \(width) features to the block's width")
  }

  /// `[experts, 2i, h]` and `[experts, h, i]`, or the two last axes exchanged.
  private mutating func guessStacked(_ stacked: [Int], _ hidden: Int) {
    guard !claimed.contains(.expertDown), stacked.count >= 2 else { return }
    func width(_ pattern: Int) -> Int? {
      let axes = shape(pattern).dimensions.dropFirst()
      guard axes.contains(hidden) else { return nil }
      return axes.first { $0 != hidden } ?? hidden
    }
    let widths = stacked.compactMap { pattern in width(pattern).map { (pattern: pattern, width: $0) } }
    guard let narrow = widths.map(\.width).min() else { return }
    if let both = widths.first(where: { $0.width == 2 * narrow }),
      let down = widths.first(where: { $0.width == narrow })
    {
      claim(both.pattern, .expertFusedGateUp, "an axis of \(shape(both.pattern)[0]) experts, twice \(narrow) features")
      claim(down.pattern, .expertDown, "an axis of \(shape(down.pattern)[0]) experts, \(narrow) features")
    } else if widths.count >= 3 {
      let down = widths.last { shape($0.pattern)[1] == hidden }?.pattern
      let wide = widths.map(\.pattern).filter { $0 != down }
      if let down { claim(down, .expertDown, "an axis of \(shape(down)[0]) experts, back to the block's width") }
      for (pattern, role) in zip(wide, [Role.expertGate, .expertUp]) {
        claim(pattern, role, "an axis of \(shape(pattern)[0]) experts, one of two alike")
      }
    } else if widths.count == 2 {
      let down = widths.first { shape($0.pattern)[1] == hidden } ?? widths[0]
      claim(down.pattern, .expertDown, "an axis of \(shape(down.pattern)[0]) experts, back to the block's width")
      if let up = widths.first(where: { $0.pattern != down.pattern }) {
        claim(up.pattern, .expertUp, "an axis of \(shape(up.pattern)[0]) experts")
      }
    }
  }
}
