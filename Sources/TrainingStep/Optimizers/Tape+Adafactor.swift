internal import Units

extension Tape {
  /// `Adafactor.step` (transformers/optimization.py): one parameter after the other in fp32, the second moment of a
  /// matrix as a row and a column. The loop's variables keep the last parameter's tensors until they are bound anew.
  mutating func adafactor(_ parameters: [Int], _ states: inout OptimizerStates) {
    var gradient: Memory.StorageID?
    var copy: Memory.StorageID?
    var update: Memory.StorageID?
    for parameter in parameters {
      let value = graph.values[parameter]
      let shape = value.layout.shape
      let full = Tensor.bytes(shape, .float32)
      let isNarrow = value.dataType != .float32
      if isNarrow { bind(&gradient, full, "_to_copy") }
      if states.storages[parameter] == nil {
        let sizes = shape.rank >= 2 ? [shape.dropped(-1), shape.dropped(-2)] : [shape]
        // The root mean square of the parameter is kept too, one number.
        states.storages[parameter] = (sizes + [[]]).map { state(Tensor.bytes($0, .float32), of: parameter) }
      }
      if isNarrow { bind(&copy, full, "_to_copy") }
      let square = memory.allocate(full, cause: "pow", module: "")
      bind(&update, full, "add")
      memory.release(square)
      bind(&update, full, "mul")
      memory.release(memory.allocate(full, cause: "neg", module: ""))
    }
    drop(gradient, copy, update)
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
