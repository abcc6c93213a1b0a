internal import Units

extension BlockGuess {
  /// Matrices by their two sides, as seen from a block of a width.
  private struct Sides {
    /// Both sides are the block's.
    var square: [Int] = []
    /// From the block's width to others.
    var widening: [Int: [Int]] = [:]
    /// From other widths to the block's.
    var narrowing: [Int: [Int]] = [:]

    /// Takes the first of those that widen to a width.
    mutating func takeWidening(_ width: Int) -> Int? { Self.take(width, of: &widening) }
    mutating func takeNarrowing(_ width: Int) -> Int? { Self.take(width, of: &narrowing) }

    /// The one of several that has a bias, or the first.
    mutating func takeFused(_ width: Int, _ hasBias: (Int) -> Bool) -> Int? {
      guard let group = widening[width], group.count > 1, let own = group.first(where: hasBias) else {
        return takeWidening(width)
      }
      widening[width] = group.filter { $0 != own }
      return own
    }

    private static func take(_ width: Int, of group: inout [Int: [Int]]) -> Int? {
      guard var matrices = group[width], !matrices.isEmpty else { return nil }
      let first = matrices.removeFirst()
      group[width] = matrices.isEmpty ? nil : matrices
      return first
    }
  }

  /// Attention and the MLP of every token, by widths: `[3h, h]` is a fused projection, `[h, h]` query or output, `[n, h]`
  /// widens, `[h, n]` narrows.
  mutating func guessMatrices(_ matrices: [Int], _ hidden: Int) {
    var sides = Sides()
    for pattern in matrices {
      let shape = shape(pattern)
      let (output, input) = isTransposed ? (shape[1], shape[0]) : (shape[0], shape[1])
      switch (output == hidden, input == hidden) {
      case (true, true): sides.square.append(pattern)
      case (false, true): sides.widening[output, default: []].append(pattern)
      case (true, false): sides.narrowing[input, default: []].append(pattern)
      case (false, false): break
      }
    }
    guessAttention(&sides, hidden)
    guessMLP(&sides)
  }

  // MARK: - Attention

  private mutating func guessAttention(_ sides: inout Sides, _ hidden: Int) {
    if hints.queryWidth(hidden) == nil { guessOwnWidth(&sides) }
    let (queries, keys) = (hints.queryWidth(hidden) ?? hidden, hints.keyWidth(hidden))
    if let fused = fusedWidth(sides, queries, keys, hidden), let pattern = sides.takeFused(fused, hasBias) {
      claim(pattern, .fusedQKV, "\(fused) features of \(hidden), and nothing narrows them: queries, keys and values")
    }
    if queries != hidden, !claimed.contains(.fusedQKV) {
      if let pattern = sides.takeWidening(queries) {
        claim(pattern, .query, "\(queries) features, as heads and their width say")
      }
      guessKeys(&sides, keys, hidden)
      if let pattern = sides.takeNarrowing(queries) {
        claim(pattern, .attentionOutput, "takes \(queries) features, as queries give them")
      }
    }
    if queries != hidden, claimed.contains(.fusedQKV), let pattern = sides.takeNarrowing(queries) {
      claim(pattern, .attentionOutput, "takes \(queries) features, as heads and their width say")
    }
    guessKeys(&sides, keys, hidden)
    guessSquares(&sides)
  }

  /// Attention over more or fewer features than the block has, where the configuration does not say how many: beside an
  /// MLP's, a width that queries alone widen to, or queries, keys and values.
  private mutating func guessOwnWidth(_ sides: inout Sides) {
    guard claimed.isDisjoint(with: [.query, .fusedQKV, .attentionOutput]) else { return }
    func count(_ width: Int) -> Int { sides.widening[width]?.count ?? 0 }
    let narrowed = sides.narrowing.keys.filter { count($0) > 0 || count(2 * $0) > 0 }.sorted()
    let hasKeys = sides.widening.contains { $0.value.count == 2 && sides.narrowing[$0.key] == nil }
    let takesOne = hasKeys ? sides.square.isEmpty : sides.square.count == 2
    for width in narrowed {
      // The MLP is the widest, or the one with a gate.
      let isMLP =
        width == narrowed.last && !claimed.contains(.expertDown) && !narrowed.contains { $0 != width && count($0) == 2 }
      let outputs = sides.narrowing[width]?.count ?? 0
      guard !isMLP, outputs <= 2, count(width) == 3 * outputs && sides.square.isEmpty || takesOne && count(width) == 1
      else { continue }
      let orders: [[Role]] = [
        [.query, .key, .value], [.attentionOutput], [.crossQuery, .crossKey, .crossValue], [.crossAttentionOutput],
      ]
      for roles in orders {
        let isOutput = roles.count == 1
        for role in roles {
          guard let pattern = isOutput ? sides.takeNarrowing(width) : sides.takeWidening(width) else { break }
          claim(pattern, role, "\(width) features, which are neither the block's nor the MLP's")
        }
      }
      return
    }
  }

