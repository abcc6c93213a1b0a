package import Checkpoint
package import Units

/// An answer laid out for people: blocks from top to bottom.
package struct Page: Hashable, Sendable {
  package enum Block: Hashable, Sendable {
    case heading(String)
    case facts([Fact])
    case table(Table)
    case paragraph(String)
    case findings([Finding])
    case chart(Chart)
  }

  /// A named value and where it comes from.
  package struct Fact: Hashable, Sendable {
    package var label: String
    package var value: Cell
    package var provenance: Provenance?
    /// What it was read or derived from, or what else to know.
    package var note: String?

    package init(_ label: String, _ value: Cell, _ provenance: Provenance? = nil, note: String? = nil) {
      self.label = label
      self.value = value
      self.provenance = provenance
      self.note = note
    }
  }

  package var blocks: [Block]

  package init(_ blocks: [Block]) { self.blocks = blocks }
}

extension Page {
  /// The page's tables, one below the other: what a spreadsheet can take in.
  var csv: String {
    var tables: [String] = []
    for case .table(let table) in blocks { tables.append(table.csv) }
    return tables.joined(separator: "\r\n")
  }
}
