public import Units

/// Writes down a forward pass as the framework's Python code would run it.
///
/// A builder follows two things that the operators alone do not show. Strides, since they decide what copies; and
/// the frames of running modules, since a value lives as long as something names it: until its last use in the
/// frame that made it, until the end of a callee that was handed it, or, where ``hold(_:)`` says so, until the end
/// of the frame.
public struct GraphBuilder: Sendable {
  /// A value while it is being built with.
  public struct Tensor: Sendable {
    public var id: Graph.ValueID
    public var layout: Layout
    public var dataType: DataType

    public var shape: Shape { layout.shape }
  }

  public internal(set) var graph = Graph()
  /// The type that `torch.autocast` computes matrix products in; nil outside of autocast.
  public var autocast: DataType?
  /// Copies of parameters in the autocast type, kept until autocast ends.
  var castParameters: [Graph.ValueID: Tensor] = [:]

  private var current = 0
  /// Leaves by name: a parameter that two modules share is one value.
  private var leaves: [String: Tensor] = [:]
  /// For each value, the frame that made it.
  private var birthFrame: [Int] = []
  /// For each owner, the frame in which a use was last seen, and the operator.
  private var uses: [[Use]] = []
  private var holds: [(owner: Graph.ValueID, frame: Int)] = []
  /// Owners that no variable names.
  private var unnamed: Set<Int> = []

  private struct Use {
    var operation: Int
    var frame: Int
  }

  public init(autocast: DataType? = nil) {
    self.autocast = autocast
    graph.frames = [Graph.Frame(path: "", parent: nil, operators: 0..<0)]
  }

  // MARK: - Leaves

  public mutating func parameter(_ name: String, _ shape: Shape, _ type: DataType, trains: Bool = true) -> Tensor {
    leaf(name, shape, type, .parameter(trains: trains))
  }

  public mutating func buffer(_ name: String, _ shape: Shape, _ type: DataType) -> Tensor {
    leaf(name, shape, type, .buffer)
  }

  public mutating func input(_ name: String, _ shape: Shape, _ type: DataType) -> Tensor {
    leaf(name, shape, type, .input)
  }

  private mutating func leaf(_ name: String, _ shape: Shape, _ type: DataType, _ origin: Graph.Origin) -> Tensor {
    if let known = leaves[name] { return known }
    let id = Graph.ValueID(graph.values.count)
    let layout = Layout(contiguous: shape)
    graph.values.append(Graph.Value(name: name, layout: layout, dataType: type, origin: origin, owner: id))
    birthFrame.append(0)
    uses.append([])
    let tensor = Tensor(id: id, layout: layout, dataType: type)
    leaves[name] = tensor
    return tensor
  }

  // MARK: - Frames

  /// Runs `body` as a module or function of its own; what it makes and does not hand back ends with it.
  public mutating func frame<Result>(_ name: String, _ body: (inout GraphBuilder) -> Result) -> Result {
    let outer = current
    let outerPath = graph.frames[outer].path
    let path = name.isEmpty ? outerPath : outerPath.isEmpty ? name : "\(outerPath).\(name)"
    current = graph.frames.count
    graph.frames.append(
      Graph.Frame(path: path, parent: outer, operators: graph.operators.count..<graph.operators.count))
    let result = body(&self)
    graph.frames[current].operators = graph.frames[current].operators.lowerBound..<graph.operators.count
    current = outer
    return result
  }

  /// Runs `body` as a block that activation checkpointing may wrap; `side` is what it hands back besides.
  ///
  /// - Parameters:
  ///   - positional: what it is handed by position, apart from the hidden states.
  ///   - unread: what it is handed by keyword and does not read.
  public mutating func segment(
    _ name: String, positional: [Tensor] = [], unread: [Tensor] = [],
    _ body: (inout GraphBuilder) -> (result: Tensor, side: [Tensor])
  ) -> (result: Tensor, side: [Tensor]) {
    let start = graph.operators.count
    let (result, side) = frame(name, body)
    let range = start..<graph.operators.count
    var made = Set<Graph.ValueID>()
    var arguments: [Graph.ValueID] = []
    for operation in graph.operators[range] {
      for input in operation.inputs where !made.contains(input) {
        if case .parameter = graph[graph[input].owner].origin { continue }
        if !arguments.contains(input) { arguments.append(input) }
      }
      made.formUnion(operation.outputs)
    }
    for tensor in unread where !arguments.contains(tensor.id) { arguments.append(tensor.id) }
    graph.segments.append(
      Graph.Segment(
        operators: range, arguments: arguments, byPosition: positional.map(\.id), result: result.id,
        sideResults: side.map(\.id)))
    return (result, side)
  }

  /// Keeps a value until the running frame returns, as a local variable does.
  @discardableResult
  public mutating func hold(_ tensor: Tensor) -> Tensor {
    holds.append((graph[tensor.id].owner, current))
    return tensor
  }

  /// Runs `body` as a pipeline stage, from what it receives to what it sends.
  public mutating func stage(
    receiving received: Tensor?, isLast: Bool, _ body: (inout GraphBuilder) -> Tensor
  ) {
    let start = graph.operators.count
    let output = frame("", body)
    if let received { graph.extraLeaves.append(received.id) }
    graph.stages.append(
      Graph.Stage(
        operators: start..<graph.operators.count, received: received?.id, output: output.id, isLast: isLast))
  }

  /// Keeps a value until the operator before this point has run, as a variable does that is bound anew there.
  public mutating func keepUntilHere(_ tensor: Tensor) {
    uses[graph[tensor.id].owner.index].append(Use(operation: graph.operators.count - 1, frame: current))
  }

  /// Makes a value that no parameter reaches need a gradient (`requires_grad_` on an embedding's output).
  public mutating func requireGradient(_ tensor: Tensor) {
    graph.extraLeaves.append(tensor.id)
  }

