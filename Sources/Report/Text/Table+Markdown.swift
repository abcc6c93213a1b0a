extension Table {
  /// A table of GitHub-flavoured Markdown.
  var markdown: String {
    func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
    func escaped(_ cell: Cell) -> String {
      var result = ""
      for character in cell.human {
        // What Markdown would take for markup; `#` and `_` inside a word are safe.
        if "|*`<>\\[]".contains(character) { result.append("\\") }
        result.append(character)
      }
      return result
    }
    var result = line(columns.map(\.title))
    result += line(columns.map { $0.alignment == .right ? "---:" : "---" })
    for row in rows { result += line(row.map(escaped)) }
    if let total { result += line(total.map { $0 == .empty ? "" : "**\(escaped($0))**" }) }
    return result
  }
}
