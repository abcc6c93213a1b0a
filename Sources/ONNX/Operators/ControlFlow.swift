internal import Graph
internal import Units

/// Operators that run subgraphs.
enum ControlFlow {
  static let all: [OperatorRow] = [
    row("If", shape: branch), row("Loop", shape: loop), row("Scan", shape: scan), row("SequenceMap", shape: map),
  ]

  private static func results(of graph: InferredGraph) -> [Fact] { graph.outputs.map { graph.values[$0].fact } }

  /// What two runs of a subgraph have in common, output by output.
  private static func joined(_ left: [Fact], _ right: [Fact], _ call: Call, _ why: String) -> [Fact] {
    zip(left, right).enumerated().map { place, pair in
      Fact.joined(pair.0, pair.1) { axis in call.unknown("\(place).\(axis)", why) }
    }
  }

  // MARK: - If

  private static func branch(_ call: Call) throws(Unresolved) -> [Fact] {
    let (yes, no) = ("then_branch", "else_branch")
    if let isTrue = (try? call.elements(0))?.first?.truth {
      return results(of: try call.inference.infer(isTrue ? yes : no, of: call, inputs: []))
    }
    let first = results(of: try call.inference.infer(yes, of: call, inputs: []))
    let second = results(of: try call.inference.infer(no, of: call, inputs: []))
    guard first.count == second.count else {
      throw .defect("one branch has \(first.count) outputs, the other \(second.count)")
    }
    return joined(first, second, call, "differs between its branches")
  }

  // MARK: - Loop

  /// More iterations than this are not followed one by one.
  private static let mostIterations = 128

  private static func loop(_ call: Call) throws(Unresolved) -> [Fact] {
    let body = try call.graph("body")
    let states = Array(call.inputs.dropFirst(2)).map { $0 ?? .unknown(Cause(.defect, "a loop's state is left out")) }
    let count = states.count
    guard body.outputs.count > count, body.inputs.count == count + 2 else {
      throw .defect(
        "its body takes \(body.inputs.count) inputs and gives \(body.outputs.count) outputs for \(count) states")
    }
    let limit = call.has(0) ? (try? call.elements(0))?.first?.dimension : nil
    let isEndless = !call.has(0)
    let condition: Bool? = call.has(1) ? (try? call.elements(1))?.first?.truth : true
    if condition != nil, isEndless || limit?.constant != nil,
      let known = try unrolled(call, body, states, limit: limit?.constant, condition: condition)
    {
      return known
    }
    // Not followed one by one: what holds in every iteration is found by joining until nothing changes.
    var state = states
    var results: [Fact] = []
    for _ in 0..<8 {
      let inputs = [Fact.scalar(.int64), Fact.scalar(.bool)] + state
      results = Self.results(of: try call.inference.infer("body", of: call, inputs: inputs))
      guard results.count > count else { throw .defect("its body does not give its outputs") }
      let next = joined(state, Array(results[1...count]), call, "changes from one iteration to the next")
      if next == state { break }
      state = next
    }
    let iterations = call.inference.tripCount(
      call, limit: limit, endsBy: body.outputs.first?.name, given: body.inputs[1].name, body: body)
    return state + results[(count + 1)...].map { stacked($0, iterations, axis: 0) }
  }

  /// The results after following each iteration; nil where their number is not known or too large.
  private static func unrolled(
    _ call: Call, _ body: GraphDefinition, _ initial: [Fact], limit: Int?, condition: Bool?
  ) throws(Unresolved) -> [Fact]? {
    var (state, condition) = (initial, condition)
    var scanned = [[Fact]](repeating: [], count: body.outputs.count - 1 - initial.count)
    var iteration = 0
    while condition == true, iteration < limit ?? .max {
      guard iteration < mostIterations else { return nil }
      let number = Fact.tensor(TensorFact(.int64, shape: [], elements: [.integer(iteration)]))
      let goes = Fact.tensor(TensorFact(.bool, shape: [], elements: [.truth(true)]))
      let results = Self.results(of: try call.inference.infer("body", of: call, inputs: [number, goes] + state))
      guard results.count == body.outputs.count else { throw .defect("its body does not give its outputs") }
      condition = results[0].tensor?.elements?.first?.truth
      state = Array(results[1...].prefix(initial.count))
      for (place, fact) in results[(1 + initial.count)...].enumerated() { scanned[place].append(fact) }
      iteration += 1
    }
    guard condition != nil || iteration == limit else { return nil }
    return state
      + scanned.enumerated().map { place, facts in
        guard let first = facts.first else {
          let declared = Fact(body.outputs[1 + initial.count + place].type, name: call.label, inference: call.inference)
          return stacked(declared, .zero, axis: 0)
        }
        let element = facts.dropFirst().reduce(first) { known, fact in
          Fact.joined(known, fact) { call.unknown("\(place).\($0)", "changes from one iteration to the next") }
        }
        return stacked(element, .constant(iteration), axis: 0)
      }
  }

