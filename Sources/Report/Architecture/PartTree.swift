internal import Architecture

/// A model's modules as the tree that their names make, each with what it was taken for.
struct PartTree {
  private let parts: [ModelDescription.Part]

  init(_ parts: [ModelDescription.Part]) { self.parts = parts }

  /// What is above several modules has a line of its own; what is above one alone stands in its line.
  var table: Table {
    var table = Table(columns: [
      .init("Module", key: "module"), .init("Part", key: "part"), .init("Shape", key: "shape", .right),
      .init("Tensors", key: "tensors", .right), .init("Because", key: "because", isFlexible: true),
    ])
    add(parts.map { (part: $0, rest: Self.components($0.pattern)[...]) }, depth: 0, to: &table)
    return table
  }

  private typealias Branch = (part: ModelDescription.Part, rest: ArraySlice<Substring>)

  private func add(_ branches: [Branch], depth: Int, to table: inout Table) {
    var order: [Substring] = []
    var groups: [Substring: [Branch]] = [:]
    for branch in branches {
      guard let first = branch.rest.first else { continue }
      if groups[first] == nil { order.append(first) }
      groups[first, default: []].append((branch.part, branch.rest.dropFirst()))
    }
    for first in order {
      guard var group = groups[first] else { continue }
      var label = [first]
      // A shared path goes on one line.
      while let next = group.first?.rest.first, group.allSatisfy({ $0.rest.first == next }) {
        label.append(next)
        group = group.map { ($0.part, $0.rest.dropFirst()) }
      }
      let cell = Cell.text(String(repeating: "  ", count: depth) + label.joined(separator: "."))
      if let own = group.first(where: { $0.rest.isEmpty })?.part {
        table.rows.append([
          cell, .text(own.role?.rawValue ?? "–"), own.shape.map { .text($0.description) } ?? .unknown,
          .count(own.tensorCount), .text(own.reason ?? ""),
        ])
      } else {
        table.rows.append([cell, .empty, .empty, .empty, .empty])
      }
      add(group.filter { !$0.rest.isEmpty }, depth: depth + 1, to: &table)
    }
  }

  private static func components(_ pattern: String) -> [Substring] {
    pattern.split(separator: ".", omittingEmptySubsequences: false)
  }
}
