/// The search for the largest number that fits, which is what raising it from 1 finds, in few steps.
enum BatchSearch {
  /// What was found of one number.
  struct Sample<Value> {
    var value: Value
    var fits: Bool
    /// Quantities that each grow evenly with the number, in one order; the highest is held against the budget.
    var sizes: [Double]
  }

  /// Doubles from 1 until a number no longer fits, then narrows the gap.
  ///
  /// - Returns: nil where not even 1 fits; at most `limit`.
  static func largest(upTo limit: Int, fits: (Int) -> Bool) -> Int? {
    largest(upTo: limit, budget: .infinity) { numbers in
      numbers.map { Sample(value: (), fits: fits($0), sizes: []) }
    }?.number
  }

  /// The same, led by how the sizes grow towards a budget.
  ///
  /// - Parameters:
  ///   - start: a number that is likely to fit.
  ///   - samples: of one number or of two in ascending order, which may be looked at side by side; nil for what is not
  ///     known.
  /// - Returns: nil where not even 1 fits, or nothing is known of it.
  static func largest<Value>(
    upTo limit: Int, from start: Int = 1, budget: Double, samples: ([Int]) -> [Sample<Value>?]
  ) -> (number: Int, value: Value)? {
    guard limit >= 1 else { return nil }
    var bracket = Bracket<Value>(limit: limit)
    let start = min(start, limit)
    var next = start > limit / 2 ? [start] : [start, 2 * start]
    var rounds = 0
    while !next.isEmpty {
      bracket.note(next, samples(next))
      rounds += 1
      // Sizes that go up in steps foretell too little.
      next = rounds <= 5 ? bracket.led(by: budget) : bracket.between()
    }
    return bracket.good.map { ($0.number, $0.sample.value) }
  }

  /// The largest number that fits so far, and the smallest that does not.
  private struct Bracket<Value> {
    typealias Found = (number: Int, sample: Sample<Value>)

    private let limit: Int
    private(set) var good: Found?
    /// Another number, which shows with ``good`` how the sizes grow.
    private var other: Found?
    private var bad: Int
    /// How far the next number lies below one that failed against what was foretold.
    private var stride = 1

    init(limit: Int) {
      self.limit = limit
      bad = limit + 1
    }

    mutating func note(_ numbers: [Int], _ samples: [Sample<Value>?]) {
      let before = good
      for (number, sample) in zip(numbers, samples) {
        guard let sample, sample.fits else {
          bad = number
          if let sample { other = (number, sample) }
          return
        }
        // Of two neighbours the one tells nothing about the other.
        other = before ?? good
        good = (number, sample)
      }
    }

    /// Numbers to try next, after what the sizes foretell; none where the search is over.
    mutating func led(by budget: Double) -> [Int] {
      guard let good, let last = foretold(good, budget) else { return between() }
      if last + 1 < bad { return [last, last + 1].filter { $0 > good.number } }
      // What the sizes leave out made a number fail that they let through: back from it, further each time.
      let back = [bad - 4 * stride, bad - stride].filter { $0 > good.number }
      stride *= 4
      return back.isEmpty ? between() : back
    }

    /// Twice as much until something did not fit, then what cuts the gap into three.
    func between() -> [Int] {
      guard let good else { return bad > 1 ? [1] : [] }
      let gap = bad - good.number
      guard gap > 1 else { return [] }
      if bad > limit { return [good.number > limit / 2 ? limit : 2 * good.number] }
      return Set([good.number + (gap + 1) / 3, good.number + (2 * gap + 1) / 3]).filter { $0 > good.number }.sorted()
    }

    /// The last number whose sizes the budget would hold if they grew on as they did.
    private func foretold(_ good: Found, _ budget: Double) -> Int? {
      guard let other, other.sample.sizes.count == good.sample.sizes.count, budget.isFinite else { return nil }
      let distance = Double(other.number - good.number)
      let steps = zip(good.sample.sizes, other.sample.sizes).compactMap { here, there -> Double? in
        let slope = (there - here) / distance
        return slope > 0 ? max(0, (budget - here) / slope) : nil
      }
      return steps.min().map { good.number + Int(min($0, Double(bad - 1 - good.number))) }
    }
  }
}

extension BatchSearch.Sample: Sendable where Value: Sendable {}
