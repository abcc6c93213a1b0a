/// Why a GPU or a link given by name cannot be used. Two errors are equal when their codes are.
public struct HardwareError: Error, Sendable {
  public enum Code: String, Sendable {
    case unknownGPU = "unknown-gpu"
    case ambiguousGPU = "ambiguous-gpu"
    case unknownInterconnect = "unknown-interconnect"
    case malformedRate = "malformed-rate"
  }

  public var code: Code
  /// What is wrong, in one line.
  public var message: String
  /// Names that would do, best first.
  public var suggestions: [String]

  public init(_ code: Code, message: String, suggestions: [String]) {
    self.code = code
    self.message = message
    self.suggestions = suggestions
  }

  /// What to do next, in one line.
  public var help: String? {
    suggestions.isEmpty ? nil : "did you mean \(suggestions.joined(separator: ", "))?"
  }
}

extension HardwareError: Equatable {
  public static func == (left: HardwareError, right: HardwareError) -> Bool { left.code == right.code }
}
