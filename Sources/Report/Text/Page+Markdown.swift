internal import Units

extension Page {
  /// The page as GitHub-flavoured Markdown.
  var markdown: String {
    blocks.map { block in
      switch block {
      case .heading(let title): "# \(PlainText.escaped(title))\n"
      case .facts(let facts): table(of: facts).markdown
      case .table(let table): table.markdown
      case .paragraph(let text): PlainText.escaped(text) + "\n"
      case .chart(let chart): chart.text(style: .plain)
      case .findings(let findings):
        Table(
          columns: [
            .init("Severity", key: "severity"), .init("Rule", key: "rule"), .init("File", key: "file"),
            .init("Tensor", key: "tensor"), .init("Message", key: "message"), .init("Help", key: "help"),
          ],
          rows: findings.map { finding in
            [
              .text(finding.severity.rawValue), .text(finding.rule), finding.file.map(Cell.text) ?? .empty,
              finding.tensor.map(Cell.text) ?? .empty, .text(finding.message), finding.help.map(Cell.text) ?? .empty,
            ]
          }
        ).markdown
      }
    }.joined(separator: "\n")
  }

  private func table(of facts: [Fact]) -> Table {
    Table(
      columns: [
        .init("Fact", key: "fact"), .init("Value", key: "value"), .init("Provenance", key: "provenance"),
        .init("Source", key: "source"),
      ],
      rows: facts.map { fact in
        [
          .text(fact.label), fact.value, fact.provenance.map { .text($0.rawValue) } ?? .empty,
          fact.note.map(Cell.text) ?? .empty,
        ]
      })
  }
}
