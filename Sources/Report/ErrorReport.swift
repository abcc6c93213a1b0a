package import Checkpoint

/// An error as the program reports it: a line, a hint, and an object in the JSON document.
package struct ErrorReport: Error, Hashable, Sendable {
  /// The rule that was broken, in kebab case.
  package var code: String
  package var file: String?
  package var message: String
  package var help: String?
  package var offset: Int?
  package var tensor: String?

  package init(
    code: String, file: String? = nil, message: String, help: String? = nil, offset: Int? = nil, tensor: String? = nil
  ) {
    self.code = code
    self.file = file
    self.message = message
    self.help = help
    self.offset = offset
    self.tensor = tensor
  }

  package init(_ error: CheckpointError) {
    self.init(
      code: error.code.rawValue, file: error.file, message: error.message, help: error.help, offset: error.offset,
      tensor: error.tensor)
  }
}

extension ErrorReport {
  /// `plimsoll: error: <file>: <what>`, and the hint under it. Two lines at most, whatever the names contain.
  package func text(style: TextStyle) -> String {
    var result = "plimsoll: \(style.styled("error:", .error)) "
    if let file { result += "\(PlainText.shortened(PlainText.escaped(file), to: 300)): " }
    result += "\(PlainText.shortened(PlainText.escaped(message), to: 600))\n"
    if let help { result += "  hint: \(PlainText.shortened(PlainText.escaped(help), to: 300))\n" }
    return result
  }

  /// `{"schema": …, "plimsoll": …, "error": {…}}`, for the command that failed.
  package func document(command: String) -> JSONValue {
    var fields: [JSONValue.Field] = [
      .init("code", .string(code)), .init("file", .init(file)), .init("message", .string(message)),
      .init("help", .init(help)),
    ]
    if let offset { fields.append(.init("offset", .integer(offset))) }
    if let tensor { fields.append(.init("tensor", .string(tensor))) }
    return [
      "schema": .string("plimsoll.\(command)/1"), "plimsoll": .string(Release.version), "error": .object(fields),
    ]
  }
}
