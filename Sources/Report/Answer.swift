/// What a command has to say, before it is put into a form.
package protocol Answer: Sendable {
  /// The command's name: the middle of `plimsoll.<command>/1`.
  static var command: String { get }

  /// Whether what was asked holds; a "no" makes the program exit with 1.
  var holds: Bool { get }

  /// The JSON document's fields behind `schema` and `plimsoll`.
  var fields: [JSONValue.Field] { get }

  /// The same answer for people.
  var page: Page { get }

  /// The same answer for a spreadsheet.
  var csv: String { get }

  /// The same answer for tools that gather what analyses found.
  var log: JSONValue { get }

  /// The answer's bytes in a form, with a newline at the end.
  func rendered(as form: OutputForm, style: TextStyle) -> [UInt8]
}

extension Answer {
  package var holds: Bool { true }
  package var csv: String { page.csv }
  package var log: JSONValue { document }

  /// The whole JSON document.
  package var document: JSONValue {
    .object(
      [
        JSONValue.Field("schema", .string("plimsoll.\(Self.command)/1")),
        JSONValue.Field("plimsoll", .string(Release.version)),
      ] + fields)
  }

  package func rendered(as form: OutputForm, style: TextStyle) -> [UInt8] {
    switch form {
    case .table: Array(page.text(style: style).utf8)
    case .markdown: Array(page.markdown.utf8)
    case .csv: Array(csv.utf8)
    case .html: Array(page.html(title: "plimsoll \(Self.command)").utf8)
    case .json: document.encoded()
    case .sarif: log.encoded()
    }
  }
}
