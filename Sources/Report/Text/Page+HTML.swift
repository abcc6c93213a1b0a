internal import Units

extension Page {
  /// The page as one HTML document that needs nothing else.
  package func html(title: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>\(Self.escaped(title))</title>
    <style>
    body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
    table { border-collapse: collapse; margin: 1.5rem 0 }
    th, td { padding: .25rem .8rem; border-bottom: 1px solid #ddd; text-align: left; vertical-align: top }
    .right { text-align: right; font-variant-numeric: tabular-nums }
    tfoot td { font-weight: 600 }
    .note { color: #777 }
    </style>
    </head>
    <body>
    <h1>\(Self.escaped(title))</h1>
    \(blocks.map(Self.html).joined(separator: "\n"))
    </body>
    </html>

    """
  }

  private static func html(_ block: Block) -> String {
    switch block {
    case .heading(let title): "<h2>\(escaped(title))</h2>"
    case .paragraph(let text): "<p>\(escaped(text))</p>"
    case .facts(let facts): html(facts)
    case .table(let table): html(table)
    case .chart(let chart): chart.html
    case .findings(let findings):
      "<ul>\n"
        + findings.map { finding in
          "<li><b>\(finding.severity.rawValue)</b> \(escaped(finding.rule)): \(escaped(finding.message))</li>\n"
        }.joined() + "</ul>"
    }
  }

  private static func html(_ facts: [Fact]) -> String {
    let rows = facts.map { fact in
      let origin = [fact.provenance?.rawValue, fact.note].compactMap { $0 }.joined(separator: ", ")
      return "<tr><th>\(escaped(fact.label))</th><td>\(escaped(fact.value.human))</td>"
        + "<td class=\"note\">\(escaped(origin))</td></tr>\n"
    }
    return "<table>\n\(rows.joined())</table>"
  }

  private static func html(_ table: Table) -> String {
    func row(_ cells: [String], _ tag: String) -> String {
      let written = zip(cells, table.columns).map { text, column in
        "<\(tag)\(column.alignment == .right ? " class=\"right\"" : "")>\(text)</\(tag)>"
      }
      return "<tr>\(written.joined())</tr>\n"
    }
    let head = row(table.columns.map { escaped($0.title) }, "th")
    let body = table.rows.map { row($0.map { escaped($0.human) }, "td") }.joined()
    let foot = table.total.map { "<tfoot>\(row($0.map { escaped($0.human) }, "td"))</tfoot>\n" } ?? ""
    return "<table>\n<thead>\(head)</thead>\n<tbody>\n\(body)</tbody>\n\(foot)</table>"
  }

  static func escaped(_ text: String) -> String {
    PlainText.escaped(text).reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }
}
