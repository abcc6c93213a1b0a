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
    isInBackward = true
    run(from: [(.node(root, result: result), seed)])
    isInBackward = false
    memory.section = nil
    engine?.endBackward(&gradients, &memory)
    memory.release(seed.storage)
    endBackward()
  }

  /// Forgets the autograd graph.
  mutating func endBackward() {
    memory.section = nil
    nodes.removeAll(keepingCapacity: true)
    for case .tensor(let argument) in recomputations.values.flatMap(\.arguments) { memory.release(argument.storage) }
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
      let owner = graph[leaf].owner.index
      if let storage = bound[owner] { named.append(storage) }
      if let gradient = gradients.removeValue(forKey: leaf.index) { named.append(gradient.storage) }
      bound[owner] = nil
    }
    return named
  }

  /// Lets go of the loss and of what else its graph names.
  mutating func dropGraph() {
    for storage in takeGraph() { memory.release(storage) }
    for leaf in graph.checkpointedLeaves {
      if let gradient = gradients.removeValue(forKey: leaf.index) { memory.release(gradient.storage) }
    }
  }

  /// Executes every node that the given ones reach, latest first, as the engine's priority queue does. Gradients
  /// of a recomputed stretch's arguments are returned.
  @discardableResult
  mutating func run(
    from roots: [(edge: Edge, gradient: Tensor)], inside segment: Graph.Segment? = nil
  ) -> [Int: Tensor] {
    var leaves: [Int: Gathered] = [:]
    var arguments: [Int: Gathered] = [:]
    var received: [Int: Tensor] = [:]
    var seen = Set<Int>()
    var heads: [Int] = []
    /// Counts a gradient that will come through an edge; the node behind it, where it is one.
    func expect(_ edge: Edge?) -> Int? {
      switch edge {
      case .node(let next, _)?: return next
      case .leaf(let value)?: leaves[value, default: Gathered()].pending += 1
      case .argument(let place)?: arguments[place, default: Gathered()].pending += 1
      case nil: break
      }
      return nil
    }
    for root in roots { if let head = expect(root.edge) { heads.append(head) } }
    var stack = heads
    while let node = stack.popLast() {
      guard seen.insert(node).inserted else { continue }
      for edge in nodes[node].edges {
        guard let next = expect(edge) else { continue }
        nodes[next].pending += 1
        stack.append(next)
      }
    }
    var ready = Heap<Int>()
    /// Brings a gradient (nil where a node formed none) to where an edge leads; what waits for no other is ready.
    func give(_ gradient: Tensor?, to edge: Edge?, isRoot: Bool = false) {
      switch edge {
      case .node(let next, let result)?:
        if let gradient { nodes[next].arrived[result] = summed(nodes[next].arrived[result], gradient) }
        guard !isRoot else { break }
        nodes[next].pending -= 1
        if nodes[next].pending == 0 { ready.insert(next) }
      case .leaf(let value)?:
        if let sum = gather(gradient, in: &leaves[value]) { accumulate(sum, into: value) }
      case .argument(let place)?:
        guard let sum = gather(gradient, in: &arguments[place]), let segment else { break }
        received[place] = takenOver(sum, as: graph[segment.arguments[place]].layout)
      case nil:
        if let gradient { memory.release(gradient.storage) }
      }
    }
    for root in roots { give(root.gradient, to: root.edge, isRoot: true) }
    for root in Set(heads) where nodes[root].pending == 0 { ready.insert(root) }
    while let node = ready.popMax() {
      let gradients = execute(node)
      for (edge, gradient) in zip(nodes[node].edges, gradients) { give(gradient, to: edge) }
      nodes[node].edges = []
    }
    return received
  }

  /// The gradients of a leaf that have come, and how many are to come.
  private struct Gathered {
    var pending = 0
    var sum: Tensor?
  }

  /// Adds a gradient to a leaf's; the sum once the last has come.
  private mutating func gather(_ gradient: Tensor?, in leaf: inout Gathered?) -> Tensor? {
    guard var gathered = leaf else { return nil }
    if let gradient { gathered.sum = summed(gathered.sum, gradient) }
    gathered.pending -= 1
    leaf = gathered
    return gathered.pending == 0 ? gathered.sum : nil
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
    let isHeld = gradients[parameter] != nil || engine?.holdsGradient(of: parameter) == true
    guard !isHeld, !handsGradientsOn else { return memory.release(gradient.storage) }
    gradients[parameter] = takenOver(gradient, as: graph.values[parameter].layout)
    engine?.accumulated(parameter, &gradients, &memory)
  }

  /// A leaf's first gradient: itself, or a copy where somebody else holds it too or it lies otherwise than the leaf
  /// (`AccumulateGrad::accumulateGrad` in torch/csrc/autograd/functions/accumulate_grad.h).
  private mutating func takenOver(_ gradient: Tensor, as leaf: Layout) -> Tensor {
    let layout = leaf.isDense ? leaf : Layout(contiguous: leaf.shape)
    guard memory.isShared(gradient.storage) || gradient.layout.strides != layout.strides else { return gradient }
    let copy = Tensor(
      storage: memory.allocate(Tensor.bytes(layout.shape, gradient.dataType), cause: "clone", module: ""),
      layout: layout, dataType: gradient.dataType)
    memory.release(gradient.storage)
    return copy
  }

  // MARK: - Nodes

  private mutating func execute(_ index: Int) -> [Tensor?] {
    for module in nodes[index].opens { openBackward(of: module) }
    switch nodes[index].work {
    case .module(let module): return closeBackward(of: module, node: index)
    case .operation(let place):
      memory.section = operatorSections[place]
      return execute(index, operation: graph.operators[place])
    case .checkpoint(let segment):
      memory.section = segment
      return execute(index, stretch: segment)
    }
  }

  private mutating func execute(_ index: Int, operation: Graph.Operator) -> [Tensor?] {
    // A kept tensor belongs to its node, which outlives the check of the gradients; a recomputed one belongs to the
    // derivative alone.
    var kept: [Tensor] = []
    var recomputed: [Tensor] = []
    var all: [Tensor] = []
    for holding in nodes[index].kept {
      guard let tensor = unpack(holding) else { continue }
      all.append(tensor)
      if case .recomputed = holding { recomputed.append(tensor) } else { kept.append(tensor) }
    }
    let arrived = nodes[index].arrived
    nodes[index].arrived = []
    var gradients: [Tensor?] = Array(repeating: nil, count: operation.inputs.count)
    if arrived.contains(where: { $0 != nil }) {
      var step = BackwardStep(
        graph: graph, operation: operation, arrived: arrived, needed: nodes[index].edges.map { $0 != nil }, kept: all,
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
  private mutating func execute(_ index: Int, stretch: Int) -> [Tensor?] {
    let segment = graph.segments[stretch]
    let results = [segment.result] + segment.sideResults
    let arrived = zip(results, nodes[index].arrived).map { result, arrived in
      arrived ?? (requiresGradient[result.index] ? zeros(like: result) : nil)
    }
    nodes[index].arrived = []
    let drawn = segment.sideResults.filter { drawnIn.contains($0) && !segment.arguments.contains($0) }
    for side in drawn { requiresGradient[side.index] = false }
    let outerMakers = makers
    for (place, argument) in segment.arguments.enumerated() {
      makers[argument.index] = requiresGradient[argument.index] ? .argument(place) : nil
    }
    let made = segment.sideResults.filter { graph.checkpointedLeaves.contains($0) && !segment.arguments.contains($0) }
    for leaf in made { makers[leaf.index] = .leaf(leaf.index) }
    let (outerBound, first) = rebind(segment.arguments, to: nodes[index].kept.compactMap { keptTensor($0) })
    let names = namedByGraph.count
    beginAutocast()
    run(stretch: stretch, keeping: .tensors)
    endAutocast()
    unbindAll(except: results.map { graph[$0].owner.index }, outer: outerBound)
    // The arguments of `CheckpointFunction.backward` are named until it returns.
    var named: [Tensor] = []
    var roots: [(edge: Edge, gradient: Tensor)] = []
    for (result, arrived) in zip(results, arrived) {
      guard let arrived else { continue }
      named.append(arrived)
      guard requiresGradient[result.index], let edge = makers[result.index] else { continue }
      if case .node(let root, _) = edge, root < first { continue }
      memory.retain(arrived.storage)
      roots.append((edge, arrived))
    }
    let received = run(from: roots, inside: segment)
    nameArguments(ofStretch: stretch, nodes[index].kept.compactMap { keptTensor($0) }, received)
    for gradient in named { memory.release(gradient.storage) }
    for leaf in made {
      if let gradient = gradients.removeValue(forKey: leaf.index) { memory.release(gradient.storage) }
    }
    for owner in results.map({ graph[$0].owner.index }) where bound[owner] != outerBound[owner] { unbind(owner) }
    dropNames(from: names)
    bound = outerBound
    makers = outerMakers
    for side in drawn { requiresGradient[side.index] = true }
    for kept in nodes[index].kept { if case .tensor(let tensor) = kept { memory.release(tensor.storage) } }
    nodes[index].kept = []
    nodes.removeLast(nodes.count - first)
    return segment.arguments.indices.map { received[$0] }
  }

  /// The gradient that a function of its own is given where none arrived (`materialize_grads`).
  mutating func zeros(like value: Graph.ValueID) -> Tensor {
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
    case .outside(let layout, let dataType):
      let storage = memory.allocate(Tensor.bytes(layout.shape, dataType), cause: "_to_copy", module: "")
      return Tensor(storage: storage, layout: layout, dataType: dataType)
    case .recomputed(let segment, let place):
      if recomputations[segment]?.rebuilt == nil { recompute(segment) }
      let tensor = recomputations[segment]?.rebuilt?[place]
      recomputations[segment]?.rebuilt?[place] = nil
      handOut(from: segment)
      return tensor
    }
  }

  /// Counts one of the things that a stretch has to hand out; behind the last, it lets go of what it was given.
  private mutating func handOut(from index: Int) {
    recomputations[index]?.remaining -= 1
    guard let recomputation = recomputations[index], recomputation.remaining == 0 else { return }
    for case .tensor(let argument) in recomputation.arguments { memory.release(argument.storage) }
    recomputations[index]?.arguments = []
    if let outer = recomputation.outer { handOut(from: outer) }
  }

  /// Non-reentrant checkpointing: the stretch runs again until all that its nodes kept has come. What it was given may
  /// be rebuilt itself, by the stretch around it.
  private mutating func recompute(_ index: Int) {
    guard let recomputation = recomputations[index] else { return }
    recomputations[index]?.rebuilt = []
    let arguments = recomputation.arguments.compactMap { unpack($0) }
    let (outerBound, _) = rebind(graph.segments[index].arguments, to: arguments)
    let names = namedByGraph.count
    run(stretch: index, keeping: .stowing(segment: index))
    unbindAll(except: [], outer: outerBound)
    dropNames(from: names)
    bound = outerBound
    for (kept, tensor) in zip(recomputation.arguments, arguments) {
      if case .tensor = kept { continue }
      memory.release(tensor.storage)
    }
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
