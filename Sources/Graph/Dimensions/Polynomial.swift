/// A sum of products of atoms with integer coefficients, in the one order in which it can be written.
public struct Polynomial: Hashable, Sendable {
  /// Sorted, no two with the same atoms, no coefficient zero.
  var terms: [Term]

  /// Sums longer than this say nothing to a reader.
  static let longest = 64

  init(terms: [Term]) { self.terms = terms }

  init(_ number: Int) { terms = number == 0 ? [] : [Term(coefficient: number, atoms: [])] }

  /// The atom, where the polynomial is nothing else.
  var onlyAtom: Atom? {
    guard terms.count == 1, terms[0].coefficient == 1, terms[0].atoms.count == 1 else { return nil }
    return terms[0].atoms[0]
  }

  func adding(_ other: Polynomial) -> Polynomial? {
    var sum: [Term] = []
    sum.reserveCapacity(terms.count + other.terms.count)
    var (left, right) = (terms[...], other.terms[...])
    while let a = left.first, let b = right.first {
      if a.atoms == b.atoms {
        let (coefficient, overflow) = a.coefficient.addingReportingOverflow(b.coefficient)
        guard !overflow, coefficient != .min else { return nil }
        if coefficient != 0 { sum.append(Term(coefficient: coefficient, atoms: a.atoms)) }
        left.removeFirst()
        right.removeFirst()
      } else if a.precedes(b) {
        sum.append(left.removeFirst())
      } else {
        sum.append(right.removeFirst())
      }
    }
    return Polynomial(terms: sum + left + right)
  }

  func multiplied(by other: Polynomial) -> Polynomial? {
    var product: Polynomial? = Polynomial(terms: [])
    for factor in other.terms {
      guard let row = multiplied(by: factor) else { return nil }
      product = product?.adding(row)
    }
    return product
  }

  private func multiplied(by factor: Term) -> Polynomial? {
    var row: [Term] = []
    row.reserveCapacity(terms.count)
    for term in terms {
      guard let product = term.multiplied(by: factor) else { return nil }
      row.append(product)
    }
    return Polynomial(terms: row.sorted { $0.precedes($1) })
  }

  /// The quotient where the division leaves nothing, by long division; nil where it leaves a rest.
  func dividedExactly(by divisor: Polynomial) -> Polynomial? {
    guard let leading = divisor.terms.first else { return nil }
    var rest = self
    var quotient = Polynomial(terms: [])
    for _ in 0..<Polynomial.longest {
      guard let first = rest.terms.first else { return quotient }
      guard let factor = first.divided(by: leading),
        let negated = divisor.multiplied(by: Term(coefficient: -factor.coefficient, atoms: factor.atoms)),
        let remaining = rest.adding(negated), let longer = quotient.adding(Polynomial(terms: [factor]))
      else { return nil }
      (rest, quotient) = (remaining, longer)
    }
    return nil
  }

  /// The part of which every coefficient is a multiple of `number`, divided by it, and the rest.
  func divided(into number: Int) -> (whole: Polynomial, rest: Polynomial) {
    var (whole, rest) = (Polynomial(terms: []), Polynomial(terms: []))
    for term in terms {
      // A coefficient is split too: floor((5·x) / 2) is 2·x + floor(x / 2).
      let truncated = term.coefficient % number
      let remainder = truncated < 0 ? truncated + number : truncated
      let multiple = term.coefficient / number - (truncated < 0 ? 1 : 0)
      if multiple != 0 { whole.terms.append(Term(coefficient: multiple, atoms: term.atoms)) }
      if remainder != 0 { rest.terms.append(Term(coefficient: remainder, atoms: term.atoms)) }
    }
    return (whole, rest)
  }

  /// A number below which the value never falls: each atom is written as its least value and what exceeds it, and
  /// where no coefficient is negative then, the constant is the bound.
  var lowerBound: Int? {
    var shifted: Polynomial? = Polynomial(terms: [])
    for term in terms {
      var product: Polynomial? = Polynomial(term.coefficient)
      for atom in term.atoms {
        guard let least = atom.lowerBound else { return nil }
        product = product?.multiplied(
          by: Polynomial(terms: [Term(coefficient: 1, atoms: [atom])])
            .adding(Polynomial(least)) ?? Polynomial(terms: []))
      }
      guard let product, product.terms.count <= Polynomial.longest else { return nil }
      shifted = shifted?.adding(product)
    }
    guard let shifted, shifted.terms.allSatisfy({ $0.coefficient > 0 || $0.atoms.isEmpty }) else { return nil }
    return shifted.terms.first { $0.atoms.isEmpty }?.coefficient ?? 0
  }
}

extension Polynomial: CustomStringConvertible {
  public var description: String {
    var text = ""
    for (place, term) in terms.enumerated() {
      let magnitude = Term(coefficient: abs(term.coefficient), atoms: term.atoms).description
      switch (place, term.coefficient < 0) {
      case (0, false): text += magnitude
      case (0, true): text += "-\(magnitude)"
      case (_, false): text += " + \(magnitude)"
      case (_, true): text += " - \(magnitude)"
      }
    }
    return text.isEmpty ? "0" : text
  }
}

/// A product of atoms with a coefficient.
struct Term: Hashable, Sendable {
  var coefficient: Int
  /// Sorted by name; a power repeats its atom.
  var atoms: [Atom]

  /// Longer products come first, and among equals those whose names do.
  func precedes(_ other: Term) -> Bool {
    if atoms.count != other.atoms.count { return atoms.count > other.atoms.count }
    return atoms.lexicographicallyPrecedes(other.atoms) { $0.name < $1.name }
  }

  func multiplied(by other: Term) -> Term? {
    let (product, overflow) = coefficient.multipliedReportingOverflow(by: other.coefficient)
    guard !overflow, product != .min, atoms.count + other.atoms.count <= 32 else { return nil }
    if atoms.isEmpty || other.atoms.isEmpty { return Term(coefficient: product, atoms: atoms + other.atoms) }
    return Term(coefficient: product, atoms: (atoms + other.atoms).sorted { $0.name < $1.name })
  }

  /// The quotient where it is a term with an integer coefficient.
  func divided(by divisor: Term) -> Term? {
    guard divisor.coefficient != -1 || coefficient != .min, coefficient % divisor.coefficient == 0 else { return nil }
    var rest = atoms
    for atom in divisor.atoms {
      guard let place = rest.firstIndex(of: atom) else { return nil }
      rest.remove(at: place)
    }
    return Term(coefficient: coefficient / divisor.coefficient, atoms: rest)
  }
}

extension Term: CustomStringConvertible {
  var description: String {
    guard !atoms.isEmpty else { return "\(coefficient)" }
    var factors = coefficient == 1 ? [] : ["\(coefficient)"]
    var rest = atoms[...]
    while let atom = rest.first {
      let power = rest.prefix { $0 == atom }.count
      factors.append(power == 1 ? atom.name : "\(atom.name)^\(power)")
      rest = rest.dropFirst(power)
    }
    return factors.joined(separator: "*")
  }
}
