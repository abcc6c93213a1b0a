/// Where a number comes from.
public enum Provenance: String, Sendable {
  /// Read from the checkpoint.
  case exact
  /// Follows from shapes and the graph.
  case derived
  /// A default or a catalogue value, which a flag can replace.
  case assumed
}

/// A value with its origin.
public struct Sourced<Value: Sendable>: Sendable {
  public var value: Value
  public var provenance: Provenance
  /// What it was read or derived from, in a few words: `config.json num_attention_heads`.
  public var source: String

  public init(_ value: Value, _ provenance: Provenance, source: String) {
    self.value = value
    self.provenance = provenance
    self.source = source
  }
}

extension Sourced: Equatable where Value: Equatable {}
