internal import Graph
internal import Units

/// Operators on sequences of tensors and on optional values.
enum Sequences {
  static let all: [OperatorRow] = [
    row("SequenceConstruct", shape: construct),
    row("SequenceEmpty", shape: empty),
    row("SequenceInsert", shape: insert),
    row("SequenceErase", shape: erase),
    row("SequenceAt", shape: element),
    row("SequenceLength", shape: { _ throws(Unresolved) in [.scalar(.int64)] }, value: length),
    row("SplitToSequence", shape: split),
    row("ConcatFromSequence", shape: concatenate),
    row("Optional", shape: optional),
    row("OptionalGetElement", shape: optionalElement),
    row("OptionalHasElement", shape: { _ throws(Unresolved) in [.scalar(.bool)] }, value: isPresent),
  ]

  private static func sequence(_ call: Call, _ input: Int) throws(Unresolved) -> SequenceFact {
    switch try call.fact(input) {
    case .sequence(let sequence): return sequence
    case .optional(let optional):
      guard case .sequence(let sequence)? = optional.element else { throw .defect("input \(input) is no sequence") }
      return sequence
    case .unknown(let cause): throw Unresolved(cause)
    default: throw .defect("input \(input) is no sequence")
    }
  }

  private static func construct(_ call: Call) throws(Unresolved) -> [Fact] {
    var elements: [Fact] = []
    for input in call.inputs.indices { elements.append(try call.fact(input)) }
    return [.sequence(of: elements)]
  }

  private static func empty(_ call: Call) throws(Unresolved) -> [Fact] {
    let type = try call.type(attribute: "dtype") ?? .float32
    let nothing = Fact.tensor(TensorFact(type, unknownRank: Cause(.data, "an empty sequence has no element")))
    return [.sequence(SequenceFact(element: nothing, elements: []))]
  }

  /// The place that an optional input names, counted from the front; nil where it is not known.
  private static func position(_ call: Call, _ input: Int, count: Int) throws(Unresolved) -> Int? {
    guard let given = (try? call.elements(input))?.first?.dimension?.constant else { return nil }
    guard given >= -count, given <= count else { throw .defect("position \(given) is outside of \(count) elements") }
    return given < 0 ? given + count : given
  }

  private static func insert(_ call: Call) throws(Unresolved) -> [Fact] {
    let sequence = try sequence(call, 0)
    let added = try call.fact(1)
    guard var elements = sequence.elements else {
      return [.sequence(SequenceFact(element: .common(of: [sequence.element, added]), elements: nil))]
    }
    if call.has(2) {
      guard let position = try position(call, 2, count: elements.count) else {
        return [.sequence(SequenceFact(element: .common(of: elements + [added]), elements: nil))]
      }
      elements.insert(added, at: position)
    } else {
      elements.append(added)
    }
    return [.sequence(of: elements)]
  }

  private static func erase(_ call: Call) throws(Unresolved) -> [Fact] {
    let sequence = try sequence(call, 0)
    guard var elements = sequence.elements else { return [.sequence(sequence)] }
    guard !elements.isEmpty else { throw .defect("the sequence is empty") }
    if call.has(1) {
      guard let position = try position(call, 1, count: elements.count) else {
        return [.sequence(SequenceFact(element: sequence.element, elements: nil))]
      }
      guard position < elements.count else { throw .defect("position \(position) is outside of the sequence") }
      elements.remove(at: position)
    } else {
      elements.removeLast()
    }
    return [.sequence(of: elements)]
  }

  private static func element(_ call: Call) throws(Unresolved) -> [Fact] {
    let sequence = try sequence(call, 0)
    guard let elements = sequence.elements, let position = try position(call, 1, count: elements.count) else {
      return [sequence.element]
    }
    guard position < elements.count else { throw .defect("position \(position) is outside of the sequence") }
    return [elements[position]]
  }

  private static func length(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    [try sequence(call, 0).elements.map { [.integer($0.count)] }]
  }

  // MARK: - Tensors to sequences and back

