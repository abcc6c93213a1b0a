internal import Graph
internal import Units

/// What an optimizer keeps for each parameter, by the parameter's place among the graph's values.
struct OptimizerStates {
  var storages: [Int: [Memory.StorageID]] = [:]
}

extension Tape {
  /// One optimizer step over the parameters that a gradient has reached, in the model's order.
  mutating func optimize(_ optimizer: Optimizer, _ states: inout OptimizerStates) {
    let parameters = reached.filter(isParameter).sorted()
    if optimizer == .adafactor { return adafactor(parameters, &states) }
    for parameter in parameters where states.storages[parameter] == nil {
      states.storages[parameter] = newStates(of: parameter, optimizer)
    }
    switch optimizer {
    case .adamW:
      // `_foreach_sqrt` of every second moment at once (`_multi_tensor_adam` in torch/optim/adam.py).
      let roots = parameters.map { temporary(likeParameter: $0, "_foreach_sqrt") }
      for root in roots { memory.release(root) }
    case .adamWLoop:
      // `(exp_avg_sq.sqrt() / bias_correction2_sqrt).add_(eps)`: the root, then the quotient.
      for parameter in parameters {
        let root = temporary(likeParameter: parameter, "sqrt")
        let quotient = temporary(likeParameter: parameter, "div")
        memory.release(root)
        memory.release(quotient)
      }
    case .adamWFused, .sgd, .sgdMomentum, .adafactor: break
    }
  }

  private mutating func newStates(of parameter: Int, _ optimizer: Optimizer) -> [Memory.StorageID] {
    let full = bytes(of: Graph.ValueID(parameter))
    switch optimizer {
    case .adamW, .adamWLoop: return [full, full].map { state($0, "zeros_like", of: parameter) }
    // A fused kernel reads its step counter, one fp32 number, on the device.
    case .adamWFused: return [ByteCount(4), full, full].map { state($0, "zeros_like", of: parameter) }
    case .sgdMomentum: return [state(full, "clone", of: parameter)]
    case .sgd, .adafactor: return []
    }
  }

  private mutating func state(_ bytes: ByteCount, _ cause: String, of parameter: Int) -> Memory.StorageID {
    memory.allocate(
      bytes, cause: cause, module: graph.values[parameter].name ?? "", category: .optimizerStates)
  }

  private mutating func temporary(likeParameter parameter: Int, _ cause: String) -> Memory.StorageID {
    memory.allocate(bytes(of: Graph.ValueID(parameter)), cause: cause, module: graph.values[parameter].name ?? "")
  }

  // MARK: - Adafactor

  /// `Adafactor.step` (transformers/optimization.py): one parameter after the other in fp32, the second moment of a
  /// matrix as a row and a column. The loop's variables keep the last parameter's tensors until they are bound anew.
  private mutating func adafactor(_ parameters: [Int], _ states: inout OptimizerStates) {
    var gradient: Memory.StorageID?
    var copy: Memory.StorageID?
    var update: Memory.StorageID?
    func bind(_ variable: inout Memory.StorageID?, _ storage: Memory.StorageID, _ memory: inout Memory) {
      if let old = variable { memory.release(old) }
      variable = storage
    }
    for parameter in parameters {
      let value = graph.values[parameter]
      let shape = value.layout.shape
      let full = Tensor.bytes(shape, .float32)
      let isNarrow = value.dataType != .float32
      if isNarrow { bind(&gradient, memory.allocate(full, cause: "_to_copy", module: ""), &memory) }
      if states.storages[parameter] == nil {
        let sizes = shape.rank >= 2 ? [shape.dropped(-1), shape.dropped(-2)] : [shape]
        // The root mean square of the parameter is kept too, one number.
        states.storages[parameter] = (sizes + [[]]).map {
          state(Tensor.bytes($0, .float32), "zeros", of: parameter)
        }
      }
      if isNarrow { bind(&copy, memory.allocate(full, cause: "_to_copy", module: ""), &memory) }
      let square = memory.allocate(full, cause: "pow", module: "")
      bind(&update, memory.allocate(full, cause: "add", module: ""), &memory)
      memory.release(square)
      bind(&update, memory.allocate(full, cause: "mul", module: ""), &memory)
      memory.release(memory.allocate(full, cause: "neg", module: ""))
    }
    for case let storage? in [gradient, copy, update] { memory.release(storage) }
  }
}

extension Shape {
  /// The extents without one axis, counted from the end.
  fileprivate func dropped(_ axis: Int) -> Shape {
    var result = self
    result.dimensions.remove(at: axis + rank)
    return result
  }
}
