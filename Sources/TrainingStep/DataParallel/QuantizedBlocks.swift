internal import Graph
internal import Units

/// Numbers in blocks of few bits with a scale each, as DeepSpeed's quantiser makes them for sending
/// (`CUDAQuantizer` in deepspeed/runtime/zero/partition_parameters.py, 0.19.8).
struct QuantizedBlocks {
  /// The numbers, and the bytes of the scales, on one rank.
  var elements: Int
  var scales: ByteCount

  /// The fewest blocks of at most 8,000 numbers that multiples of eight divide into.
  ///
  /// - Parameter elements: a multiple of eight.
  init(_ elements: Int) {
    self.elements = elements
    let eighths = max(1, elements / 8)
    let least = (elements + 7999) / 8000
    let size = stride(from: max(1, eighths / max(1, least)), through: 1, by: -1).first { eighths % $0 == 0 } ?? 1
    scales = Tensor.bytes([eighths / size], .float32)
  }

  /// What one rank makes of its part before it is gathered: the kernel reads fp16.
  func quantize(_ type: DataType, _ memory: inout Memory) -> [Memory.StorageID] {
    let half =
      type == .float16 ? nil : memory.allocate(Tensor.bytes([elements], .float16), cause: "_to_copy", module: "")
    let made = [Tensor.bytes([elements], .int8), scales].map {
      memory.allocate($0, cause: "quantize", module: "", category: .communication)
    }
    if let half { memory.release(half) }
    return made
  }

  /// `all_to_all_quant_reduce` of one gradient (deepspeed/runtime/comm/coalesced_collectives.py, 0.19.8): four bits within
  /// a node, summed, four bits between nodes, summed. What the function names lives until it takes another value.
  ///
  /// - Returns: this rank's part of the sum.
  static func reduce(
    _ shape: Shape, ranks: Int, perNode: Int, _ names: inout [Memory.StorageID?], _ memory: inout Memory
  ) -> Memory.StorageID {
    let elements = shape.dimensions.reduce(1, *)
    let groups = max(shape.dimensions.max() ?? 1, ranks)
    let packed = ByteCount(elements / 2)
    let scales = Tensor.bytes([groups], .float32)
    let (nodePacked, nodeScales) = (ByteCount(elements / 2 / perNode), Tensor.bytes([groups / perNode], .float32))
    let sizes = [packed, scales, packed, scales, nodePacked, nodeScales, nodePacked, nodeScales]
    for (place, size) in (sizes + [Tensor.bytes([elements / perNode], .float16)]).enumerated() {
      let next = memory.allocate(size, cause: "swizzle_quant", module: "", category: .communication)
      while names.count <= place { names.append(nil) }
      if let old = names[place] { memory.release(old) }
      names[place] = next
    }
    // `sum` of the nodes' parts begins with 0, and its result is divided by their number.
    var sum: Memory.StorageID?
    for _ in 0...(ranks / perNode) {
      let next = memory.allocate(
        Tensor.bytes([elements / ranks], .float16), cause: "add", module: "", category: .communication)
      if let sum { memory.release(sum) }
      sum = next
    }
    return sum ?? memory.allocate(.zero, cause: "add", module: "")
  }
}
