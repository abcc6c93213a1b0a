package import Checkpoint

extension JSONValue {
  package init(_ finding: Finding) {
    self = [
      "severity": .string(finding.severity.rawValue), "rule": .string(finding.rule), "tensor": .init(finding.tensor),
      "file": .init(finding.file), "message": .string(finding.message), "help": .init(finding.help),
    ]
  }
}
