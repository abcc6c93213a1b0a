internal import Checkpoint

extension Page {
  /// The page for a terminal or a text file: its blocks with a line between them.
  package func text(style: TextStyle) -> String {
    blocks.map { block in
      switch block {
      case .heading(let title): style.styled(PlainText.escaped(title), .heading) + "\n"
      case .facts(let facts): text(of: facts, style: style)
      case .table(let table): table.text(style: style)
      case .paragraph(let text): PlainText.escaped(text) + "\n"
      case .findings(let findings): findings.map { text(of: $0, style: style) }.joined()
      case .chart(let chart): chart.text(style: style)
      }
    }.joined(separator: "\n")
  }

  private func text(of facts: [Fact], style: TextStyle) -> String {
    let labels = facts.map { PlainText.width($0.label) }.max() ?? 0
    let values = facts.map { $0.note == nil && $0.provenance == nil ? 0 : PlainText.width($0.value.human) }.max() ?? 0
    var result = ""
    for fact in facts {
      let value = fact.value.human
      var line = "  \(fact.label)\(spaces(labels - PlainText.width(fact.label)))  \(value)"
      var origin = fact.provenance.map { $0.rawValue } ?? ""
      if let note = fact.note {
        origin += origin.isEmpty ? "" : spaces(9 - origin.count)
        origin += PlainText.escaped(note)
      }
      if let width = style.width {
        origin = PlainText.shortened(origin, to: max(20, width - labels - values - 6))
      }
      if !origin.isEmpty { line += spaces(values - PlainText.width(value) + 2) + style.styled(origin, .quiet) }
      result += line + "\n"
    }
    return result
  }

  private func text(of finding: Finding, style: TextStyle) -> String {
    let emphasis: TextStyle.Emphasis =
      switch finding.severity {
      case .error: .error
      case .warning: .warning
      case .note: .quiet
      }
    let place = [finding.file, finding.tensor].compactMap { $0 }.map(PlainText.escaped)
    var result = style.styled("\(finding.severity.rawValue)[\(finding.rule)]", emphasis)
    for part in place { result += ": \(PlainText.shortened(part, to: 200))" }
    result += ": \(PlainText.escaped(finding.message))\n"
    if let help = finding.help { result += "  \(PlainText.escaped(help))\n" }
    return result
  }

  private func spaces(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}
