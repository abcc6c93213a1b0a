internal import Graph
internal import HeapModule
internal import Units

/// Runs a graph as eager PyTorch does: operators one after the other, a node of the autograd graph for each that
/// needs a gradient, and the backward pass in the order of the engine's ready queue.
struct Tape {
  let graph: Graph
  var memory = Memory()
  let checkpointing: Checkpointing
  /// The storage bound to each owner; nil while it has none. Parameters, buffers and inputs stay bound.
  var bound: [Memory.StorageID?]
  /// Whether a finished gradient is taken over at once, and its storage freed.
  var handsGradientsOn = false
  /// What runs around the passes of modules where several GPUs take part, and the modules that it wraps.
  var engine: (any DataParallelEngine)?
  var wrapped: WrappedModules?
  /// The makers of what running modules were given, as they are outside.
  var outerMakers: [[Edge?]] = []
  var isInBackward = false
  /// Whether what checkpoints keep lies outside of the GPU, and how much of it this forward pass has sent there.
  var sendsCheckpointsOut = false
  var sentOut = ByteCount.zero
  /// Leaves that a gradient has reached since the last update.
  var reached: Set<Int> = []
  /// `.grad` of each parameter, by its place among the graph's values.
  var gradients: [Int: Tensor] = [:]
  /// Which values need a gradient, whatever mode they are computed in.
  var requiresGradient: [Bool]
  /// Results of stretches under reentrant checkpointing that need one only because others of the same stretch do: to
  /// autograd they are results of one function.
  var drawnIn: Set<Graph.ValueID> = []
  /// The stretch of the graph that each parameter and buffer is first used in; nil where it is used outside of all.
  let sections: [Int?]
  /// The same for each operator.
  let operatorSections: [Int?]

  var nodes: [Node] = []
  /// The edge to each value's maker in the autograd graph being built.
  var makers: [Edge?]
  var recomputations: [Int: Recomputation] = [:]
  /// Autocast's copies of the arguments of a stretch that runs again; nil while none does.
  var castArguments: [Graph.ValueID: CastArgument]?
  /// What the nodes that the loss does not reach keep, by the operator after which nothing names them any more.
  private var unreached: [Int: [Memory.StorageID]] = [:]
  private let reach: Reach
  /// The stretches that lie in each one, in running order; behind them, those that lie in none.
  private let nested: [[Int]]
  /// What the autograd graph names and does not let go of in the backward pass.
  var namedByGraph: [Memory.StorageID] = []

  init(graph: Graph, checkpointing: Checkpointing) {
    self.graph = graph
    self.checkpointing = checkpointing
    bound = Array(repeating: nil, count: graph.values.count)
    makers = Array(repeating: nil, count: graph.values.count)
    let extra = Set(graph.extraLeaves + (checkpointing == .none ? [] : graph.checkpointedLeaves))
    var required = graph.values.map { $0.origin == .parameter(trains: true) }
    for leaf in extra where graph[leaf].origin == .input { required[leaf.index] = true }
    var segments = graph.segments[...]
    for (place, operation) in graph.operators.enumerated() {
      // Beyond a stretch's end all of its results are one function's.
      while let segment = segments.first, segment.operators.upperBound <= place {
        segments.removeFirst()
        guard checkpointing == .reentrant, required[segment.result.index] else { continue }
        for side in segment.sideResults where !required[side.index] && graph[side].dataType.isFloatingPoint {
          required[side.index] = true
          drawnIn.insert(side)
        }
      }
      let isExtra = operation.outputs.contains(where: extra.contains)
      if case .create = operation.kind, !isExtra { continue }
      let needs = operation.inputs.contains { required[$0.index] } || isExtra
      for output in operation.outputs where graph[output].dataType.isFloatingPoint { required[output.index] = needs }
    }
    requiresGradient = required
    (sections, operatorSections) = graph.sections
    reach = Reach(graph, rejoining: checkpointing == .reentrant)
    nested = graph.nestedSegments
    for (index, value) in graph.values.enumerated() where value.origin == .parameter(trains: true) {
      makers[index] = .leaf(index)
    }
    for leaf in extra { makers[leaf.index] = .leaf(leaf.index) }
  }

