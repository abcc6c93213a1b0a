/// Why the equations of LLMem cannot be applied to a model. Two errors are equal when their codes are.
public struct LLMemModelError: Error, Sendable {
  public enum Code: String, Sendable {
    case packedWeights = "llmem-packed-weights"
    case notATransformer = "llmem-not-a-transformer"
  }

  public var code: Code
  /// What is missing, in one line.
  public var message: String

  public init(_ code: Code, message: String) {
    self.code = code
    self.message = message
  }
}

extension LLMemModelError: Equatable {
  public static func == (left: LLMemModelError, right: LLMemModelError) -> Bool { left.code == right.code }
}
