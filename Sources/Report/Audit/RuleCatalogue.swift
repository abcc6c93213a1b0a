internal import Architecture
package import Checkpoint
internal import ONNX

/// Every rule that a finding can have, in the order in which the documentation lists them.
package enum RuleCatalogue {
  package struct Entry: Hashable, Sendable {
    package var id: String
    package var row: RuleRow
  }

  package static let all: [Entry] =
    entries(of: Finding.Rule.self) + entries(of: Finding.ArchitectureRule.self) + entries(of: Finding.ModelRule.self)

  private static func entries<Rule: FindingRule>(of: Rule.Type) -> [Entry] {
    Rule.allCases.map { Entry(id: $0.rawValue, row: $0.row) }
  }

  /// The table of `Documentation/rules.md`.
  package static var table: String {
    let rows = all.map { entry in
      let severities = entry.row.severities.map(\.rawValue).joined(separator: " or ")
      return "| `\(entry.id)` | \(severities) | \(entry.row.summary) | \(entry.row.help) |\n"
    }
    return "| rule | severity | what is so | what to do |\n|---|---|---|---|\n" + rows.joined()
  }
}
