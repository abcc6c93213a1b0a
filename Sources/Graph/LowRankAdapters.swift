/// LoRA: a pair of narrow matrices beside each targeted linear layer, which train while the layer is frozen.
public struct LowRankAdapters: Hashable, Sendable {
  public enum Targets: Hashable, Sendable {
    /// Modules whose path is, or ends in, one of these names.
    case names([String])
    /// Every linear layer but the head (PEFT's `all-linear`).
    case allLinear
  }

  public var rank: Int
  public var targets: Targets
  /// Names of modules that are left out.
  public var excluded: [String]
  /// Names of modules whose adapters go elsewhere: PEFT takes them for the names of experts, which no longer are
  /// modules, and adapts those alone.
  public var renamed: [String] = []
  /// The probability of dropout before the adapter.
  public var dropout: Double
  /// Whether the embedding's output is made to need a gradient, as PEFT does where checkpointing is on.
  public var requiresInputGradients: Bool

  public init(
    rank: Int, targets: Targets, excluded: [String] = [], dropout: Double = 0, requiresInputGradients: Bool = false
  ) {
    self.rank = rank
    self.targets = targets
    self.excluded = excluded
    self.dropout = dropout
    self.requiresInputGradients = requiresInputGradients
  }

  /// Whether a linear layer gets an adapter. (The head is never asked for.)
  public func reach(_ path: String) -> Bool {
    targets(path) && !renamed.contains { Self.names($0, path) }
  }

  /// The same whether or not adapters of this name go elsewhere.
  public func targets(_ path: String) -> Bool {
    guard !excluded.contains(where: { Self.names($0, path) }) else { return false }
    switch targets {
    case .allLinear: return true
    case .names(let names): return names.contains { Self.names($0, path) }
    }
  }

  private static func names(_ name: String, _ path: String) -> Bool { path == name || path.hasSuffix(".\(name)") }
}
