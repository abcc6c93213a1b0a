/// An extent, or any integer that extents are computed from: a number, or an expression over named symbols.
///
/// Expressions have one form: a polynomial with integer coefficients over symbols and over what no polynomial can say
/// (quotients rounded down, the larger of two). Two extents that are equal for every value of their symbols compare
/// equal where that follows by arithmetic, and two symbols are never taken for one another.
public enum Dimension: Hashable, Sendable {
  case constant(Int)
  /// Never a constant.
  case polynomial(Polynomial)
  /// Beyond 64 bits, a division by zero, or too long to be worth writing. It swallows whatever it meets.
  case undefined

  public static let zero = Dimension.constant(0)
  public static let one = Dimension.constant(1)

  /// A symbol, such as a `dim_param` of an ONNX model: an extent of at least one.
  public static func symbol(_ name: String) -> Dimension { Dimension(Atom(name: name, kind: .symbol)) }

  /// An extent that only running the model can tell, of zero or more. `name` is unique to it.
  public static func unknown(_ name: String) -> Dimension { Dimension(Atom(name: name, kind: .unknown)) }

  init(_ atom: Atom) { self = .polynomial(Polynomial(terms: [Term(coefficient: 1, atoms: [atom])])) }

  init(_ polynomial: Polynomial) {
    guard polynomial.terms.count <= Polynomial.longest else {
      self = .undefined
      return
    }
    switch polynomial.terms.count {
    case 0: self = .zero
    case 1 where polynomial.terms[0].atoms.isEmpty: self = .constant(polynomial.terms[0].coefficient)
    default: self = .polynomial(polynomial)
    }
  }

  /// The number, where it is one.
  public var constant: Int? { if case .constant(let number) = self { number } else { nil } }

  var polynomial: Polynomial? {
    switch self {
    // The one number without an opposite stays out of polynomials.
    case .constant(.min): nil
    case .constant(let number): Polynomial(number)
    case .polynomial(let polynomial): polynomial
    case .undefined: nil
    }
  }
}

extension Dimension: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self = .constant(value) }
}

extension Dimension: CustomStringConvertible {
  public var description: String {
    switch self {
    case .constant(let number): "\(number)"
    case .polynomial(let polynomial): polynomial.description
    case .undefined: "undefined"
    }
  }
}

// MARK: - Arithmetic

extension Dimension {
  public static func + (left: Dimension, right: Dimension) -> Dimension {
    if case .constant(let a) = left, case .constant(let b) = right {
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? .undefined : .constant(sum)
    }
    guard let a = left.polynomial, let b = right.polynomial, let sum = a.adding(b) else { return .undefined }
    return Dimension(sum)
  }

  public static func - (left: Dimension, right: Dimension) -> Dimension { left + right * -1 }

  public static prefix func - (operand: Dimension) -> Dimension { operand * -1 }

  public static func * (left: Dimension, right: Dimension) -> Dimension {
    if case .constant(let a) = left, case .constant(let b) = right {
      let (product, overflow) = a.multipliedReportingOverflow(by: b)
      return overflow ? .undefined : .constant(product)
    }
    guard let a = left.polynomial, let b = right.polynomial else { return .undefined }
    guard a.terms.count * b.terms.count <= 4 * Polynomial.longest, let product = a.multiplied(by: b) else {
      return .undefined
    }
    return Dimension(product)
  }

  public static func += (left: inout Dimension, right: Dimension) { left = left + right }
  public static func *= (left: inout Dimension, right: Dimension) { left = left * right }

  /// The quotient rounded toward negative infinity; undefined for a divisor of zero.
  public func quotient(_ divisor: Dimension) -> Dimension {
    switch (self, divisor) {
    case (.undefined, _), (_, .undefined), (_, .constant(0)): return .undefined
    case (_, .constant(1)), (.constant(0), _): return self
    case (.constant(let a), .constant(let b)):
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      guard !overflow else { return .undefined }
      return .constant(quotient * b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient)
    default: break
    }
    guard let dividend = polynomial, let by = divisor.polynomial else { return .undefined }
    if let exact = dividend.dividedExactly(by: by) { return Dimension(exact) }
    if case .constant(let number) = divisor, number > 0 {
      // floor((n·x + r) / n) is x + floor(r / n).
      let (whole, rest) = dividend.divided(into: number)
      if !whole.terms.isEmpty { return Dimension(whole) + Dimension(rest).quotient(divisor) }
    }
    return Dimension(Atom(.quotient(self, divisor)))
  }

  /// The quotient rounded up, for a positive divisor.
  public func quotientRoundedUp(_ divisor: Dimension) -> Dimension { (self + divisor - 1).quotient(divisor) }

