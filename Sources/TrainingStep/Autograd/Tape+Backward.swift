internal import Graph
internal import HeapModule
internal import Units

extension Tape {
  /// Runs the backward pass from the loss and forgets the autograd graph.
  mutating func backward() {
    guard let loss = graph.loss, case .node(let root, let result)? = makers[loss.index] else { return }
    let seed = Tensor(
      storage: memory.allocate(bytes(of: loss), cause: "ones_like", module: ""), layout: graph[loss].layout,
      dataType: graph[loss].dataType)
    // `loss.backward()` names the gradient it starts from until it returns.
    memory.retain(seed.storage)
    run(from: [(root, result, seed)], arguments: [:])
    memory.release(seed.storage)
    nodes.removeAll(keepingCapacity: true)
    for argument in recomputations.values.flatMap(\.arguments) { memory.release(argument.storage) }
    recomputations.removeAll()
  }

  /// The loss and what else its graph names (the leaves that are no parameters, with their gradients), with references
  /// that pass to the caller.
  mutating func takeGraph() -> [Memory.StorageID] {
    var named = namedByGraph
    namedByGraph = []
    if let loss = graph.loss, let storage = bound[loss.index] {
      named.append(storage)
      bound[loss.index] = nil
    }
    for leaf in graph.extraLeaves {
      if let storage = bound[leaf.index] { named.append(storage) }
      if let gradient = gradients.removeValue(forKey: leaf.index) { named.append(gradient.storage) }
      bound[leaf.index] = nil
    }
    return named
  }

  /// Lets go of the loss and of what else its graph names.
  mutating func dropGraph() {
    for storage in takeGraph() { memory.release(storage) }
  }

  /// Executes every node that the given ones reach, latest first, as the engine's priority queue does. Gradients
  /// of a recomputed stretch's arguments are returned.
  @discardableResult
  private mutating func run(
    from roots: [(node: Int, result: Int, gradient: Tensor)], arguments: [Int: Tensor]
  ) -> [Int: Tensor] {
    var arguments = arguments
    var leaves: [Int: (pending: Int, sum: Tensor?)] = [:]
    var seen = Set<Int>()
    var stack = roots.map(\.node)
    while let node = stack.popLast() {
      guard seen.insert(node).inserted else { continue }
      for edge in nodes[node].edges {
        switch edge {
        case .node(let next, _)?:
          nodes[next].pending += 1
          stack.append(next)
        case .leaf(let value)?: leaves[value, default: (0, nil)].pending += 1
        case .argument?, nil: break
        }
      }
    }
    var ready = Heap<Int>()
    for root in roots {
      nodes[root.node].arrived[root.result] = summed(nodes[root.node].arrived[root.result], root.gradient)
    }
    for root in Set(roots.map(\.node)) where nodes[root].pending == 0 { ready.insert(root) }
    while let node = ready.popMax() {
      let gradients = execute(node)
      for (edge, gradient) in zip(nodes[node].edges, gradients) {
        switch edge {
        case .node(let next, let result)?:
          if let gradient { nodes[next].arrived[result] = summed(nodes[next].arrived[result], gradient) }
          nodes[next].pending -= 1
          if nodes[next].pending == 0 { ready.insert(next) }
        case .leaf(let value)?:
          guard var leaf = leaves[value] else { continue }
          if let gradient { leaf.sum = summed(leaf.sum, gradient) }
          leaf.pending -= 1
          leaves[value] = leaf
          if leaf.pending == 0, let sum = leaf.sum { accumulate(sum, into: value) }
        case .argument(let place)?:
          if let gradient { arguments[place] = summed(arguments[place], gradient) }
        case nil:
          if let gradient { memory.release(gradient.storage) }
        }
      }
      nodes[node].edges = []
    }
    return arguments
  }

  /// Two gradients of one tensor become a third. (Outside of a trace the engine adds in place where it holds the
  /// only reference; the truth tables are traces, in which it never does.)
  private mutating func summed(_ left: Tensor?, _ right: Tensor) -> Tensor {
    guard let left else { return right }
    let layout = Layout.elementwise([left.layout, right.layout])
    let sum = Tensor(
      storage: memory.allocate(Tensor.bytes(layout.shape, left.dataType), cause: "add", module: ""), layout: layout,
      dataType: left.dataType)
    memory.release(left.storage)
    memory.release(right.storage)
    return sum
  }

  /// `AccumulateGrad`: the first gradient is taken over where nobody else holds it and it lies as the parameter
  /// does, else copied; later ones are added in place.
  private mutating func accumulate(_ gradient: Tensor, into parameter: Int) {
    reached.insert(parameter)
    guard gradients[parameter] == nil, !handsGradientsOn else {
      memory.release(gradient.storage)
      return
    }
    guard memory.isShared(gradient.storage) || gradient.layout.strides != graph.values[parameter].layout.strides else {
      gradients[parameter] = gradient
      return
    }
    let layout = Layout(contiguous: gradient.layout.shape)
    let copy = Tensor(
      storage: memory.allocate(Tensor.bytes(layout.shape, gradient.dataType), cause: "clone", module: ""),
      layout: layout, dataType: gradient.dataType)
    memory.release(gradient.storage)
    gradients[parameter] = copy
  }

  // MARK: - Nodes

  private mutating func execute(_ index: Int) -> [Tensor?] {
    switch nodes[index].work {
    case .operation(let place): return execute(index, operation: graph.operators[place])
    case .checkpoint(let segment): return execute(index, segment: graph.segments[segment])
    }
  }