  /// Elements of one shape side by side along a new axis.
  private static func stacked(_ element: Fact, _ count: Dimension, axis: Int) -> Fact {
    guard case .tensor(let tensor) = element else { return element }
    guard var shape = tensor.shape else {
      return .tensor(TensorFact(tensor.dataType, unknownRank: tensor.cause ?? Cause(.data, "has an unknown rank")))
    }
    shape.insert(count, at: Swift.min(axis, shape.count))
    return .tensor(tensor.dataType, shape)
  }

  // MARK: - Scan

  private static func scan(_ call: Call) throws(Unresolved) -> [Fact] {
    let body = try call.graph("body")
    // Version 8 has lengths before the states and a batch axis in front of everything.
    let isBatched = call.version < 9
    let inputs = Array(call.inputs.dropFirst(isBatched ? 1 : 0))
    let scannedCount = try call.requiredInteger("num_scan_inputs")
    guard scannedCount >= 1, scannedCount <= inputs.count, body.inputs.count == inputs.count else {
      throw .defect("num_scan_inputs is \(scannedCount) of \(inputs.count) inputs")
    }
    let stateCount = inputs.count - scannedCount
    let axes = try call.optionalIntegers("scan_input_axes") ?? []
    var facts: [Fact] = []
    var batch = Dimension.one
    var length: Dimension?
    for (place, input) in inputs.enumerated() {
      guard let input else { throw .defect("one of its inputs is left out") }
      guard case .tensor(let tensor) = input, var shape = tensor.shape else {
        facts.append(input)
        continue
      }
      if isBatched {
        guard !shape.isEmpty else { throw .defect("input \(place) has no batch axis") }
        batch = shape.removeFirst()
      }
      if place >= stateCount {
        let given = place - stateCount < axes.count ? axes[place - stateCount] : 0
        let axis = try call.axis(given, rank: shape.count)
        length =
          try length.map { known throws(Unresolved) in try Assembly.agreed(known, shape[axis], axis: axis) }
          ?? shape[axis]
        shape.remove(at: axis)
      }
      facts.append(.tensor(tensor.dataType, shape))
    }
    let count = length ?? call.unknown("length", "what it scans has an unknown rank")
    var state = Array(facts[..<stateCount])
    var results: [Fact] = []
    for _ in 0..<8 {
      results = Self.results(of: try call.inference.infer("body", of: call, inputs: state + facts[stateCount...]))
      guard results.count >= stateCount else { throw .defect("its body does not give its states") }
      let next = joined(state, Array(results[..<stateCount]), call, "changes from one iteration to the next")
      if next == state { break }
      state = next
    }
    let outputAxes = try call.optionalIntegers("scan_output_axes") ?? []
    var scanned: [Fact] = []
    for (place, element) in results[stateCount...].enumerated() {
      let rank = element.tensor?.shape?.count ?? 0
      let axis = try call.axis(place < outputAxes.count ? outputAxes[place] : 0, rank: rank + 1)
      scanned.append(stacked(element, count, axis: axis))
    }
    let all = state + scanned
    return isBatched ? all.map { stacked($0, batch, axis: 0) } : all
  }

  // MARK: - SequenceMap

  private static func map(_ call: Call) throws(Unresolved) -> [Fact] {
    let body = try call.graph("body")
    guard case .sequence(let first) = try call.fact(0) else { throw .defect("its first input is no sequence") }
    func run(_ element: (SequenceFact) -> Fact) throws(Unresolved) -> [Fact] {
      var inputs: [Fact] = []
      for input in call.inputs {
        switch input {
        case .sequence(let sequence)?: inputs.append(element(sequence))
        case let other?: inputs.append(other)
        case nil: throw .defect("one of its inputs is left out")
        }
      }
      return results(of: try call.inference.infer("body", of: call, inputs: inputs))
    }
    guard let elements = first.elements, elements.count <= mostIterations else {
      return try run(\.element).map { .sequence(SequenceFact(element: $0, elements: nil)) }
    }
    var columns = [[Fact]](repeating: [], count: body.outputs.count)
    for index in elements.indices {
      let results = try run { sequence in
        guard let elements = sequence.elements, elements.indices.contains(index) else { return sequence.element }
        return elements[index]
      }
      for (place, fact) in results.enumerated() where place < columns.count { columns[place].append(fact) }
    }
    return columns.map { Fact.sequence(of: $0) }
  }
}

extension Inference {
  /// How often a loop runs that is not followed: its limit, where nothing in its body can end it before.
  fileprivate func tripCount(
    _ call: Call, limit: Dimension?, endsBy output: String?, given condition: String, body: GraphDefinition
  ) -> Dimension {
    let isPassedOn =
      output == condition
      || body.nodes.contains { $0.outputs == [output] && $0.operatorType == "Identity" && $0.inputs == [condition] }
    let startsTrue = !call.has(1) || (try? call.elements(1))?.first?.truth == true
    if let limit, isPassedOn, startsTrue { return Dimension.larger(0, limit) }
    return call.unknown("iterations", "how often the loop runs is not known")
  }
}
