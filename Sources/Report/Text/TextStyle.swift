/// What the place that shows a text can do.
package struct TextStyle: Hashable, Sendable {
  /// Whether it understands colour.
  package var hasColour: Bool
  /// How many columns it has; nil where lines may be of any length, as in a file.
  package var width: Int?

  package init(hasColour: Bool, width: Int?) {
    self.hasColour = hasColour
    self.width = width
  }

  /// A file or a pipe.
  package static let plain = TextStyle(hasColour: false, width: nil)

  /// What a stretch of text means; how that looks is decided here alone.
  package enum Emphasis: Sendable {
    case heading, quiet, error, warning, good
  }

  package func styled(_ text: String, _ emphasis: Emphasis?) -> String {
    guard hasColour, let emphasis, !text.isEmpty else { return text }
    let code =
      switch emphasis {
      case .heading: "1"
      case .quiet: "2"
      case .error: "1;31"
      case .warning: "33"
      case .good: "32"
      }
    return "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}
