internal import Graph
internal import Units

extension Tape {
  /// `_single_tensor_muon` (torch/optim/_muon.py): a momentum for each matrix, and five Newton-Schulz iterations in
  /// bf16 on the update [r, c], whose Gram matrices are as wide as the shorter side.
  mutating func muon(_ parameters: [OptimizerShare], _ states: inout OptimizerStates) {
    var update: Memory.StorageID?
    for share in parameters where states.storages[share.key] == nil {
      states.storages[share.key] = [state(share.bytes, of: share)]
    }
    for share in parameters {
      memory.section = share.section
      bind(&update, share.bytes, "lerp")
      orthogonalize(share.shape, share.dataType, &update)
    }
    memory.section = nil
    drop(update)
  }

  /// `_zeropower_via_newtonschulz`: what it returns takes the update's place when its own variables are gone.
  private mutating func orthogonalize(_ shape: Shape, _ type: DataType, _ update: inout Memory.StorageID?) {
    let side = min(shape[0], shape[1])
    let full = Tensor.bytes(shape, .bfloat16)
    let square = Tensor.bytes([side, side], .bfloat16)
    var orthogonal: Memory.StorageID?
    if type != .bfloat16 { bind(&orthogonal, full, "_to_copy") }
    let norm = memory.allocate(ByteCount(2), cause: "linalg_vector_norm", module: "")
    let bound = memory.allocate(ByteCount(2), cause: "clamp", module: "")
    drop(norm, bound)
    var gram: Memory.StorageID?
    var polynomial: Memory.StorageID?
    for _ in 0..<5 {
      bind(&gram, square, "mm")
      bind(&polynomial, square, "addmm")
      bind(&orthogonal, full, "addmm")
    }
    drop(gram, polynomial, update)
    update = orthogonal
  }
}
