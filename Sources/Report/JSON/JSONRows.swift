/// Objects that are made one by one, in any order and on any thread: a hundred thousand of them never stand in memory
/// together.
package struct JSONRows: Sendable {
  package var count: Int
  /// Makes the object at an index below ``count``.
  package var row: @Sendable (Int) -> [JSONValue.Field]

  package init(_ count: Int, row: @escaping @Sendable (Int) -> [JSONValue.Field]) {
    self.count = count
    self.row = row
  }
}

extension JSONRows: Hashable {
  package static func == (left: JSONRows, right: JSONRows) -> Bool {
    left.count == right.count && (0..<left.count).allSatisfy { left.row($0) == right.row($0) }
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(count) }
}
