/// Findings as they are made, with a cap for each rule: a hostile file must not turn into a million lines.
package struct FindingList {
  package static let limitPerRule = 50

  private var findings: [Finding] = []
  private var counts: [String: Int] = [:]

  package init() {}

  mutating func add(
    _ severity: Finding.Severity, _ rule: Finding.Rule, file: String? = nil, tensor: String? = nil,
    _ message: @autoclosure () -> String, help: String? = nil
  ) {
    add(severity, of: rule, file: file, tensor: tensor, message(), help: help)
  }

  /// The same for the rules of other modules.
  package mutating func add(
    _ severity: Finding.Severity, of rule: some FindingRule, file: String? = nil, tensor: String? = nil,
    _ message: @autoclosure () -> String, help: String? = nil
  ) {
    guard counts(rule.rawValue) else { return }
    findings.append(Finding(severity, of: rule, file: file, tensor: tensor, message(), help: help))
  }

  /// One that was made before the file had a name.
  mutating func add(_ finding: Finding, file: String) {
    guard counts(finding.rule) else { return }
    var finding = finding
    finding.file = file
    findings.append(finding)
  }

  /// Counts one more of a rule; false where there are enough.
  private mutating func counts(_ rule: String) -> Bool {
    counts[rule, default: 0] += 1
    return counts[rule, default: 0] <= Self.limitPerRule
  }

  package mutating func add(_ other: FindingList) {
    for (rule, count) in other.counts { counts[rule, default: 0] += count }
    findings += other.findings
  }

  /// All findings in the order in which they were made; beyond the cap of a rule one line says how many more.
  package var all: [Finding] {
    var kept: [String: Int] = [:]
    var list: [Finding] = []
    for finding in findings {
      let count = kept[finding.rule, default: 0] + 1
      kept[finding.rule] = count
      guard count <= Self.limitPerRule else { continue }
      list.append(finding)
      let more = counts[finding.rule, default: 0] - Self.limitPerRule
      if count == Self.limitPerRule, more > 0 {
        list.append(Finding(finding.severity, rule: finding.rule, message: "and \(more) more of this kind"))
      }
    }
    return list
  }
}
