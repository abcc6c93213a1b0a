/// What the list of rules says of one.
public struct RuleRow: Hashable, Sendable {
  /// How grave a finding of the rule can be, the usual first.
  public var severities: [Finding.Severity]
  /// What is so where the rule finds something, as the rest of a table's row.
  public var summary: String
  /// What to do about it, where the finding itself knows nothing better.
  public var help: String

  package init(_ severities: Finding.Severity..., summary: String, help: String) {
    self.severities = severities
    self.summary = summary
    self.help = help
  }
}

/// The rules of a module. Raw values are the ids of findings and stay what they are.
package protocol FindingRule: RawRepresentable<String>, CaseIterable, Sendable {
  var row: RuleRow { get }
}

extension Finding {
  package init(
    _ severity: Severity, of rule: some FindingRule, file: String? = nil, tensor: String? = nil, _ message: String,
    help: String? = nil
  ) {
    self.init(
      severity, rule: rule.rawValue, file: file, tensor: tensor, message: message, help: help ?? rule.row.help)
  }
}
