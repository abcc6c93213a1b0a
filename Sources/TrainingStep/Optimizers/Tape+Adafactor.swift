internal import Units

extension Tape {
  /// `Adafactor.step` (transformers/optimization.py): one parameter after the other in fp32, the second moment of a
  /// matrix as a row and a column. The loop's variables keep the last parameter's tensors until they are bound anew.
  mutating func adafactor(_ parameters: [OptimizerShare], _ states: inout OptimizerStates) {
    var gradient: Memory.StorageID?
    var copy: Memory.StorageID?
    var update: Memory.StorageID?
    for share in parameters {
      let shape = share.shape
      memory.section = share.section
      let full = Tensor.bytes(shape, .float32)
      let isNarrow = share.dataType != .float32
      if isNarrow { bind(&gradient, full, "_to_copy") }
      if states.storages[share.key] == nil {
        let sizes = shape.rank >= 2 ? [shape.dropped(-1), shape.dropped(-2)] : [shape]
        // The root mean square of the parameter is kept too, one number.
        states.storages[share.key] = (sizes + [[]]).map { state(Tensor.bytes($0, .float32), of: share) }
      }
      if isNarrow { bind(&copy, full, "_to_copy") }
      let square = memory.allocate(full, cause: "pow", module: "")
      bind(&update, full, "add")
      memory.release(square)
      let factors = shape.rank >= 2 ? factors(shape) : []
      bind(&update, full, "mul")
      for factor in factors { memory.release(factor) }
      memory.release(memory.allocate(full, cause: "neg", module: ""))
    }
    memory.section = nil
    drop(gradient, copy, update)
  }

  /// The square's means along either axis go into the states; of those, `_approx_sq_grad` makes two factors.
  private mutating func factors(_ shape: Shape) -> [Memory.StorageID] {
    let sizes = [shape.dropped(-1), shape.dropped(-2)].map { Tensor.bytes($0, .float32) }
    for size in sizes { drop(memory.allocate(size, cause: "mean", module: "")) }
    let mean = memory.allocate(Tensor.bytes(shape.dropped(-1).dropped(-1), .float32), cause: "mean", module: "")
    let row = memory.allocate(sizes[0], cause: "div", module: "")
    drop(mean)
    return [row, memory.allocate(sizes[1], cause: "rsqrt", module: "")]
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
