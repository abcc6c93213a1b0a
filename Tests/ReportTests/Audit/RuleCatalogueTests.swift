import Foundation
import Testing

@testable import Report

@Suite struct RuleCatalogueTests {
  private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Documentation/rules.md")

  /// The documentation's table is the catalogue's. With `UPDATE_SNAPSHOTS=1` in the environment it is written.
  @Test func theDocumentationIsTheCatalogue() throws {
    let text = try String(contentsOf: Self.file, encoding: .utf8)
    let begin = try #require(text.range(of: "## Findings\n\n")).upperBound
    let end = try #require(text.range(of: "\n## Errors")).lowerBound
    if ProcessInfo.processInfo.environment["UPDATE_SNAPSHOTS"] == "1" {
      try Data((text[..<begin] + RuleCatalogue.table + text[end...]).utf8).write(to: Self.file)
      return
    }
    #expect(text[begin..<end] == RuleCatalogue.table, "differs from Documentation/rules.md")
  }

  @Test func everyRuleSaysWhatToDo() {
    for entry in RuleCatalogue.all {
      #expect(entry.id.wholeMatch(of: /[a-z0-9]+(-[a-z0-9]+)*/) != nil)
      #expect(!entry.row.severities.isEmpty && entry.row.help.hasSuffix("."), "\(entry.id)")
      #expect(!entry.row.summary.isEmpty && !entry.row.summary.hasSuffix("."), "\(entry.id)")
    }
    #expect(Set(RuleCatalogue.all.map(\.id)).count == RuleCatalogue.all.count)
  }
}
