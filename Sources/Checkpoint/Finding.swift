/// Something worth knowing about a checkpoint that does not stop it from being read.
public struct Finding: Hashable, Sendable {
  public enum Severity: String, Sendable, Comparable {
    case note, warning, error

    public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .note: 0
      case .warning: 1
      case .error: 2
      }
    }
  }

  public var severity: Severity
  /// The stable id of the rule, in kebab case: `duplicate-tensor-name`.
  public var rule: String
  /// The file, relative to the checkpoint's folder.
  public var file: String?
  public var tensor: String?
  /// What is so, in one line.
  public var message: String
  /// What to do about it, in one line.
  public var help: String?

  public init(
    _ severity: Severity, rule: String, file: String? = nil, tensor: String? = nil, message: String,
    help: String? = nil
  ) {
    self.severity = severity
    self.rule = rule
    self.file = file
    self.tensor = tensor
    self.message = message
    self.help = help
  }
}
