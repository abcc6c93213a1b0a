internal import Graph
internal import Units

/// One node of the backward pass while it runs: the gradients that arrived, and the ones it gives.
struct BackwardStep {
  let graph: Graph
  let operation: Graph.Operator
  /// What arrived for each result; nil where nothing did.
  let arrived: [Tensor?]
  /// Which inputs a gradient is wanted for.
  let needed: [Bool]
  /// What the operator kept, in the order of its derivative's row.
  let kept: [Tensor]
  var memory: Memory
  private(set) var given: [Tensor?]

  /// Takes `memory` over until ``finish(_:)`` gives it back.
  init(
    graph: Graph, operation: Graph.Operator, arrived: [Tensor?], needed: [Bool], kept: [Tensor], memory: inout Memory
  ) {
    self.graph = graph
    self.operation = operation
    self.arrived = arrived
    self.needed = needed
    self.kept = kept
    self.memory = Memory()
    swap(&self.memory, &memory)
    given = Array(repeating: nil, count: operation.inputs.count)
  }

  var inputCount: Int { operation.inputs.count }
  var name: String { "\(operation.kind.name)_backward" }

  func inputLayout(_ input: Int) -> Layout { graph[operation.inputs[input]].layout }
  func inputType(_ input: Int) -> DataType { graph[operation.inputs[input]].dataType }

  /// The gradient of the first result.
  func gradient() -> Tensor {
    arrived.first.flatMap { $0 }
      ?? Tensor(storage: .init(index: 0), layout: graph[operation.outputs[0]].layout, dataType: .float32)
  }

  // MARK: - Making tensors

  /// A new tensor, of the gradient's type where none is given.
  mutating func make(_ cause: String, _ layout: Layout, _ type: DataType? = nil) -> Tensor {
    let type = type ?? gradient().dataType
    let storage = memory.allocate(
      Tensor.bytes(layout.shape, type), cause: cause, module: graph.frames[operation.frame].path)
    return Tensor(storage: storage, layout: layout, dataType: type)
  }

  mutating func likeGradient(_ cause: String) -> Tensor { make(cause, gradient().layout.preserved) }

  mutating func likeInput(_ cause: String) -> Tensor { make(cause, inputLayout(0).preserved, inputType(0)) }

  /// The gradient and an input (or what it kept) combined element by element.
  mutating func elementwise(_ cause: String, with input: Int) -> Tensor {
    let other = inputType(input)
    let type = other.bitWidth > gradient().dataType.bitWidth ? other : gradient().dataType
    return make(cause, .elementwise([gradient().layout, inputLayout(input)]), type)
  }

  /// The gradient's storage, seen through another layout.
  mutating func alias(_ layout: Layout) -> Tensor {
    let source = gradient()
    memory.retain(source.storage)
    return Tensor(storage: source.storage, layout: layout, dataType: source.dataType)
  }

  /// A tensor with one more reference.
  mutating func share(_ tensor: Tensor) -> Tensor {
    memory.retain(tensor.storage)
    return tensor
  }

  /// A tensor read with other extents: its own storage where strides allow, else a copy.
  mutating func reshaped(_ tensor: Tensor, to shape: Shape) -> Tensor {
    guard let layout = tensor.layout.viewed(as: shape) else {
      return make("clone", Layout(contiguous: shape), tensor.dataType)
    }
    memory.retain(tensor.storage)
    return Tensor(storage: tensor.storage, layout: layout, dataType: tensor.dataType)
  }

  mutating func drop(_ tensor: Tensor) { memory.release(tensor.storage) }

  // MARK: - Giving gradients

  /// Forms the gradients that are wanted, in the given order of inputs.
  mutating func each(_ inputs: [Int], _ form: (inout BackwardStep, Int) -> Tensor) {
    for input in inputs where needed[input] { given[input] = form(&self, input) }
  }

  /// The gradients, each in its input's shape and type (`validate_outputs` in torch/csrc/autograd/engine.cpp:
  /// broadcast axes are summed away first, then the type is converted).
  mutating func validated() -> [Tensor?] {
    for input in given.indices {
      guard var gradient = given[input] else { continue }
      let shape = inputLayout(input).shape
      if gradient.layout.shape != shape {
        let reduced = make("sum", Layout(contiguous: shape), gradient.dataType)
        drop(gradient)
        gradient = reduced
      }
      if gradient.dataType != inputType(input) {
        let converted = make("_to_copy", gradient.layout.preserved, inputType(input))
        drop(gradient)
        gradient = converted
      }
      given[input] = gradient
    }
    return given
  }

  /// The gradients of the pieces of a split, put together; zeros stand in for a piece that got none.
  mutating func joinedPieces() -> Tensor {
    var fillers: [Tensor] = []
    for (place, tensor) in arrived.enumerated() where tensor == nil {
      fillers.append(make("zeros", Layout(contiguous: graph[operation.outputs[place]].layout.shape), inputType(0)))
    }
    let joined = make("cat", Layout(contiguous: inputLayout(0).shape), inputType(0))
    for filler in fillers { drop(filler) }
    return joined
  }
}
