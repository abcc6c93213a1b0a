internal import ArgumentParser

/// The ranges of numbers that a flag takes: wide enough for any run, narrow enough that no product overflows.
enum Limits {
  static let extent = 1 << 40
  static let count = 1_000_000
  static let tokens = 1_000_000_000

  static func check(_ value: Int?, _ flag: String, _ range: ClosedRange<Int>) throws {
    guard let value, !range.contains(value) else { return }
    throw ValidationError("\(flag) must be from \(range.lowerBound) to \(range.upperBound), and is \(value)")
  }
}
