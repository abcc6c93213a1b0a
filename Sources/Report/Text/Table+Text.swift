extension Table {
  /// The table with its columns aligned and two spaces between them; no line ends in a space.
  func text(style: TextStyle) -> String {
    let body = rows.map { $0.map(\.human) }
    let sums = total?.map(\.human)
    let widths = fitted(naturalWidths(body + (sums.map { [$0] } ?? [])), to: style.width)
    var result = ""
    append(columns.map(\.title), widths, style.hasColour ? style : nil, .heading, to: &result)
    for row in body { append(row, widths, nil, nil, to: &result) }
    if let sums { append(sums, widths, style.hasColour ? style : nil, .heading, to: &result) }
    return result
  }

  private func naturalWidths(_ lines: [[String]]) -> [Int] {
    var widths = columns.map { PlainText.width($0.title) }
    for line in lines {
      for (column, cell) in line.enumerated() where column < widths.count {
        widths[column] = max(widths[column], PlainText.width(cell))
      }
    }
    return widths
  }

  /// Takes what is too wide from the flexible columns, the widest first, down to a legible least.
  private func fitted(_ natural: [Int], to limit: Int?) -> [Int] {
    guard let limit else { return natural }
    var widths = natural
    var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - limit
    let flexible = columns.indices.filter { columns[$0].isFlexible }.sorted { widths[$0] > widths[$1] }
    for column in flexible where excess > 0 {
      let cut = min(excess, max(0, widths[column] - 20))
      widths[column] -= cut
      excess -= cut
    }
    return widths
  }

  private func append(
    _ cells: [String], _ widths: [Int], _ style: TextStyle?, _ emphasis: TextStyle.Emphasis?,
    to result: inout String
  ) {
    var line = ""
    var pending = 0
    for (index, (cell, width)) in zip(cells, widths).enumerated() {
      let shown = PlainText.shortened(cell, to: width)
      let missing = max(0, width - PlainText.width(shown))
      let isRight = columns[index].alignment == .right
      if isRight { pending += missing }
      if !shown.isEmpty {
        line += String(repeating: " ", count: pending)
        line += shown
        pending = 0
      }
      // Spaces wait until something stands behind them, so that no line ends in one.
      pending += (isRight ? 0 : missing) + 2
    }
    result += style?.styled(line, emphasis) ?? line
    result += "\n"
  }
}
