internal import TrainingStep

/// How far an estimate of the allocated peak may be off, and why.
public struct Uncertainty: Hashable, Sendable {
  /// The half-width of the band, as a share of the peak.
  public var share: Double
  /// What it rests on.
  public var basis: String

  /// What no trace of tensors shows, as a share: memory that kernels take inside of an operator, and differences between
  /// releases of the framework. Published runs on one GPU that state every setting lie up to 0.8% above the tensors where
  /// the release does the same.
  static let unseen = 0.01
  /// For each setting that was traced with other families only.
  static let otherFamilies = 0.01
  /// For each setting that no trace has.
  static let untraced = 0.02
  /// A family whose forward pass is written down, but was never held against a trace.
  static let unverified = 0.05
  /// A forward pass guessed from names and shapes.
  static let guessed = 0.10

  /// - Parameter family: the name of the row whose own forward pass is simulated; nil where that is guessed.
  init(_ family: String?, _ workload: Workload) {
    guard let family else {
      self.init(share: Self.guessed, basis: "the forward pass was guessed from names and shapes")
      return
    }
    guard let verified = VerifiedFamily.named(family) else {
      self.init(share: Self.unverified, basis: "no run of the family \(family) was traced")
      return
    }
    let missing = workload.verifiableSettings.filter { !verified.settings.contains($0) }
    let untraced = missing.filter { !VerifiedFamily.tracedSettings.contains($0) }
    let elsewhere = missing.count - untraced.count
    var basis = "\(verified.runs) traced runs of the family, the worst off by \(Self.percent(verified.worst))"
    if !missing.isEmpty { basis += "; none with \(missing.joined(separator: ", "))" }
    self.init(
      share: Self.unseen + verified.worst + Double(elsewhere) * Self.otherFamilies + Double(untraced.count)
        * Self.untraced,
      basis: basis)
  }

  init(share: Double, basis: String) {
    self.share = share
    self.basis = basis
  }

  /// For a graph that the model brings along.
  static let exported = Uncertainty(
    share: guessed, basis: "an exported graph spells out what the model's own modules may fuse")

  /// `0.02%`, rounded up.
  static func percent(_ share: Double) -> String {
    let hundredths = Int((share * 10_000).rounded(.up))
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)%"
  }
}
