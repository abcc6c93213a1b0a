/// A JSON document of settings (`config.json`, `adapter_config.json`, `generation_config.json`).
///
/// A getter answers nil for a field that is missing and for one of another type; ``presence(of:)`` tells them apart.
/// `Checkpoint.open` has reported sizes of the wrong type or out of range among its findings.
public struct Configuration: Sendable {
  package indirect enum Node: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    /// A number with a fraction or an exponent, or one beyond 64 bits.
    case number(Double)
    case string(String)
    case array([Node])
    case object([String: Node])
  }

  /// The file's name, for messages.
  public var file: String
  package var root: [String: Node]

  package init(file: String, root: [String: Node]) {
    self.file = file
    self.root = root
  }

  public func integer(_ key: String) -> Int? {
    if case .integer(let value)? = root[key] { value } else { nil }
  }

  public func number(_ key: String) -> Double? {
    switch root[key] {
    case .integer(let value)?: Double(value)
    case .number(let value)?: value
    default: nil
    }
  }

  public func boolean(_ key: String) -> Bool? {
    if case .boolean(let value)? = root[key] { value } else { nil }
  }

  public func string(_ key: String) -> String? {
    if case .string(let value)? = root[key] { value } else { nil }
  }

  public func strings(_ key: String) -> [String]? {
    guard case .array(let nodes)? = root[key] else { return nil }
    return nodes.compactMap { if case .string(let value) = $0 { value } else { nil } }
  }

  /// A nested object as a document of its own: `text_config`, `quantization_config`.
  public func section(_ key: String) -> Configuration? {
    guard case .object(let fields)? = root[key] else { return nil }
    return Configuration(file: file, root: fields)
  }

  public func contains(_ key: String) -> Bool { root[key] != nil }

  /// The integers of an array; nil where the field is not an array of integers only.
  public func integers(_ key: String) -> [Int]? {
    guard case .array(let nodes)? = root[key] else { return nil }
    var values: [Int] = []
    for node in nodes {
      guard case .integer(let value) = node else { return nil }
      values.append(value)
    }
    return values
  }

  /// The first of several keys that holds an integer: families name the same size differently.
  public func integer(anyOf keys: String...) -> Int? { keys.lazy.compactMap { integer($0) }.first }

  /// All keys, sorted.
  public var keys: [String] { root.keys.sorted() }

  /// Whether a field is there at all.
  public enum Presence: Sendable {
    case missing, null, present
  }

  public func presence(of key: String) -> Presence {
    switch root[key] {
    case nil: .missing
    case .null: .null
    default: .present
    }
  }
}