  /// The width of one matrix that nothing narrows again, be it as three times the block or as heads say.
  private func fusedWidth(_ sides: Sides, _ queries: Int, _ keys: Int?, _ hidden: Int) -> Int? {
    guard hints.allows(.fusedQKV), !claimed.contains(.query) else { return nil }
    let exact = keys.map { queries + 2 * $0 }
    let alone = sides.widening.filter { width, group in
      group.count == 1 && sides.narrowing[width] == nil && (width % 2 != 0 || sides.narrowing[width / 2] == nil)
    }.keys.sorted()
    for width in [exact, 3 * hidden].compactMap(\.self) {
      if alone.contains(width) { return width }
      // An MLP may be as wide: then it is the only one of three that has a bias, or has none.
      if sides.widening[width]?.count == 3, sides.widening[width]?.filter(hasBias).count == 1 { return width }
    }
    return alone.first { $0 > queries && $0 <= 3 * queries }
  }

  /// Two alike that nothing narrows: keys and values of fewer heads than queries.
  private mutating func guessKeys(_ sides: inout Sides, _ keys: Int?, _ hidden: Int) {
    guard !claimed.contains(.fusedQKV), !claimed.contains(.key) else { return }
    let width =
      keys.flatMap { $0 != hidden && sides.widening[$0]?.count ?? 0 >= 2 ? $0 : nil }
      ?? sides.widening.filter { $0.value.count == 2 && $0.key < hidden && sides.narrowing[$0.key] == nil }.keys.max()
    guard let width, let first = sides.takeWidening(width), let second = sides.takeWidening(width) else { return }
    for (pattern, role) in zip([first, second], [Role.key, .value]) {
      claim(pattern, role, "one of two matrices of \(width) features that nothing narrows")
    }
  }

  private mutating func guessSquares(_ sides: inout Sides) {
    var square = sides.square
    sides.square = []
    // The one that has no bias where the others have, or has one where they have not, is the way out.
    if let odd = oddOne(square) ?? (square.count == 1 ? square.first : nil), !claimed.contains(.attentionOutput) {
      square.removeAll { $0 == odd }
      claim(odd, .attentionOutput, "as wide as the block on both sides, alone in having a bias or none, or alone")
    }
    let order: [Role] = [
      .attentionOutput, .query, .key, .value, .crossQuery, .crossKey, .crossValue, .crossAttentionOutput,
    ]
    let free = order.filter {
      !claimed.contains($0) && hints.allows($0) && !($0 == .query && claimed.contains(.fusedQKV))
    }
    // Keys and values that were told by their width leave queries and output.
    for (pattern, role) in zip(square, free) {
      claim(pattern, role, "as wide as the block on both sides, one of \(square.count)")
    }
  }

  private func oddOne(_ square: [Int]) -> Int? {
    guard square.count == 2 || square.count == 4 else { return nil }
    let withBias = square.filter(hasBias)
    let others = square.filter { !withBias.contains($0) }
    if others.count == 1 { return others[0] }
    return square.count > 2 && withBias.count == 1 ? withBias[0] : nil
  }

  // MARK: - MLP

  /// Whether a block has both experts and this.
  private func standsBesideExperts(_ pattern: Int) -> Bool {
    guard hints.allows(.sharedExpertDown), let experts = roles.first(where: { $0.value == .expertDown })?.key else {
      return false
    }
    return !blocks(of: pattern).isDisjoint(with: blocks(of: experts))
  }

  private mutating func guessMLP(_ sides: inout Sides) {
    // The widest that is narrowed again.
    for (width, group) in sides.narrowing.sorted(by: { $0.key > $1.key }) {
      let isShared = claimed.contains(.router) && (claimed.contains(.down) || standsBesideExperts(group[0]))
      let (gate, up, down): (Role, Role, Role) =
        isShared ? (.sharedExpertGate, .sharedExpertUp, .sharedExpertDown) : (.gate, .up, .down)
      guard !claimed.contains(down) else { continue }
      if let wide = sides.widening[width], !wide.isEmpty {
        if wide.count > 1, hints.allows(gate) {
          claim(wide[0], gate, "one of two that give \(width) features, which a matrix narrows")
          claim(wide[1], up, "one of two that give \(width) features, which a matrix narrows")
        } else {
          claim(wide[0], up, "gives \(width) features, which a matrix narrows")
        }
      } else if let both = sides.widening[2 * width]?.first {
        claim(both, .fusedGateUp, "gives \(2 * width) features, twice as many as a matrix narrows")
      } else {
        continue
      }
      claim(group[0], down, "narrows \(width) features to the block's width")
    }
  }
}
