/// Which layers of a simulated model stand for others that were left out: two blocks of the same kinds of layers, one
/// behind the other, the second of which is repeated.
public struct LayerRepetition: Hashable, Sendable {
  /// Where the first of the two blocks begins.
  public var first: Int
  /// The layers of a block.
  public var period: Int
  /// How often the second block is missing.
  public var copies: Int
  /// The layers that are simulated. A block of the same kinds stands before the two, and one behind them.
  public var count: Int

  public init(first: Int, period: Int, copies: Int, count: Int) {
    self.first = first
    self.period = period
    self.copies = copies
    self.count = count
  }

  /// The same for layers of the given kinds, with the places of those that are to be simulated; nil where that would save
  /// little.
  public init?<Kind: Equatable>(of kinds: [Kind]) {
    var best: LayerRepetition?
    for period in 1...8 {
      for prefix in 0...8 where prefix + 5 * period <= kinds.count {
        guard (prefix..<kinds.count - period).allSatisfy({ kinds[$0] == kinds[$0 + period] }) else { continue }
        let count = prefix + 4 * period + (kinds.count - prefix) % period
        let copies = (kinds.count - count) / period
        guard copies > 0, best.map({ count < $0.count }) ?? true else { break }
        best = LayerRepetition(first: prefix + period, period: period, copies: copies, count: count)
        break
      }
    }
    guard let best, best.count * 3 < kinds.count * 2 else { return nil }
    self = best
  }

  /// The places of the simulated layers among all.
  public var places: [Int] {
    let behind = first + 2 * period
    return Array(0..<behind) + (behind..<count).map { $0 + copies * period }
  }

  enum Part {
    /// A layer before the two blocks.
    case before
    case first
    case second
    /// A layer of the block behind them, and one further on.
    case behind
    case rest
  }

  func part(_ section: Int) -> Part {
    switch section {
    case ..<first: .before
    case ..<(first + period): .first
    case ..<(first + 2 * period): .second
    case ..<(first + 3 * period): .behind
    default: .rest
    }
  }
}
