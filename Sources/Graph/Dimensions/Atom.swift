/// What a polynomial cannot take apart: a symbol, or a function of other extents. Its name says all of it, so that
/// names decide equality and order.
struct Atom: Sendable {
  indirect enum Kind: Hashable, Sendable {
    case symbol
    /// What only running the model can tell.
    case unknown
    /// Rounded down.
    case quotient(Dimension, Dimension)
    case larger(Dimension, Dimension)
    case smaller(Dimension, Dimension)
    /// The one of these that is not one.
    case broadcast([Dimension])

    var operands: [Dimension] {
      switch self {
      case .symbol, .unknown: []
      case .quotient(let a, let b), .larger(let a, let b), .smaller(let a, let b): [a, b]
      case .broadcast(let operands): operands
      }
    }
  }

  var name: String
  var kind: Kind

  init(name: String, kind: Kind) {
    self.name = name
    self.kind = kind
  }

  /// An atom that is a function of others.
  init(_ kind: Kind) {
    self.kind = kind
    name =
      switch kind {
      case .symbol, .unknown: ""
      case .quotient(let a, let b): "floor((\(a))/(\(b)))"
      case .larger(let a, let b): "max(\(a), \(b))"
      case .smaller(let a, let b): "min(\(a), \(b))"
      case .broadcast(let operands): "broadcast(\(operands.map(\.description).joined(separator: ", ")))"
      }
  }

  /// A number below which it never falls; nil where none is known.
  var lowerBound: Int? {
    switch kind {
    case .symbol: return 1
    case .unknown: return 0
    case .quotient(let a, let b):
      guard let least = a.lowerBound, let divisor = b.lowerBound, least >= 0, divisor > 0 else { return nil }
      return b.constant.map { least / $0 } ?? 0
    case .larger(let a, let b):
      let bounds = [a.lowerBound, b.lowerBound].compactMap { $0 }
      return bounds.max()
    case .smaller(let a, let b):
      guard let first = a.lowerBound, let second = b.lowerBound else { return nil }
      return min(first, second)
    case .broadcast(let operands): return operands.compactMap(\.lowerBound).min().flatMap { $0 >= 0 ? $0 : nil }
    }
  }

  func substituting(_ values: [String: Dimension]) -> Dimension {
    switch kind {
    case .symbol, .unknown: values[name] ?? Dimension(self)
    case .quotient(let a, let b): a.substituting(values).quotient(b.substituting(values))
    case .larger(let a, let b): .larger(a.substituting(values), b.substituting(values))
    case .smaller(let a, let b): .smaller(a.substituting(values), b.substituting(values))
    case .broadcast(let operands):
      operands.reduce(.one) { .broadcast($0, $1.substituting(values)) ?? .undefined }
    }
  }
}

extension Atom: Hashable {
  static func == (left: Atom, right: Atom) -> Bool { left.name == right.name }
  func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