  mutating func noteAutocastCopy(_ tensor: Tensor) { graph.autocastCopies.insert(tensor.id) }

  /// The same where the stretch that makes the value is checkpointed.
  package mutating func requireGradientWhereCheckpointed(_ tensor: Tensor) {
    graph.checkpointedLeaves.append(tensor.id)
  }

  /// Keeps a value until the frame that called the running one returns.
  package mutating func holdOutside(_ tensor: Tensor) {
    holds.append((graph[tensor.id].owner, graph.frames[current].parent ?? 0))
  }

  /// Keeps a value until the forward pass returns.
  public mutating func holdToTheEnd(_ tensor: Tensor) { holds.append((graph[tensor.id].owner, 0)) }

  /// A frame that runs, for what is kept until it returns.
  package struct FrameID: Sendable {
    fileprivate var index: Int
  }

  /// The running frame.
  package var runningFrame: FrameID { FrameID(index: current) }

  /// Keeps a value until a frame further out returns, as an object does that a variable there names.
  package mutating func hold(_ tensor: Tensor, until frame: FrameID) {
    holds.append((graph[tensor.id].owner, frame.index))
  }

  /// Lets a value go with its last operator, whatever frame that runs in: an object names it, which then takes another.
  package mutating func endWithLastUse(_ tensor: Tensor) { unnamed.insert(graph[tensor.id].owner.index) }

  // MARK: - Operators

  /// Appends an operator whose results own their storage.
  public mutating func apply(
    _ kind: OperatorKind, _ inputs: [Tensor], results: [(layout: Layout, dataType: DataType)]
  ) -> [Tensor] {
    append(kind, inputs, results: results, owner: nil)
  }

  /// Appends an operator with one result that owns its storage.
  public mutating func apply(_ kind: OperatorKind, _ inputs: [Tensor], _ layout: Layout, _ type: DataType) -> Tensor {
    append(kind, inputs, results: [(layout, type)], owner: nil)[0]
  }

  /// Appends a view of the first input.
  public mutating func applyView(_ kind: OperatorKind, _ input: Tensor, _ layouts: [Layout]) -> [Tensor] {
    append(kind, [input], results: layouts.map { ($0, input.dataType) }, owner: graph[input.id].owner)
  }

  /// Appends an operator that writes its result over the first input.
  public mutating func applyInPlace(_ kind: OperatorKind, _ inputs: [Tensor]) -> Tensor {
    applyOver(kind, inputs, inputs[0])
  }

  /// Appends an operator whose result lies in the first input's storage, laid out and typed as `result`.
  mutating func applyOver(_ kind: OperatorKind, _ inputs: [Tensor], _ result: Tensor) -> Tensor {
    append(kind, inputs, results: [(result.layout, result.dataType)], owner: graph[inputs[0].id].owner)[0]
  }

  private mutating func append(
    _ kind: OperatorKind, _ inputs: [Tensor], results: [(layout: Layout, dataType: DataType)], owner: Graph.ValueID?
  ) -> [Tensor] {
    let place = graph.operators.count
    let outputs = results.map { result in
      let id = Graph.ValueID(graph.values.count)
      graph.values.append(
        Graph.Value(
          name: nil, layout: result.layout, dataType: result.dataType, origin: .intermediate, owner: owner ?? id))
      birthFrame.append(current)
      uses.append([])
      return Tensor(id: id, layout: result.layout, dataType: result.dataType)
    }
    graph.operators.append(
      Graph.Operator(kind: kind, inputs: inputs.map(\.id), outputs: outputs.map(\.id), frame: current))
    for tensor in inputs + outputs {
      uses[graph[tensor.id].owner.index].append(Use(operation: place, frame: current))
    }
    return outputs
  }

  // MARK: - Ends of lives

  /// The finished graph. `loss` is the scalar that training differentiates.
  public mutating func finish(loss: Tensor?) -> Graph {
    endAutocast()
    graph.loss = loss?.id
    graph.frames[0].operators = 0..<graph.operators.count
    graph.releases = Array(repeating: [], count: graph.operators.count)
    var last = [Int](repeating: -1, count: graph.values.count)
    for (index, value) in graph.values.enumerated() where value.origin == .intermediate && value.owner.index == index {
      let isNamed = !unnamed.contains(index)
      for use in uses[index] {
        last[index] = max(last[index], isNamed ? end(of: use, bornIn: birthFrame[index]) : use.operation)
      }
    }
    for hold in holds {
      last[hold.owner.index] = max(last[hold.owner.index], graph.frames[hold.frame].operators.upperBound - 1)
    }
    // The loss lives until the step ends, and with it the autograd graph, which names its leaves.
    let kept = graph.extraLeaves + graph.stages.map(\.output) + (loss.map { [$0.id] } ?? [])
    for value in kept { last[graph[value].owner.index] = -1 }
    for (index, place) in last.enumerated() where place >= 0 && graph.values[index].origin == .intermediate {
      graph.releases[place].append(Graph.ValueID(index))
    }
    return graph
  }

  /// The last operator that runs while a use keeps its value: the operator itself where the use is in the frame
  /// that owns the value, else the end of the call through which the value was handed down (or of the frame that
  /// handed it up).
  private func end(of use: Use, bornIn birth: Int) -> Int {
    // A frame's number is higher than its parent's: from both sides up to the frame that holds both.
    var (owner, user) = (birth, use.frame)
    var call: Int?
    while owner != user {
      if user > owner {
        call = user
        user = graph.frames[user].parent ?? owner
      } else {
        owner = graph.frames[owner].parent ?? user
      }
    }
    return call.map { graph.frames[$0].operators.upperBound - 1 } ?? use.operation
  }
}
