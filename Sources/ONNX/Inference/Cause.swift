/// Why something of a value is not known.
public struct Cause: Hashable, Sendable {
  public enum Kind: Sendable {
    /// Only running the model can tell.
    case data
    /// Something that this program does not know.
    case unsupported
    /// The model breaks a rule of the operator.
    case defect
  }

  public var kind: Kind
  public var message: String
  /// The node at which knowledge ended, by its name or first output; empty for inputs.
  public var node: String

  public init(_ kind: Kind, _ message: String, node: String = "") {
    self.kind = kind
    self.message = message
    self.node = node
  }
}

extension Cause: CustomStringConvertible {
  public var description: String { node.isEmpty ? message : "\(node): \(message)" }
}

/// Thrown by an operator's rule that cannot say what its results are.
struct Unresolved: Error {
  var cause: Cause

  init(_ cause: Cause) { self.cause = cause }

  /// The model breaks a rule of the operator.
  static func defect(_ message: String) -> Unresolved { Unresolved(Cause(.defect, message)) }
  /// Only running the model can tell.
  static func data(_ message: String) -> Unresolved { Unresolved(Cause(.data, message)) }
  static func unsupported(_ message: String) -> Unresolved { Unresolved(Cause(.unsupported, message)) }
}