  private mutating func execute(_ index: Int, operation: Graph.Operator) -> [Tensor?] {
    // A kept tensor belongs to its node, which outlives the check of the gradients; a recomputed one belongs to the
    // derivative alone.
    var kept: [Tensor] = []
    var recomputed: [Tensor] = []
    for holding in nodes[index].kept {
      guard let tensor = unpack(holding) else { continue }
      if case .recomputed = holding { recomputed.append(tensor) } else { kept.append(tensor) }
    }
    let arrived = nodes[index].arrived
    nodes[index].arrived = []
    var gradients: [Tensor?] = Array(repeating: nil, count: operation.inputs.count)
    if arrived.contains(where: { $0 != nil }) {
      var step = BackwardStep(
        graph: graph, operation: operation, arrived: arrived, needed: nodes[index].edges.map { $0 != nil }, kept: kept,
        memory: &memory)
      Derivative.of(operation.kind).backward(&step)
      for tensor in recomputed { step.drop(tensor) }
      gradients = step.validated()
      swap(&memory, &step.memory)
    } else {
      for tensor in recomputed { memory.release(tensor.storage) }
    }
    for case let tensor? in arrived { memory.release(tensor.storage) }
    for tensor in kept { memory.release(tensor.storage) }
    nodes[index].kept = []
    return gradients
  }

  /// Reentrant checkpointing: the stretch runs again with gradients on, and a backward pass of its own follows.
  private mutating func execute(_ index: Int, segment: Graph.Segment) -> [Tensor?] {
    guard let gradient = nodes[index].arrived[0] else { return [] }
    nodes[index].arrived = []
    let outerMakers = makers
    for (place, argument) in segment.arguments.enumerated() {
      makers[argument.index] = requiresGradient[argument.index] ? .argument(place) : nil
    }
    let (outerBound, first) = rebind(segment.arguments, to: nodes[index].kept.compactMap { keptTensor($0) })
    let names = namedByGraph.count
    run(segment.operators, keeping: .tensors)
    unbindAll(except: ([segment.result] + segment.sideResults).map { graph[$0].owner.index }, outer: outerBound)
    var roots: [(node: Int, result: Int, gradient: Tensor)] = []
    if case .node(let root, let result)? = makers[segment.result.index], root >= first {
      memory.retain(gradient.storage)
      roots.append((root, result, gradient))
    }
    // The arguments of `CheckpointFunction.backward` are named until it returns.
    var named: [Tensor] = []
    for side in segment.sideResults {
      guard case .node(let root, let result)? = makers[side.index], root >= first else { continue }
      let zeros = zeros(like: side)
      memory.retain(zeros.storage)
      named.append(zeros)
      roots.append((root, result, zeros))
    }
    let received = run(from: roots, arguments: [:])
    for zeros in named { memory.release(zeros.storage) }
    for result in [segment.result] + segment.sideResults { unbind(graph[result].owner.index) }
    dropNames(from: names)
    bound = outerBound
    makers = outerMakers
    memory.release(gradient.storage)
    for kept in nodes[index].kept { if case .tensor(let tensor) = kept { memory.release(tensor.storage) } }
    nodes[index].kept = []
    nodes.removeLast(nodes.count - first)
    return segment.arguments.indices.map { received[$0] }
  }

  /// The gradient that a function of its own is given where none arrived (`materialize_grads`).
  private mutating func zeros(like value: Graph.ValueID) -> Tensor {
    Tensor(
      storage: memory.allocate(bytes(of: value), cause: "zeros", module: ""),
      layout: Layout(contiguous: graph[value].layout.shape), dataType: graph[value].dataType)
  }

  // MARK: - Recomputation

  private func keptTensor(_ kept: Kept) -> Tensor? { if case .tensor(let tensor) = kept { tensor } else { nil } }

  /// The kept tensor, with a reference that passes to the caller.
  private mutating func unpack(_ kept: Kept) -> Tensor? {
    switch kept {
    case .tensor(let tensor): return tensor
    case .recomputed(let segment, let place):
      if recomputations[segment]?.rebuilt == nil { recompute(segment) }
      let tensor = recomputations[segment]?.rebuilt?[place]
      recomputations[segment]?.rebuilt?[place] = nil
      recomputations[segment]?.remaining -= 1
      if recomputations[segment]?.remaining == 0, let arguments = recomputations[segment]?.arguments {
        for argument in arguments { memory.release(argument.storage) }
        recomputations[segment]?.arguments = []
      }
      return tensor
    }
  }

  /// Non-reentrant checkpointing: the stretch runs again until all that its nodes kept has come.
  private mutating func recompute(_ index: Int) {
    guard let recomputation = recomputations[index] else { return }
    let segment = graph.segments[index]
    recomputations[index]?.rebuilt = []
    let (outerBound, _) = rebind(segment.arguments, to: recomputation.arguments)
    let names = namedByGraph.count
    run(segment.operators, keeping: .stowing(segment: index))
    unbindAll(except: [], outer: outerBound)
    dropNames(from: names)
    bound = outerBound
  }

  /// Binds the arguments of a stretch to kept tensors while it runs again.
  private mutating func rebind(
    _ arguments: [Graph.ValueID], to tensors: [Tensor]
  ) -> (outer: [Memory.StorageID?], firstNode: Int) {
    let outer = bound
    for (argument, tensor) in zip(arguments, tensors) {
      let owner = graph[argument].owner.index
      guard bound[owner] != tensor.storage else { continue }
      memory.retain(tensor.storage)
      bound[owner] = tensor.storage
    }
    return (outer, nodes.count)
  }

  /// Lets go of what a repeated stretch still names when it returns.
  private mutating func unbindAll(except results: [Int], outer: [Memory.StorageID?]) {
    for owner in bound.indices where graph.values[owner].origin == .intermediate && !results.contains(owner) {
      guard let storage = bound[owner], outer[owner] != storage else { continue }
      bound[owner] = nil
      memory.release(storage)
    }
  }
}