  func bytes(of value: Graph.ValueID) -> ByteCount { Tensor.bytes(graph[value].layout.shape, graph[value].dataType) }

  func tensor(_ value: Graph.ValueID) -> Tensor? {
    let noted = graph[value]
    guard let storage = bound[noted.owner.index] else { return nil }
    return Tensor(storage: storage, layout: noted.layout, dataType: noted.dataType)
  }

  // MARK: - Forward

  /// Runs the whole forward pass.
  mutating func forward() {
    run(0..<graph.operators.count, stretches: nested[graph.segments.count], keeping: .tensors)
    memory.section = nil
  }

  /// Runs one stage of several.
  mutating func forward(_ stage: Graph.Stage) {
    let stretches = nested[graph.segments.count].filter {
      stage.operators.contains(graph.segments[$0].operators.lowerBound)
    }
    run(stage.operators, stretches: stretches, keeping: .tensors)
    memory.section = nil
  }

  /// Runs a stretch, and those within it as checkpoints of their own.
  mutating func run(stretch index: Int, keeping: Keeping) {
    run(graph.segments[index].operators, stretches: nested[index], keeping: keeping)
  }

  private mutating func run(_ operators: Range<Int>, stretches: [Int], keeping: Keeping) {
    var next = operators.lowerBound
    for index in stretches {
      let segment = graph.segments[index]
      run(next..<segment.operators.lowerBound, keeping: keeping)
      if isComplete(keeping) { return }
      checkpointed(index, keeping: keeping)
      if isComplete(keeping) { return }
      next = segment.operators.upperBound
    }
    run(next..<operators.upperBound, keeping: keeping)
  }

  private mutating func checkpointed(_ index: Int, keeping: Keeping) {
    let segment = graph.segments[index]
    // A checkpoint is only worth taking where a gradient flows through it.
    let flows = requiresGradient[segment.result.index]
    switch keeping {
    case _ where checkpointing == .none || !flows: run(stretch: index, keeping: keeping)
    case .nothing, .passing: run(stretch: index, keeping: keeping)
    case .stowing(let outer):
      // What the stretch is given lies among what the one around it keeps; its own hooks keep nothing yet.
      for argument in segment.arguments { _ = kept(argument, for: "checkpoint", .stowing(segment: outer)) }
      if !isComplete(keeping) { run(stretch: index, keeping: .passing) }
    case .places(let outer):
      let arguments = segment.arguments.compactMap { kept($0, for: "checkpoint", .places(segment: outer)) }
      checkpoint(index, with: arguments, outer: outer)
    case .tensors:
      if let end = end(of: segment) {
        let arguments = retainedArguments(of: segment)
        run(stretch: index, keeping: .nothing)
        unreached[end, default: []] += arguments.map(\.storage)
      } else if checkpointing == .nonReentrant {
        checkpoint(index, with: keptArguments(of: segment), outer: nil)
      } else {
        checkpointReentrantly(index)
      }
    }
  }

  /// The operator after which the nodes of a stretch are gone whose result the loss does not depend on; nil where it does.
  private func end(of segment: Graph.Segment) -> Int? {
    let maker = segment.operators.last { graph.operators[$0].outputs.contains(segment.result) }
    return maker.flatMap { reach.end(ofMaker: $0) }
  }

  /// Non-reentrant checkpointing: nodes as ever, which keep places in the stretch.
  private mutating func checkpoint(_ index: Int, with arguments: [Kept], outer: Int?) {
    recomputations[index] = Recomputation(arguments: arguments, outer: outer)
    run(stretch: index, keeping: .places(segment: index))
    let count = recomputations[index]?.count ?? 0
    recomputations[index]?.remaining += count
    if let outer { recomputations[outer]?.remaining += 1 }
  }

