package import Strategy
internal import Units

/// The answer of `plimsoll compare`: a calculator's figures beside the files', or one checkpoint beside another.
package struct ComparisonAnswer: Answer {
  package static let command = "compare"

  /// What the two columns of figures are.
  package enum Subject: Sendable {
    case nominal
    case other(String)
  }

  let checkpoint: String
  let subject: Subject
  let rows: [ComparisonRow]
  /// The workload in words; nil where nothing was simulated.
  let workload: String?
  /// Why there are no rows of memory; nil where there are.
  let missing: String?

  package init(
    _ checkpoint: String, _ subject: Subject, _ rows: [ComparisonRow], workload: String?, missing: String?
  ) {
    self.checkpoint = checkpoint
    self.subject = subject
    self.rows = rows
    self.workload = workload
    self.missing = missing
  }

  /// What the two figures of a row are called.
  private var columns: (first: String, second: String) {
    switch subject {
    case .nominal: ("nominal", "exact")
    case .other: ("first", "second")
    }
  }

  private var titles: (first: String, second: String) {
    switch subject {
    case .nominal: ("Nominal", "Exact")
    case .other: ("First", "Second")
    }
  }

  package var fields: [JSONValue.Field] {
    var fields: [JSONValue.Field] = [.init("checkpoint", .string(checkpoint))]
    if case .other(let path) = subject { fields.append(.init("other", .string(path))) }
    fields.append(.init("workload", .init(workload)))
    fields.append(.init("notSimulated", .init(missing)))
    fields.append(.init("rows", .array(rows.map(json))))
    return fields
  }

  private func json(_ row: ComparisonRow) -> JSONValue {
    .object([
      .init("section", .string(row.section.rawValue)), .init("quantity", .string(row.quantity)),
      .init(columns.first, row.first.json), .init(columns.second, row.second.json),
      .init("difference", .init(row.difference)), .init("because", .init(row.because)),
      .init(
        "causes",
        .array(row.causes.map { .object([.init("what", .string($0.what)), .init("amount", .init($0.amount))]) })),
    ])
  }

  package var page: Page {
    var facts = [Page.Fact("Checkpoint", .text(checkpoint))]
    if case .other(let path) = subject { facts.append(Page.Fact("Other", .text(path))) }
    if let workload { facts.append(Page.Fact("Workload", .text(workload))) }
    var blocks: [Page.Block] = [.facts(facts)]
    for section in ComparisonRow.Section.allCases {
      let rows = rows.filter { $0.section == section }
      guard !rows.isEmpty else { continue }
      var table = Table(columns: [
        Table.Column(title(of: section), key: "quantity"),
        Table.Column(titles.first, key: columns.first, .right),
        Table.Column(titles.second, key: columns.second, .right),
        Table.Column("Difference", key: "difference", .right),
        Table.Column("Because", key: "because", isFlexible: true),
      ])
      table.rows = rows.map { row in
        [.text(row.quantity), row.first.cell, row.second.cell, .text(row.signedDifference), .text(row.because ?? "")]
      }
      blocks.append(.table(table))
    }
    if let missing { blocks.append(.paragraph("Memory was not simulated: \(missing).")) }
    return Page(blocks)
  }

  private func title(of section: ComparisonRow.Section) -> String {
    switch section {
    case .model: "Model"
    case .parameters: "Parameters"
    case .storage: "Storage"
    case .memory: "Memory of a GPU"
    case .rules: "Rules of thumb, and the peak"
    }
  }
}

extension ComparisonRow {
  private var isBytes: Bool {
    if case .bytes = first { return true }
    if case .bytes = second { return true }
    return false
  }

  /// A difference of this row as people read it: `+1.05 GiB`.
  private func signed(_ amount: Int) -> String {
    let magnitude = Int(amount.magnitude)
    let text = isBytes ? ByteCount(magnitude).description : Quantity.grouped(magnitude)
    return (amount < 0 ? "-" : "+") + text
  }

  fileprivate var signedDifference: String {
    guard let difference, difference != 0 else { return first == second || difference == 0 ? "" : "differs" }
    return signed(difference)
  }

  /// The causes in one line, the largest first.
  fileprivate var because: String? {
    let sorted = causes.sorted { ($0.amount ?? 0).magnitude > ($1.amount ?? 0).magnitude }
    let parts = sorted.map { cause in cause.amount.map { "\(cause.what): \(signed($0))" } ?? cause.what }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}

extension ComparisonRow.Value {
  fileprivate var json: JSONValue {
    switch self {
    case .count(let count): .integer(count)
    case .bytes(let size): .integer(size.bytes)
    case .text(let text): .string(text)
    case .none: .null
    }
  }

  fileprivate var cell: Cell {
    switch self {
    case .count(let count): .count(count)
    case .bytes(let size): .bytes(size)
    case .text(let text): .text(text)
    case .none: .empty
    }
  }
}
