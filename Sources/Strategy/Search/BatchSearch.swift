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
    var tries = 0
    while bad - good.number > 1 {
      // Sizes that go up in steps foretell too little: then the gap is halved.
      tries += 1
      let next =
        tries > 4
        ? plain(good: good.number, bad: bad, limit: limit)
        : foretold(good: good, earlier: earlier, bad: bad, budget: budget, limit: limit)
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
    let plain = plain(good: good.number, bad: bad, limit: limit)
    guard let earlier else { return plain }
    let slope = (good.sample.size - earlier.sample.size) / Double(good.number - earlier.number)
    let room = budget - good.sample.size
    guard slope > 0, room.isFinite else { return plain }
    let steps = min(room / slope, Double(bad - good.number))
    return min(max(good.number + Int(max(steps, 0)), good.number + 1), bad - 1)
  }

  /// Twice as much until something did not fit, then the middle.
  private static func plain(good: Int, bad: Int, limit: Int) -> Int {
    guard bad <= limit else { return good > limit / 2 ? limit : good * 2 }
    return good + (bad - good) / 2
  }
}
