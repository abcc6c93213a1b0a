public import Graph

/// One element of a small tensor that shapes are computed from.
public enum Scalar: Hashable, Sendable {
  /// An integer, or a truth value as one or zero.
  case integer(Dimension)
  case real(Double)
  case text(String)
  case unknown

  static func integer(_ number: Int) -> Scalar { .integer(.constant(number)) }
  static func truth(_ value: Bool) -> Scalar { .integer(value ? 1 : 0) }

  /// An integer; nil for any other element.
  var dimension: Dimension? { if case .integer(let value) = self, value != .undefined { value } else { nil } }

  /// A truth value; nil where it is not known.
  var truth: Bool? { dimension.flatMap { $0.isEqual(0) }.map { !$0 } }

  /// A number in floating point; nil where it is not known as a number.
  var double: Double? {
    switch self {
    case .integer(let value): value.constant.map(Double.init)
    case .real(let value): value
    case .text, .unknown: nil
    }
  }
}

extension TensorContent {
  /// The elements one by one.
  var scalars: [Scalar] {
    switch self {
    case .integers(let numbers): numbers.map { .integer($0) }
    case .reals(let numbers): numbers.map { .real($0) }
    case .texts(let texts): texts.map { .text($0) }
    }
  }
}
