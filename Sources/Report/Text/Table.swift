/// Rows under titled columns.
package struct Table: Hashable, Sendable {
  package enum Alignment: Sendable {
    case left, right
  }

  package struct Column: Hashable, Sendable {
    /// For people: `Elements`.
    package var title: String
    /// For programs, the column's name in CSV: `elements`.
    package var key: String
    package var alignment: Alignment
    /// Whether its cells may be shortened to fit a terminal.
    package var isFlexible: Bool

    package init(_ title: String, key: String, _ alignment: Alignment = .left, isFlexible: Bool = false) {
      self.title = title
      self.key = key
      self.alignment = alignment
      self.isFlexible = isFlexible
    }
  }

  package var columns: [Column]
  package var rows: [[Cell]]
  /// The sums under the rows, for people only.
  package var total: [Cell]?

  package init(columns: [Column], rows: [[Cell]] = [], total: [Cell]? = nil) {
    self.columns = columns
    self.rows = rows
    self.total = total
  }
}
