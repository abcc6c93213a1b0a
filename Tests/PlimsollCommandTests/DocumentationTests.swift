import Foundation
import Testing

@Suite struct DocumentationTests {
  /// Every rule of a finding and every code of an error has its line in the documentation.
  @Test func everyRuleIsDocumented() throws {
    let rules = try String(contentsOf: Samples.root.appendingPathComponent("Documentation/rules.md"), encoding: .utf8)
    let patterns = [
      /rule: "([a-z0-9-]+)"/, /code: "([a-z0-9-]+)"/, /Self\(rawValue: "([a-z0-9-]+)"\)/,
    ]
    let ruleCase = /case \w+ = "([a-z0-9-]+)"/
    var missing: Set<String> = []
    for module in ["Checkpoint", "Architecture", "ONNX", "PlimsollCommand/Shared"] {
      let folder = Samples.root.appendingPathComponent("Sources/\(module)")
      for case let file as URL in try #require(
        FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
      {
        guard file.pathExtension == "swift" else { continue }
        let text = try String(contentsOf: file, encoding: .utf8)
        for pattern in file.lastPathComponent.contains("Rule") ? patterns + [ruleCase] : patterns {
          for match in text.matches(of: pattern) where !rules.contains("`\(match.output.1)`") {
            missing.insert(String(match.output.1))
          }
        }
      }
    }
    #expect(missing.isEmpty, "Documentation/rules.md lacks \(missing.sorted().joined(separator: ", "))")
  }
}