  private static func split(_ call: Call) throws(Unresolved) -> [Fact] {
    let tensor = try call.tensor(0)
    let shape = try call.shape(0)
    let axis = try call.axis(try call.integer("axis", default: 0), rank: shape.count)
    func part(_ extent: Dimension?, keepsAxis: Bool) -> Fact {
      var part = shape
      if keepsAxis {
        part[axis] = extent ?? call.unknown("part", "the extents of its parts are not known")
      } else {
        part.remove(at: axis)
      }
      return .tensor(tensor.dataType, part)
    }
    // Without sizes, parts are of extent one, and lose their axis unless told to keep it.
    guard call.has(1) else {
      let keepsAxis = try call.flag("keepdims", default: true)
      let element = part(1, keepsAxis: keepsAxis)
      guard let count = shape[axis].constant, count <= TensorFact.largestContent else {
        return [.sequence(SequenceFact(element: element, elements: nil))]
      }
      return [.sequence(of: [Fact](repeating: element, count: count))]
    }
    guard let sizes = try? call.numbers(1) else {
      return [.sequence(SequenceFact(element: part(nil, keepsAxis: true), elements: nil))]
    }
    guard try call.shape(1).isEmpty, let size = sizes.first else {
      return [.sequence(of: sizes.map { part(.constant($0), keepsAxis: true) })]
    }
    guard size > 0 else { throw .defect("the size of its parts is \(size)") }
    guard let whole = shape[axis].constant, whole / size <= TensorFact.largestContent else {
      return [.sequence(SequenceFact(element: part(nil, keepsAxis: true), elements: nil))]
    }
    return [
      .sequence(
        of: stride(from: 0, to: whole, by: size).map { part(.constant(Swift.min(size, whole - $0)), keepsAxis: true) })
    ]
  }

  private static func concatenate(_ call: Call) throws(Unresolved) -> [Fact] {
    let sequence = try sequence(call, 0)
    let isStacked = try call.flag("new_axis")
    let given = try call.requiredInteger("axis")
    let tensors = (sequence.elements ?? [sequence.element]).compactMap(\.tensor)
    guard let first = tensors.first, var result = first.shape else { throw .data("its sequence has no known element") }
    let axis = try call.axis(given, rank: result.count + (isStacked ? 1 : 0))
    if isStacked {
      let count = sequence.elements.map { Dimension.constant($0.count) }
      result.insert(count ?? call.unknown("\(axis)", "the length of its sequence is not known"), at: axis)
      return [.tensor(first.dataType, result)]
    }
    guard sequence.elements != nil else {
      result[axis] = call.unknown("\(axis)", "the length of its sequence is not known")
      return [.tensor(first.dataType, result)]
    }
    for tensor in tensors.dropFirst() {
      guard let shape = tensor.shape, shape.count == result.count else {
        throw .defect("the ranks of its sequence's elements differ")
      }
      result[axis] += shape[axis]
    }
    return [.tensor(first.dataType, result)]
  }

  // MARK: - Optional values

  private static func optional(_ call: Call) throws(Unresolved) -> [Fact] {
    if call.has(0) { return [.optional(OptionalFact(element: try call.fact(0), isPresent: true))] }
    guard case .type(let type)? = call.attributes["type"] else { throw .defect("has neither a value nor a type") }
    let element = Fact(type, name: call.label, inference: call.inference)
    return [.optional(OptionalFact(element: element, isPresent: false))]
  }

  private static func optionalElement(_ call: Call) throws(Unresolved) -> [Fact] {
    let fact = try call.fact(0)
    guard case .optional(let optional) = fact else { return [fact] }
    guard optional.isPresent != false else { throw .defect("takes the element of an optional that holds none") }
    guard let element = optional.element else { throw .data("what the optional holds is not known") }
    return [element]
  }

  private static func isPresent(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    guard call.has(0) else { return [[.truth(false)]] }
    guard case .optional(let optional) = try call.fact(0) else { return [[.truth(true)]] }
    return [optional.isPresent.map { [.truth($0)] }]
  }
}

extension Fact {
  /// A sequence whose elements are these.
  static func sequence(of elements: [Fact]) -> Fact {
    .sequence(SequenceFact(element: common(of: elements), elements: elements))
  }

  /// What is known of any one of several values.
  static func common(of facts: [Fact]) -> Fact {
    guard let first = facts.first else { return .unknown(Cause(.data, "an empty sequence has no element")) }
    return facts.dropFirst().reduce(first) { known, fact in
      joined(known, fact) { .unknown("element.\($0)") }
    }
  }
}
