internal import Units

/// The search for the largest batch that fits, which is what raising it from 1 finds, in fewer steps.
enum BatchSearch {
  /// Doubles from 1 until a batch no longer fits, then halves the gap.
  ///
  /// - Returns: nil where not even 1 fits; at most `limit`.
  static func largest(upTo limit: Int, fits: (Int) -> Bool) -> Int? {
    guard limit >= 1, fits(1) else { return nil }
    var good = 1
    var bad = limit + 1
    while good < limit {
      let next = good > limit / 2 ? limit : good * 2
      guard fits(next) else {
        bad = next
        break
      }
      good = next
    }
    while bad - good > 1 {
      let middle = good + (bad - good) / 2
      if fits(middle) { good = middle } else { bad = middle }
    }
    return good
  }
}
