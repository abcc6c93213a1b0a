internal import Graph
internal import Units

extension Tape {
  /// `AdamW.step` of galore-torch 1.0 (adamw.py): one parameter after the other, those that are projected last. Their
  /// gradient [m, n] becomes [m, r] or [r, n], whichever keeps the longer side, its states too, and the update grows back.
  /// The loop's variables keep the last parameter's tensors until they are bound anew.
  mutating func galore(_ parameters: [OptimizerShare], projected: Set<Int>, rank: Int, _ states: inout OptimizerStates)
  {
    var (gradient, denominator, update): (Memory.StorageID?, Memory.StorageID?, Memory.StorageID?)
    let (direct, indirect) = (
      parameters.filter { !projected.contains($0.parameter) }, parameters.filter { projected.contains($0.parameter) }
    )
    for share in direct + indirect {
      let (shape, type) = (share.shape, share.dataType)
      memory.section = share.section
      let isProjected = projected.contains(share.parameter)
      var size = shape
      drop(gradient)
      gradient = nil
      if isProjected {
        size.dimensions[shape[0] >= shape[1] ? 1 : 0] = min(rank, shape[0], shape[1])
        if states.storages[share.key] == nil { states.storages[share.key] = [projection(shape, type, rank, share)] }
        bind(&gradient, Tensor.bytes(size, type), "matmul")
      }
      if states.storages[share.key, default: []].count < 2 {
        let moments = [0, 1].map { _ in state(Tensor.bytes(size, type), of: share) }
        states.storages[share.key, default: []] += moments
      }
      bind(&denominator, Tensor.bytes(size, type), "sqrt")
      bind(&update, Tensor.bytes(size, type), "div")
      guard isProjected else { continue }
      let whole = memory.allocate(Tensor.bytes(shape, type), cause: "matmul", module: "")
      bind(&update, Tensor.bytes(shape, type), "mul")
      memory.release(whole)
    }
    memory.section = nil
    drop(gradient, denominator, update)
  }

  /// `get_orthogonal_matrix` (galore_projector.py): singular vectors of the gradient in fp32, of which the first few are
  /// kept. In fp32 what is kept is a view of all of them.
  private mutating func projection(_ shape: Shape, _ type: DataType, _ rank: Int, _ share: OptimizerShare)
    -> Memory.StorageID
  {
    let (rows, columns) = (shape[0], shape[1])
    let side = min(rows, columns)
    let rank = min(rank, side)
    func number(_ extents: Shape) -> Memory.StorageID {
      memory.allocate(Tensor.bytes(extents, .float32), cause: "linalg_svd", module: "")
    }
    let matrix = type == .float32 ? nil : number(shape)
    let vectors = (left: number([rows, side]), values: number([side]), right: number([side, columns]))
    let diagonal = number([rank, rank])
    let scaled = number(rows >= columns ? [rows, rank] : [rank, columns])
    drop(diagonal)
    let (used, other) = rows >= columns ? (vectors.right, vectors.left) : (vectors.left, vectors.right)
    var kept = used
    if type != .float32 {
      kept = state(Tensor.bytes(rows >= columns ? [rank, columns] : [rows, rank], type), of: share)
      drop(used)
    }
    memory.mark(kept, as: .optimizerStates)
    drop(matrix, other, vectors.values, scaled)
    return kept
  }
}
