/// The forms that an answer can take. A command offers those that make sense for it.
package enum OutputForm: String, CaseIterable, Sendable {
  case table, json, csv, markdown, html, sarif
}
