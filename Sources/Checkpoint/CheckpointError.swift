/// Why a checkpoint cannot be read. Two errors are equal when their codes are.
public struct CheckpointError: Error, Sendable {
  /// The rule that was broken, by a stable name in kebab case.
  public struct Code: RawRepresentable, Hashable, Sendable {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
  }

  public var code: Code
  /// The path as the user would type it.
  public var file: String
  /// The byte of the file at which the rule was broken.
  public var offset: Int?
  public var tensor: String?
  /// What is wrong and where, in one line, without the file's name.
  public var message: String
  /// What to do next, in one line.
  public var help: String?
  /// Whether the input is missing or unreadable (exit code 66) rather than malformed (65).
  public var isMissingInput: Bool

  public init(
    _ code: Code, file: String, offset: Int? = nil, tensor: String? = nil, message: String, help: String? = nil,
    isMissingInput: Bool = false
  ) {
    self.code = code
    self.file = file
    self.offset = offset
    self.tensor = tensor
    self.message = message
    self.help = help
    self.isMissingInput = isMissingInput
  }
}

extension CheckpointError: Equatable {
  public static func == (left: CheckpointError, right: CheckpointError) -> Bool { left.code == right.code }
}
