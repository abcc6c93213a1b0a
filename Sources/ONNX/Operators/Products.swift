internal import Graph
internal import Units

/// Matrix products.
enum Products {
  static let all: [OperatorRow] = [
    row("MatMul") { call throws(Unresolved) in
      [.tensor(call.type(0) ?? call.type(1), try product(call, try call.shape(0), try call.shape(1)))]
    },
    row("MatMulInteger") { call throws(Unresolved) in
      [.tensor(.int32, try product(call, try call.shape(0), try call.shape(1)))]
    },
    row("QLinearMatMul") { call throws(Unresolved) in
      [.tensor(call.type(7), try product(call, try call.shape(0), try call.shape(3)))]
    },
    row("Gemm", shape: gemm), row("Det", shape: determinant), row("Einsum", shape: einsum),
  ]

  /// The shape of a product by numpy's rule (MatMul 1): an operand of rank one is a row on the left and a column on
  /// the right, and its axis is gone afterwards; axes before the last two broadcast.
  static func product(
    _ call: Call, _ left: [Dimension], _ right: [Dimension]
  ) throws(Unresolved) -> [Dimension] {
    guard let innerOfLeft = left.last, let lastOfRight = right.last else {
      throw .defect("a scalar has no matrix product: \(call.text([left, right]))")
    }
    let innerOfRight = right.count == 1 ? lastOfRight : right[right.count - 2]
    try call.agree(innerOfLeft, innerOfRight, "the inner extents of \(call.text([left, right])) differ")
    var shape = try call.broadcast([Array(left.dropLast(2)), Array(right.dropLast(2))])
    if left.count > 1 { shape.append(left[left.count - 2]) }
    if right.count > 1 { shape.append(lastOfRight) }
    return shape
  }

  /// `[M, N]` of `A' · B' + C` (Gemm 1 to 13), where C repeats to it from behind.
  private static func gemm(_ call: Call) throws(Unresolved) -> [Fact] {
    var a = try call.shape(0, ranks: 2...2)
    var b = try call.shape(1, ranks: 2...2)
    if try call.flag("transA") { a.reverse() }
    if try call.flag("transB") { b.reverse() }
    try call.agree(a[1], b[0], "the inner extents of \(call.text([a, b])) differ")
    let shape = [a[0], b[1]]
    if call.has(2), let bias = try call.tensor(2).shape { try call.fits(bias, into: shape, "the addend") }
    return [.tensor(call.type(0) ?? call.type(1), shape)]
  }

  /// One number for each matrix in the last two axes (Det 11).
  private static func determinant(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0, ranks: 2...Call.highestRank)
    try call.agree(shape[shape.count - 2], shape[shape.count - 1], "a matrix is not square")
    return [.tensor(call.type(0), Array(shape.dropLast(2)))]
  }

  /// Einsum 12: extents of one label broadcast among the operands, and the result lists those of its labels.
  private static func einsum(_ call: Call) throws(Unresolved) -> [Fact] {
    guard let text = try call.string("equation") else { throw .defect("attribute 'equation' is missing") }
    let equation = try EinsumEquation(text)
    guard equation.operands.count == call.inputs.count else {
      throw .defect("equation '\(text)' has \(equation.operands.count) operands for \(call.inputs.count) inputs")
    }
    var extents: [Character: Dimension] = [:]
    var ellipsis: [Dimension] = []
    for (input, term) in equation.operands.enumerated() {
      let shape = try call.shape(input)
      let between = shape.count - term.labels.count
      guard term.ellipsis == nil ? between == 0 : between >= 0 else {
        throw .defect("operand \(input) of equation '\(text)' has rank \(shape.count)")
      }
      let start = term.ellipsis ?? term.labels.count
      ellipsis = try call.broadcast([ellipsis, Array(shape[start..<start + between])])
      for (place, label) in term.labels.enumerated() {
        let extent = shape[place < start ? place : place + between]
        let known = extents[label] ?? .one
        guard let shared = Dimension.broadcast(known, extent) else {
          throw .defect("label '\(label)' of equation '\(text)' stands for both \(known) and \(extent)")
        }
        extents[label] = shared
      }
    }
    let result = equation.result
    let shape = result.labels.map { extents[$0] ?? .undefined }
    let place = result.ellipsis ?? 0
    let inner = result.ellipsis == nil ? [] : ellipsis
    let type = call.inputs.indices.lazy.compactMap { call.type($0) }.first
    return [.tensor(type, Array(shape[..<place]) + inner + shape[place...])]
  }
}

/// The equation of an Einsum: a term of labels for each operand and one for the result.
struct EinsumEquation {
  struct Term {
    var labels: [Character] = []
    /// How many labels stand before the ellipsis; nil without one.
    var ellipsis: Int?
  }

  var operands: [Term] = []
  var result = Term()

  init(_ text: String) throws(Unresolved) {
    let characters = text.filter { !$0.isWhitespace }
    var sides = [characters[...]]
    if let arrow = characters.firstIndex(of: "-") {
      let rest = characters[arrow...].dropFirst()
      guard rest.first == ">" else { throw .defect("equation '\(text)' has a '-' without '>'") }
      sides = [characters[..<arrow], rest.dropFirst()]
    }
    for term in sides[0].split(separator: ",", omittingEmptySubsequences: false) {
      operands.append(try Term(term, of: text))
    }
    let named = operands.flatMap(\.labels)
    if sides.count == 2 {
      result = try Term(sides[1], of: text)
      let known = Set(named)
      if let stray = result.labels.first(where: { !known.contains($0) }) {
        throw .defect("label '\(stray)' of the result is in no operand of equation '\(text)'")
      }
      guard Set(result.labels).count == result.labels.count else {
        throw .defect("a label is twice in the result of equation '\(text)'")
      }
    } else {
      // An equation without an arrow keeps the axes of the ellipsis, then the labels that occur once, by alphabet.
      var occurrences: [Character: Int] = [:]
      for label in named { occurrences[label, default: 0] += 1 }
      result.labels = occurrences.filter { $0.value == 1 }.keys.sorted()
      if operands.contains(where: { $0.ellipsis != nil }) { result.ellipsis = 0 }
    }
  }
}

extension EinsumEquation.Term {
  fileprivate init(_ text: Substring, of equation: String) throws(Unresolved) {
    var rest = text
    while let character = rest.popFirst() {
      if character.isASCII, character.isLetter {
        labels.append(character)
      } else if character == ".", rest.hasPrefix(".."), ellipsis == nil {
        rest = rest.dropFirst(2)
        ellipsis = labels.count
      } else {
        throw .defect("'\(character)' is out of place in equation '\(equation)'")
      }
    }
  }
}
