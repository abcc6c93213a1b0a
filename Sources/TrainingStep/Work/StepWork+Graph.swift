public import Graph
internal import Units

extension StepWork {
  /// The work of a graph.
  ///
  /// - Parameter copies: how many layers each of the graph's stretches stands for, in running order; one where nothing
  ///   is said.
  public init(_ graph: Graph, checkpointing: Checkpointing, copies: [Int] = []) {
    self.init()
    let walk = WorkWalk(graph, checkpointing: checkpointing)
    before = walk.stretch(0..<walk.ends[0], segment: nil)
    for (place, segment) in walk.layers.enumerated() {
      let stretch = walk.stretch(segment.operators, segment: segment)
      layers.append(Layer(stretch: stretch, count: place < copies.count ? copies[place] : 1))
    }
    behind = walk.behind()
  }
}

/// A graph while its work is added up.
private struct WorkWalk {
  let graph: Graph
  let tape: Tape
  let reach: Reach
  /// The stretches that lie in no other, in running order.
  let layers: [Graph.Segment]
  /// Where the first of them begins and the last ends.
  let ends: [Int]
  let hidden: Set<Int>
  /// The operator that first uses each parameter.
  var firstUse: [Int: Int] = [:]
  /// For each value, the last operator that a gradient comes back from: those before it add theirs to it.
  var lastGradient: [Int: Int] = [:]

  init(_ graph: Graph, checkpointing: Checkpointing) {
    self.graph = graph
    tape = Tape(graph: graph, checkpointing: checkpointing)
    reach = Reach(graph, rejoining: checkpointing == .reentrant)
    let outer = graph.nestedSegments[graph.segments.count].map { graph.segments[$0] }
    layers = outer.sorted { $0.operators.lowerBound < $1.operators.lowerBound }
    ends = [layers.first?.operators.lowerBound ?? 0, layers.last?.operators.upperBound ?? 0]
    hidden = graph.hiddenMatrices
    for (place, operation) in graph.operators.enumerated() {
      for input in operation.inputs {
        let owner = graph[input].owner.index
        if firstUse[owner] == nil { firstUse[owner] = place }
        if tape.requiresGradient[input.index], runsBackward(place) { lastGradient[input.index] = place }
      }
    }
  }

  /// What lies between layers and behind the last.
  func behind() -> StepWork.Stretch {
    var result = stretch(ends[1]..<graph.operators.count, segment: nil)
    for (left, right) in zip(layers, layers.dropFirst()) {
      let gap = stretch(
        left.operators.upperBound..<max(left.operators.upperBound, right.operators.lowerBound), segment: nil)
      result.forward.add(gap.forward)
      result.backward.add(gap.backward)
      result.parameterBytes += gap.parameterBytes
      result.trained.merge(gap.trained, uniquingKeysWith: +)
    }
    return result
  }

  func stretch(_ operators: Range<Int>, segment: Graph.Segment?) -> StepWork.Stretch {
    var result = StepWork.Stretch()
    for place in operators {
      forward(place, &result.forward)
      backward(place, &result.backward)
      note(graph.operators[place], &result)
    }
    addParameters(operators, &result)
    if let segment {
      result.resultBytes = bytes(segment.result)
      if tape.checkpointing != .none, tape.requiresGradient[segment.result.index] {
        for place in operators.lowerBound..<recomputationEnd(operators) { forward(place, &result.recomputed) }
      }
    }
    return result
  }

  private func bytes(_ id: Graph.ValueID) -> Double { Double(graph.bytes(of: id).bytes) }

  private func operands(_ place: Int) -> Operands {
    let operation = graph.operators[place]
    return Operands(
      graph: graph, operation: operation, needed: operation.inputs.map { tape.requiresGradient[$0.index] })
  }

  private func forward(_ place: Int, _ list: inout KernelList) {
    list.calls += 1
    for kernel in OperatorWork.of(graph.operators[place].kind).forward(operands(place)) { list.add(kernel) }
  }

  private func runsBackward(_ place: Int) -> Bool {
    let operation = graph.operators[place]
    if case .create = operation.kind { return false }
    return reach.end(ofMaker: place) == nil && operation.inputs.contains { tape.requiresGradient[$0.index] }
  }

  private func backward(_ place: Int, _ list: inout KernelList) {
    guard runsBackward(place) else { return }
    let step = operands(place)
    list.calls += 1
    let kernels = OperatorWork.of(step.operation.kind).backward?(step) ?? Derivative.kernels(step)
    for kernel in kernels { list.add(kernel) }
    // A value that several operators read gets the sum of what comes back from them.
    var isLast = Set<Int>()
    for (input, needed) in zip(step.operation.inputs, step.needed) where needed {
      if lastGradient[input.index] == place, isLast.insert(input.index).inserted { continue }
      list.add(.streaming(graph[input].dataType, bytes: 3 * bytes(input)))
    }
  }

  /// The operator before which a repeated stretch stops. Without reentrance it runs only until all that is kept has come
  /// (`_StopRecomputationError` in torch/utils/checkpoint.py), and what is kept of an operator's inputs comes before it
  /// runs.
  private func recomputationEnd(_ operators: Range<Int>) -> Int {
    guard tape.checkpointing == .nonReentrant else { return operators.upperBound }
    for place in operators.reversed() where runsBackward(place) {
      let saved = Derivative.of(graph.operators[place].kind).saved(operands(place).needed)
      guard !saved.isEmpty else { continue }
      let keepsResult = saved.contains { if case .output = $0 { true } else { false } }
      return keepsResult ? place + 1 : place
    }
    return operators.lowerBound
  }

  private func note(_ operation: Graph.Operator, _ result: inout StepWork.Stretch) {
    switch operation.kind {
    case .attention: result.keyValueBytes += bytes(operation.inputs[1]) + bytes(operation.inputs[2])
    case .routed(.groupedProduct): result.routedBytes = max(result.routedBytes, bytes(operation.inputs[0]))
    default: break
    }
  }

  private func addParameters(_ operators: Range<Int>, _ result: inout StepWork.Stretch) {
    for (index, value) in graph.values.enumerated() where value.owner.index == index {
      guard case .parameter(let trains) = value.origin, let use = firstUse[index], operators.contains(use) else {
        continue
      }
      let isExpert = value.layout.shape.rank == 3 && result.routedBytes > 0
      let size = bytes(Graph.ValueID(index))
      result.parameterBytes += size
      if isExpert { result.expertBytes += size }
      guard trains else { continue }
      let parameter = StepWork.Trained(
        shape: value.layout.shape, dataType: value.dataType, isHiddenMatrix: hidden.contains(index), isExpert: isExpert)
      result.trained[parameter, default: 0] += 1
    }
  }
}
