internal import Report

/// Relative errors and their usual figures.
struct ErrorTable {
  private var errors: [Double] = []

  mutating func add(_ error: Double) { errors.append(error) }

  var count: Int { errors.count }

  /// The smallest magnitude that at least this share of the errors does not pass.
  func percentile(_ share: Double) -> Double {
    let sorted = errors.map(\.magnitude).sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
  }

  var median: Double { percentile(0.5) }
  var worst: Double { percentile(1) }
  var bias: Double { errors.isEmpty ? 0 : errors.reduce(0, +) / Double(errors.count) }

  /// The figures as percentages.
  var cells: [Cell] {
    [.count(count)] + [median, percentile(0.95), worst].map { .text(Self.percent($0)) }
  }

  /// The figures in a line.
  var summary: String {
    "\(count), |error| median \(Self.percent(median)), 95% \(Self.percent(percentile(0.95))), "
      + "worst \(Self.percent(worst))"
  }

  static func percent(_ share: Double) -> String { "\(Quantity.decimal(share * 100, places: 3))%" }
}
