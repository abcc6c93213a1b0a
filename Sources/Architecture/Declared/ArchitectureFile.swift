public import Checkpoint

/// A small document that says which module plays which part, where the checkpoint does not tell or tells it wrong:
/// `{"family": "generic", "layers": "net.stage", "roles": {"net.stage.#.mix.a": "query"}}`.
///
/// What it leaves out is told as without it.
public struct ArchitectureFile: Sendable {
  /// A module's part and why it has it.
  struct Entry: Hashable, Sendable {
    var role: Role
    var reason: String?
  }

  /// The path as the user typed it.
  public var path: String
  /// The family whose forward pass runs; nil where none is named, or `generic`.
  var family: Family?
  /// Whether it says that no family's row fits.
  var isGeneric: Bool
  /// Where the blocks stand that give the model its layer count.
  var layers: String?
  /// By the pattern of a module: what it does.
  var entries: [String: Entry]

  /// - Throws: what keeps it from being read: exit code 65, or 66 where it is not there.
  public init(path: String) throws(CheckpointError) {
    try self.init(Configuration.open(path, code: .architectureStructure, help: Self.whereToStart))
  }

  package init(_ document: Configuration) throws(CheckpointError) {
    path = document.file
    for key in document.keys where !["family", "layers", "roles"].contains(key) {
      throw Self.structure(document, "`\(key)` is no field of an architecture file")
    }
    let name = try Self.text(document, "family")
    family = name.flatMap(Family.row)
    isGeneric = name == Self.generic
    if let name, family == nil, !isGeneric {
      throw CheckpointError(
        .architectureFamily, file: path, message: "`\(name)` is no family that is known",
        help: "`plimsoll families` lists them; `generic` stands for a model without a row.")
    }
    layers = try Self.text(document, "layers")
    entries = [:]
    guard document.presence(of: "roles") == .present else { return }
    guard let roles = document.section("roles") else { throw Self.structure(document, "`roles` is not an object") }
    for pattern in roles.keys { entries[pattern] = try Self.entry(pattern, roles) }
  }

  /// The generic recogniser's word for a model that no row describes.
  static let generic = "generic"

  private static func entry(_ pattern: String, _ roles: Configuration) throws(CheckpointError) -> Entry {
    guard let fields = roles.section(pattern) else {
      return Entry(role: try role(of: pattern, text(roles, pattern), roles), reason: nil)
    }
    for key in fields.keys where !["role", "shape", "because", "tensors"].contains(key) {
      throw structure(roles, "`\(key)` is no field of a module (`\(pattern)`)")
    }
    guard fields.contains("role") else { throw structure(roles, "`\(pattern)` has no `role`") }
    return Entry(role: try role(of: pattern, text(fields, "role"), roles), reason: try text(fields, "because"))
  }

  private static func role(
    of pattern: String, _ name: String?, _ document: Configuration
  ) throws(CheckpointError) -> Role {
    guard let name else { return .other }
    if let role = Role(rawValue: name) { return role }
    let near = Role.allCases.map(\.rawValue).filter { $0.lowercased().contains(name.lowercased()) }
    let words = near.isEmpty ? ["query", "key", "value", "attentionOutput", "gate", "up", "down", "inputNorm"] : near
    throw CheckpointError(
      .architectureRole, file: document.file, tensor: pattern,
      message: "`\(pattern)` is to be `\(name)`, which is no part of a model",
      help: "Parts are called \(words.prefix(8).joined(separator: ", ")), …; null stands for none.")
  }

  /// A text, or nil where there is none or null.
  private static func text(_ document: Configuration, _ key: String) throws(CheckpointError) -> String? {
    guard document.presence(of: key) == .present else { return nil }
    guard let text = document.string(key) else { throw structure(document, "`\(key)` is not a text") }
    return text
  }

  private static func structure(_ document: Configuration, _ what: String) -> CheckpointError {
    CheckpointError(
      .architectureStructure, file: document.file, message: what, help: whereToStart)
  }

  private static let whereToStart = "`plimsoll audit CHECKPOINT --explain-architecture` prints a file to start from."
}