  /// Reentrant checkpointing: one node for the whole stretch.
  private mutating func checkpointReentrantly(_ index: Int) {
    let segment = graph.segments[index]
    // What a layer is given by keyword lies in the function that its node names, beyond the backward pass.
    for argument in segment.arguments
    where !requiresGradient[argument.index] && !segment.byPosition.contains(argument) {
      guard let tensor = tensor(argument) else { continue }
      memory.retain(tensor.storage)
      namedByGraph.append(tensor.storage)
    }
    let edges = segment.arguments.map { requiresGradient[$0.index] ? makers[$0.index] : nil }
    nodes.append(
      Node(
        work: .checkpoint(segment: index), kept: retainedArguments(of: segment).map { .tensor($0) }, edges: edges,
        arrived: Array(repeating: nil, count: 1 + segment.sideResults.count)))
    let node = nodes.count - 1
    run(stretch: index, keeping: .nothing)
    for (result, value) in ([segment.result] + segment.sideResults).enumerated()
    where requiresGradient[value.index] {
      makers[value.index] = .node(node, result: result)
    }
  }

  /// What a checkpoint keeps. Where that goes out, masks and tables that all layers share stay.
  private mutating func keptArguments(of segment: Graph.Segment) -> [Kept] {
    guard sendsCheckpointsOut else { return retainedArguments(of: segment).map { .tensor($0) } }
    return segment.arguments.compactMap { argument in
      guard let tensor = tensor(argument) else { return nil }
      if requiresGradient[argument.index] {
        sentOut += bytes(of: argument)
        return .outside(tensor.layout, tensor.dataType)
      }
      memory.retain(tensor.storage)
      memory.note(tensor.storage, keptFor: "checkpoint")
      return .tensor(tensor)
    }
  }

  private mutating func retainedArguments(of segment: Graph.Segment) -> [Tensor] {
    let tensors = segment.arguments.compactMap { self.tensor($0) }
    for tensor in tensors {
      memory.retain(tensor.storage)
      memory.note(tensor.storage, keptFor: "checkpoint")
    }
    return tensors
  }

  /// Runs operators in order. While stowing, stops as soon as everything that is needed has come.
  private mutating func run(_ operators: Range<Int>, keeping: Keeping) {
    for place in operators {
      enterModules(at: place, keeping)
      memory.section = operatorSections[place]
      guard run(operator: place, keeping: keeping) else { return }
      leaveModules(at: place, keeping)
    }
  }

  /// - Returns: whether there is more to run.
  private mutating func run(operator place: Int, keeping: Keeping) -> Bool {
    let operation = graph.operators[place]
    if takesKnownCopy(operation) {
      letGo(after: place)
      return true
    }
    let needed = operation.inputs.map { requiresGradient[$0.index] }
    let records = needed.contains(true)
    let wanted = records ? Derivative.of(operation.kind).saved(needed) : []
    var kept: [Kept] = []

    for case .input(let input) in wanted { keep(operation.inputs[input], for: operation, keeping, &kept) }
    for case .attribute(let input) in wanted { keepAsAttribute(operation.inputs[input], for: operation, keeping) }
    if isComplete(keeping) { return false }
    for output in operation.outputs where graph[output].owner == output {
      let isLeftOut = output == operation.outputs.dropFirst().first && leavesOutStatistics(operation, keeping)
      bound[output.index] = memory.allocate(
        isLeftOut ? .zero : bytes(of: output), cause: operation.kind.name, module: graph.frames[operation.frame].path,
        category: category(of: operation))
    }
    for case .output(let output) in wanted { keep(operation.outputs[output], for: operation, keeping, &kept) }
    if isComplete(keeping) { return false }

    switch keeping {
    case .tensors, .places:
      if records, let end = reach.end(ofMaker: place) {
        for case .tensor(let tensor) in kept { unreached[end, default: []].append(tensor.storage) }
      } else if records {
        record(.operation(place), operation, kept)
      }
    case .nothing, .passing, .stowing: break
    }
    if case .places = keeping { nameLeaves(of: operation) }
    keepCopy(operation)
    letGo(after: place)
    return true
  }

