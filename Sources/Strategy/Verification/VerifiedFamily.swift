/// How the simulated runs of one family compare with traced ones (Tests/Truth).
public struct VerifiedFamily: Hashable, Sendable {
  public var family: String
  /// Traced runs that were held against simulated ones.
  public var runs: Int
  /// The errors of the peaks, as shares: the median's and the largest's magnitude.
  public var median: Double
  public var worst: Double
  /// The settings that occur in those runs, as ``Workload/verifiableSettings`` words them.
  public var settings: Set<String>

  init(_ family: String, runs: Int, median: Double, worst: Double, settings: String) {
    self.init(
      family: family, runs: runs, median: median, worst: worst,
      settings: Set(settings.split(separator: ",").map(String.init)))
  }

  package init(family: String, runs: Int, median: Double, worst: Double, settings: Set<String>) {
    self.family = family
    self.runs = runs
    self.median = median
    self.worst = worst
    self.settings = settings
  }

  private static let byFamily: [String: VerifiedFamily] = all.reduce(into: [:]) { $0[$1.family] = $1 }

  /// The row of a family; nil where no run of it was traced.
  public static func named(_ family: String) -> VerifiedFamily? { byFamily[family] }

  /// Every setting that some family was traced with.
  static let tracedSettings: Set<String> = all.reduce(into: []) { $0.formUnion($1.settings) }
}
