internal import Graph
internal import Units

extension Derivative {
  /// The kernels of a backward pass that only moves: one for each tensor that the derivative makes. It writes that
  /// tensor and reads the gradient and the largest of what was kept.
  static func kernels(_ step: Operands) -> [Kernel] {
    let operation = step.operation
    let row = of(operation.kind)
    var memory = Memory()
    func tensor(_ id: Graph.ValueID) -> Tensor {
      let value = step.graph[id]
      return Tensor(
        storage: memory.allocate(Tensor.bytes(value.layout.shape, value.dataType), cause: "", module: ""),
        layout: value.layout, dataType: value.dataType)
    }
    let arrived = operation.outputs.map { step.graph[$0].dataType.isFloatingPoint ? tensor($0) : nil }
    let kept = row.saved(step.needed).map { saved in
      switch saved {
      case .input(let place), .attribute(let place): operation.inputs[place]
      case .output(let place): operation.outputs[place]
      }
    }
    let tensors = kept.map(tensor)
    let first = memory.count
    var backward = BackwardStep(
      graph: step.graph, operation: operation, arrived: arrived, needed: step.needed, kept: tensors, memory: &memory)
    row.backward(&backward)
    _ = backward.validated()
    let read = (operation.outputs.first.map(step.bytes) ?? 0) + (kept.map(step.bytes).max() ?? 0)
    return (first..<backward.memory.count).map { place in
      let written = Double(backward.memory[Memory.StorageID(index: place)].bytes.bytes)
      return .streaming(step.value(0).dataType, bytes: written + read)
    }
  }
}
