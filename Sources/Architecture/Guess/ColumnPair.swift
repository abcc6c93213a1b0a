internal import Checkpoint
internal import Units

/// An encoder's column of blocks and that of the decoder which reads it, told apart by what a decoder's block has beyond
/// an encoder's: a second attention and its norm.
struct ColumnPair {
  let encoder: Int
  let decoder: Int
  /// The decoder's patterns that make its attention over the encoder.
  private let overEncoder: Set<Int>
  /// What the path of each column has beside what it shares with the other's: `model.decoder.`.
  private let ownPaths: [Int: String]

  /// - Returns: nil where there are not two columns, or one is not the other with an attention more.
  init?(_ table: PatternTable, _ stacks: [BlockStack], _ tensors: [StoredTensor], _ hints: GuessHints) {
    guard stacks.count == 2 else { return nil }
    let weights = stacks.map { stack in
      stack.patterns.filter { table.patterns[$0].part == .weight && table.patterns[$0].adapter == nil }
    }
    // No block that is known has a hundred parts.
    guard weights[0].count != weights[1].count, weights.allSatisfy({ $0.count < 100 }) else { return nil }
    encoder = weights[0].count < weights[1].count ? 0 : 1
    decoder = 1 - encoder
    var guess = BlockGuess(table, stacks[encoder], tensors, hints.attendingOnce)
    guess.run()
    guard let hidden = guess.hidden else { return nil }
    let columns = Columns(
      table: table, tensors: tensors, encoder: weights[encoder], decoder: weights[decoder],
      attention: weights[encoder].filter { guess.roles[$0].map(Self.attention.contains) ?? false })
    guard let second = columns.secondAttention(), let norm = columns.secondNorm(hidden, beside: second) else {
      return nil
    }
    let modules = Set((second + [norm]).map { table.patterns[$0].module })
    overEncoder = Set(stacks[decoder].patterns.filter { modules.contains(table.patterns[$0].module) })
    let prefixes = stacks.map { RoleAssignment.prefixes(of: $0.path) }
    ownPaths = [encoder, decoder].reduce(into: [:]) { paths, column in
      paths[column] = prefixes[column].subtracting(prefixes[1 - column]).min { $0.count < $1.count }
    }
  }

  private static let attention: Set<Role> = [.query, .key, .value, .attentionOutput]

  /// A decoder's blocks without their attention over the encoder, and that attention.
  func split(_ stack: BlockStack) -> (own: BlockStack, over: BlockStack) {
    var (own, over) = (stack, stack)
    own.patterns = stack.patterns.filter { !overEncoder.contains($0) }
    over.patterns = stack.patterns.filter(overEncoder.contains)
    return (own, over)
  }

  /// The column in whose own path a module beside the blocks stands; nil where both share the place.
  func owner(of text: String) -> Int? {
    [encoder, decoder].first { column in ownPaths[column].map { text.hasPrefix($0) } ?? false }
  }
}

/// The weights of an encoder's block, those of its attention, and the weights of a decoder's block.
private struct Columns {
  let table: PatternTable
  let tensors: [StoredTensor]
  let encoder: [Int]
  let decoder: [Int]
  let attention: [Int]

  private func shape(_ pattern: Int) -> Shape { tensors[table.patterns[pattern].example].shape }

  private func tally(_ patterns: [Int]) -> [Shape: Int] {
    patterns.reduce(into: [:]) { $0[shape($1), default: 0] += 1 }
  }

  /// What the decoder calls otherwise than the encoder, or has in another shape.
  private func unshared(_ patterns: [Int]) -> [Int] {
    let names = Dictionary(encoder.map { (table.patterns[$0].module, shape($0)) }) { first, _ in first }
    return patterns.filter { names[table.patterns[$0].module] != shape($0) }
  }

  /// What stands before the last word of a module's name.
  private func parent(_ pattern: Int) -> Substring {
    let module = table.patterns[pattern].module
    return module.lastIndex { $0 == "." || $0 == "/" }.map { module[...$0] } ?? ""
  }

  /// The matrices of the attention that the decoder has beside one like the encoder's: those whose names the encoder
  /// has not, or else the later ones.
  func secondAttention() -> [Int]? {
    let wanted = tally(attention)
    let alike = decoder.filter { wanted[shape($0)] != nil }
    let once = tally(encoder.filter { wanted[shape($0)] != nil })
    guard attention.count == 4, tally(alike) == once.merging(wanted, uniquingKeysWith: +) else { return nil }
    let others = unshared(alike)
    if tally(others) == wanted { return others }
    // An MLP's matrices may have these shapes too; then order tells nothing.
    guard once == wanted else { return nil }
    let places = Dictionary(grouping: alike, by: parent).values.sorted { $0[0] < $1[0] }
    if places.count == 2, places.allSatisfy({ tally($0) == wanted }) { return places[1] }
    return Dictionary(grouping: alike, by: shape).flatMap { shape, patterns in patterns.suffix(wanted[shape] ?? 0) }
      .sorted()
  }

  /// The norm of that attention: the one in its place, or the one whose name the encoder has not, or the middle one.
  func secondNorm(_ hidden: Int, beside second: [Int]) -> Int? {
    let norms = decoder.filter { shape($0) == [hidden] }
    guard norms.count == encoder.count(where: { shape($0) == [hidden] }) + 1 else { return nil }
    let matrices = decoder.filter { shape($0).rank == 2 }
    let inPlace = norms.filter { norm in
      let place = parent(norm)
      return !place.isEmpty
        && matrices.allSatisfy { table.patterns[$0].module.hasPrefix(place) == second.contains($0) }
    }
    if inPlace.count == 1 { return inPlace[0] }
    let others = unshared(norms)
    if others.count == 1 { return others[0] }
    return norms.count == 3 ? norms[1] : nil
  }
}
