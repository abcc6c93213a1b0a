package import Units

/// A value in a table, which each form writes in its own way.
package enum Cell: Hashable, Sendable {
  /// Nothing to say here.
  case empty
  /// A value that should be here and is not known.
  case unknown
  case text(String)
  /// A count: grouped by thousands for people, plain digits in CSV.
  case count(Int)
  /// An identifying number, such as a layer's: never grouped.
  case index(Int)
  /// A size: in a binary unit for people, bytes in CSV.
  case bytes(ByteCount)

  package init(_ count: Int?) { self = count.map(Cell.count) ?? .unknown }

  /// For people, on one line.
  var human: String {
    switch self {
    case .empty: ""
    case .unknown: "?"
    case .text(let text): PlainText.escaped(text)
    case .count(let number): Quantity.grouped(number)
    case .index(let number): String(number)
    case .bytes(let size): size.description
    }
  }

  /// For programs.
  var exact: String {
    switch self {
    case .empty, .unknown: ""
    case .text(let text): text
    case .count(let number), .index(let number): String(number)
    case .bytes(let size): String(size.bytes)
    }
  }
}
