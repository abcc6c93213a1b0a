internal import Graph
internal import Units

extension Tape {
  /// `torch.nn.utils.clip_grad_norm_`: a norm for each gradient, the norm of those, and a factor; gradients are scaled in
  /// place. Returns the norm, which the loop names until it clips again.
  mutating func clipGradients() -> Memory.StorageID? {
    let clipped = reached.filter(isParameter).sorted()
    guard let type = clipped.first.map({ graph.values[$0].dataType }) else { return nil }
    func number(_ cause: String) -> Memory.StorageID {
      memory.allocate(Tensor.bytes([], type), cause: cause, module: "")
    }
    let norms = clipped.map { _ in number("linalg_vector_norm") }
    let stack = memory.allocate(Tensor.bytes([norms.count], type), cause: "stack", module: "")
    let total = number("linalg_vector_norm")
    for storage in [stack] + norms { memory.release(storage) }
    // (max_norm / (total_norm + 1e-6)).clamp(max=1)
    var factor: Memory.StorageID?
    for cause in ["add", "reciprocal", "mul", "clamp"] { bind(&factor, Tensor.bytes([], type), cause) }
    drop(factor)
    return total
  }
}