  /// What is left of a division rounded down: of the divisor's sign.
  public func remainder(_ divisor: Dimension) -> Dimension {
    if case .constant(let a) = self, case .constant(let b) = divisor, b != 0, b != -1 {
      let rest = a % b
      return .constant(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest)
    }
    return self - quotient(divisor) * divisor
  }

  /// The larger of two.
  public static func larger(_ left: Dimension, _ right: Dimension) -> Dimension {
    choose(left, right, keepingLarger: true)
  }

  /// The smaller of two.
  public static func smaller(_ left: Dimension, _ right: Dimension) -> Dimension {
    choose(left, right, keepingLarger: false)
  }

  private static func choose(_ left: Dimension, _ right: Dimension, keepingLarger: Bool) -> Dimension {
    if left == .undefined || right == .undefined { return .undefined }
    if left == right { return left }
    if left.isAtLeast(right) == true { return keepingLarger ? left : right }
    if right.isAtLeast(left) == true { return keepingLarger ? right : left }
    let pair = left.description < right.description ? (left, right) : (right, left)
    return Dimension(Atom(keepingLarger ? .larger(pair.0, pair.1) : .smaller(pair.0, pair.1)))
  }

  /// The extent of an axis that two operands share by the rule that an extent of one repeats; nil where no value of
  /// the symbols lets them.
  ///
  /// Two extents of which neither is known to be one stay a choice between them, for any of them may turn out to be one.
  public static func broadcast(_ left: Dimension, _ right: Dimension) -> Dimension? {
    if left == right || right == .one { return left }
    if left == .one { return right }
    switch (left, right) {
    case (.undefined, _), (_, .undefined): return .undefined
    case (.constant, .constant): return nil
    case (.constant, _): return left
    case (_, .constant): return right
    default:
      let operands = left.broadcastOperands.union(right.broadcastOperands)
      return Dimension(Atom(.broadcast(operands.sorted { $0.description < $1.description })))
    }
  }

  private var broadcastOperands: Set<Dimension> {
    if case .polynomial(let polynomial) = self, case .broadcast(let operands)? = polynomial.onlyAtom?.kind {
      return Set(operands)
    }
    return [self]
  }
}

// MARK: - Order

extension Dimension {
  /// Whether this is no smaller than the other: for every value of the symbols, for none, or, where it depends, nil.
  public func isAtLeast(_ other: Dimension) -> Bool? {
    if case .constant(let a) = self, case .constant(let b) = other { return a >= b }
    let difference = self - other
    if let least = difference.lowerBound, least >= 0 { return true }
    if let least = (-difference).lowerBound, least > 0 { return false }
    return nil
  }

  /// A number that this never falls below; nil where none was found.
  public var lowerBound: Int? {
    switch self {
    case .constant(let number): number
    case .polynomial(let polynomial): polynomial.lowerBound
    case .undefined: nil
    }
  }

  /// Whether the two are equal: for every value of the symbols, for none, or, where it depends, nil.
  public func isEqual(_ other: Dimension) -> Bool? {
    if self == .undefined || other == .undefined { return nil }
    if self == other { return true }
    if case .constant = self, case .constant = other { return false }
    let difference = self - other
    if let least = difference.lowerBound, least > 0 { return false }
    if let least = (-difference).lowerBound, least > 0 { return false }
    return nil
  }
}

// MARK: - Symbols

extension Dimension {
  /// The value once `values` stands for the symbols that it names; the others stay.
  public func substituting(_ values: [String: Dimension]) -> Dimension {
    guard case .polynomial(let polynomial) = self else { return self }
    return polynomial.terms.reduce(Dimension.zero) { sum, term in
      sum + term.atoms.reduce(.constant(term.coefficient)) { $0 * $1.substituting(values) }
    }
  }

  /// The names of the symbols in it.
  public var symbols: Set<String> { names { $0 == .symbol } }

  /// The names of what only running the model can tell.
  public var unknowns: Set<String> { names { $0 == .unknown } }

  private func names(_ selects: (Atom.Kind) -> Bool) -> Set<String> {
    guard case .polynomial(let polynomial) = self else { return [] }
    var names: Set<String> = []
    for atom in polynomial.terms.lazy.flatMap(\.atoms) {
      if selects(atom.kind) { names.insert(atom.name) }
      for operand in atom.kind.operands { names.formUnion(operand.names(selects)) }
    }
    return names
  }
}

extension Sequence where Element == Dimension {
  /// The product of extents. One of zero makes it zero, however large the others.
  public var product: Dimension {
    if contains(.zero) { return .zero }
    return reduce(.one, *)
  }
}
