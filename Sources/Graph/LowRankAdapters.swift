/// LoRA and its kin: narrow matrices beside each targeted linear layer, which train while the layer is frozen.
public struct LowRankAdapters: Hashable, Sendable {
  public enum Targets: Hashable, Sendable {
    /// Modules whose path is, or ends in, one of these names.
    case names([String])
    /// Every linear layer but the head (PEFT's `all-linear`).
    case allLinear
  }

  /// What stands beside a layer.
  public enum Form: Hashable, Sendable {
    /// A pair of matrices, A and B.
    case pair
    /// The same, with magnitude and direction of each weight learned apart (DoRA).
    case dora
    /// A square matrix between the two, and A frozen (LaMDA, arXiv 2406.12832).
    case lamda
  }

  public var form: Form
  public var rank: Int
  public var targets: Targets
  /// Names of modules that are left out.
  public var excluded: [String]
  /// Names of modules whose adapters go elsewhere: PEFT takes them for the names of experts, which no longer are
  /// modules, and adapts those alone.
  public var renamed: [String] = []
  /// The probability of dropout before the adapter.
  public var dropout: Double
  public init(
    _ form: Form = .pair, rank: Int, targets: Targets, excluded: [String] = [], dropout: Double = 0
  ) {
    self.form = form
    self.rank = rank
    self.targets = targets
    self.excluded = excluded
    self.dropout = dropout
  }

  /// Whether a linear layer other than the head that goes by these names gets an adapter.
  public func reach(_ paths: [String]) -> Bool {
    targets(paths) && !renamed.contains { Self.names($0, paths) }
  }

  /// The same whether or not adapters of this name go elsewhere.
  public func targets(_ path: String) -> Bool { targets([path]) }

  private func targets(_ paths: [String]) -> Bool {
    if targets == .allLinear { return !excluded.contains { Self.names($0, paths) } }
    return name(paths)
  }

  /// Whether an embedding or the head gets an adapter, which must be named for it.
  public func name(_ path: String) -> Bool { name([path]) }

  private func name(_ paths: [String]) -> Bool {
    guard case .names(let names) = targets else { return false }
    return !excluded.contains { Self.names($0, paths) } && names.contains { Self.names($0, paths) }
  }

  private static func names(_ name: String, _ paths: [String]) -> Bool {
    paths.contains { $0 == name || $0.hasSuffix(".\(name)") }
  }
}
