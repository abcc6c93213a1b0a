/// The search for the largest number that fits, which is what raising it from 1 finds, in few steps.
enum BatchSearch {
  /// What was found of one number.
  struct Sample<Value> {
    var value: Value
    var fits: Bool
    /// What grows with the number, and by more and more: the highest of quantities that each grow evenly.
    var size: Double
  }

  /// Doubles from 1 until a number no longer fits, then halves the gap.
  ///
  /// - Returns: nil where not even 1 fits; at most `limit`.
  static func largest(upTo limit: Int, fits: (Int) -> Bool) -> Int? {
    largest(upTo: limit, budget: .infinity) { Sample(value: (), fits: fits($0), size: 0) }?.number
  }

  /// The same, led by how fast the size grows towards a budget: beyond what two numbers that fit foretell, none fits.
  ///
  /// - Returns: nil where not even 1 fits, or nothing is known of it.
  static func largest<Value>(
    upTo limit: Int, budget: Double, sample: (Int) -> Sample<Value>?
  ) -> (number: Int, value: Value)? {
    guard limit >= 1, let first = sample(1), first.fits else { return nil }
    var good = (number: 1, sample: first)
    var earlier: (number: Int, sample: Sample<Value>)?
    var bad = limit == .max ? limit : limit + 1
    while bad - good.number > 1 {
      let next = foretold(good: good, earlier: earlier, bad: bad, budget: budget, limit: limit)
      guard let found = sample(next), found.fits else {
        bad = next
        continue
      }
      earlier = good
      good = (next, found)
    }
    return (good.number, good.sample.value)
  }

  /// The next number to try, between one that fits and one that does not.
  private static func foretold<Value>(
    good: (number: Int, sample: Sample<Value>), earlier: (number: Int, sample: Sample<Value>)?,
    bad: Int, budget: Double, limit: Int
  ) -> Int {
    let doubled = good.number > limit / 2 ? limit : good.number * 2
    let middle = good.number + (bad - good.number) / 2
    let plain = bad > limit ? doubled : middle
    let lowest = good.number + 1
    guard let earlier else { return min(max(plain, lowest), bad - 1) }
    let slope = (good.sample.size - earlier.sample.size) / Double(good.number - earlier.number)
    let room = budget - good.sample.size
    guard slope > 0, room.isFinite else { return min(max(plain, lowest), bad - 1) }
    let steps = min(room / slope, Double(bad - good.number))
    return min(max(good.number + Int(max(steps, 0)), lowest), bad - 1)
  }
}
