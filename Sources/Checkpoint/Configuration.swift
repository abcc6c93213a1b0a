/// A JSON document of settings (`config.json`, `adapter_config.json`, `generation_config.json`).
///
/// Each getter tells a missing field (nil, no problem) from one of the wrong type or out of range (nil, and an
/// entry in ``problems(in:)``'s findings).
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
}