  /// Lets go of what nothing names any more once an operator has run.
  private mutating func letGo(after place: Int) {
    for storage in unreached.removeValue(forKey: place) ?? [] { memory.release(storage) }
    for owner in graph.releases[place] { unbind(owner.index) }
  }

  /// The autograd graph names a leaf that a checkpointed stretch made, until the loss goes.
  private mutating func nameLeaves(of operation: Graph.Operator) {
    for output in operation.outputs where graph.checkpointedLeaves.contains(output) {
      guard let storage = bound[output.index] else { continue }
      memory.retain(storage)
      namedByGraph.append(storage)
    }
  }

  /// Whether attention leaves out the log-sums that only a backward pass would read (`should_compute_logsumexp` in
  /// aten/src/ATen/native/transformers/attention.cpp).
  private func leavesOutStatistics(_ operation: Graph.Operator, _ keeping: Keeping) -> Bool {
    guard case .attention(.efficient, _) = operation.kind else { return false }
    if case .nothing = keeping { return true }
    return !operation.inputs.prefix(3).contains { requiresGradient[$0.index] }
  }

  /// Autocast's copies of parameters are counted apart.
  private func category(of operation: Graph.Operator) -> Category? {
    let copies: [OperatorKind] = [.cast, .create("_to_copy")]
    guard copies.contains(operation.kind), let source = operation.inputs.first, case .parameter = graph[source].origin
    else {
      return nil
    }
    return .weightCasts
  }

  private mutating func record(_ work: Work, _ operation: Graph.Operator, _ kept: [Kept]) {
    let edges = operation.inputs.map { requiresGradient[$0.index] ? makers[$0.index] : nil }
    nodes.append(
      Node(work: work, kept: kept, edges: edges, arrived: Array(repeating: nil, count: operation.outputs.count)))
    for (result, output) in operation.outputs.enumerated() where requiresGradient[output.index] {
      makers[output.index] = .node(nodes.count - 1, result: result)
    }
  }

  private mutating func keep(
    _ value: Graph.ValueID, for operation: Graph.Operator, _ keeping: Keeping, _ kept: inout [Kept]
  ) {
    if let holding = self.kept(value, for: operation.kind.name, keeping) { kept.append(holding) }
  }

  /// What a node is to hold of a value.
  private mutating func kept(_ value: Graph.ValueID, for name: String, _ keeping: Keeping) -> Kept? {
    let tensor = self.tensor(value)
    switch keeping {
    case .nothing, .passing: return nil
    case .tensors:
      guard let tensor else { return nil }
      memory.retain(tensor.storage)
      memory.note(tensor.storage, keptFor: name)
      return .tensor(tensor)
    case .places(let segment):
      let place = recomputations[segment]?.count ?? 0
      recomputations[segment]?.count += 1
      return .recomputed(segment: segment, place: place)
    case .stowing(let segment):
      if let tensor {
        memory.retain(tensor.storage)
        memory.note(tensor.storage, keptFor: name)
      }
      recomputations[segment]?.rebuilt?.append(tensor)
      return nil
    }
  }

  private mutating func keepAsAttribute(
    _ value: Graph.ValueID, for operation: Graph.Operator, _ keeping: Keeping
  ) {
    switch keeping {
    case .nothing, .passing: return
    case .tensors, .places, .stowing: break
    }
    guard let tensor = tensor(value) else { return }
    memory.retain(tensor.storage)
    memory.note(tensor.storage, keptFor: operation.kind.name)
    namedByGraph.append(tensor.storage)
  }

  /// Lets go of what the nodes of a stretch name that has run again, when they are gone.
  mutating func dropNames(from first: Int) {
    for storage in namedByGraph[first...] { memory.release(storage) }
    namedByGraph.removeSubrange(first...)
  }

  private func isComplete(_ keeping: Keeping) -> Bool {
    guard case .stowing(let segment) = keeping, let recomputation = recomputations[segment] else { return false }
    return recomputation.rebuilt?.count == recomputation.count
  }

  mutating func unbind(_ owner: Int) {
    guard let storage = bound[owner] else { return }
    bound[owner] = nil
    memory.release(storage)
  }
}
