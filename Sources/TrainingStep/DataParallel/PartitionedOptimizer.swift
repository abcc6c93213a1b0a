internal import Graph
internal import Units

/// One rank's state of DeepSpeed's `DeepSpeedZeroOptimizer` (deepspeed/runtime/zero/stage_1_and_2.py, 0.19.6): what
/// trains lies in one row, of which each rank updates a stretch in fp32. Stage 1 sends gradients once they are all there,
/// stage 2 as they come.
struct PartitionedOptimizer: DataParallelEngine {
  /// A parameter in the row.
  struct Entry {
    var parameter: ModelParameter
    var offset: Int

    var elements: Range<Int> { offset..<offset + parameter.count }
  }

  /// `IPGBucket`: gradients that are sent together.
  private struct Bucket {
    var buffer: Memory.StorageID?
    var entries: [Int] = []
    var elements = 0
    /// The gradient of a parameter that is larger than the buffer; it is sent by itself.
    var large: Memory.StorageID?
  }

  let settings: ZeroSettings
  /// The type of what trains, and with it of its gradients and of what is sent.
  let type: DataType
  private(set) var entries: [Entry] = []
  /// The entry of each parameter, by its key.
  private var places: [Int: Int] = [:]
  /// The elements of the row, padded so that each rank's stretch begins at a multiple of four bytes
  /// (`nccl_start_alignment_factor`), and of a stretch (`partition_size`).
  let count: Int
  let partition: Int
  /// The entries of which this rank updates a part (`params_in_partition`).
  private(set) var own: [Int] = []

  private var bucket = Bucket()
  /// Whether the update follows this backward pass, and whether one came that it did not follow.
  private var isLast = true
  private var accumulates = false
  /// The entries whose gradients came in this backward pass.
  private var arrived: Set<Int> = []
  /// The gradients of what this rank updates (`grads_in_partition`), whole: of this backward pass, and their sum, with
  /// zeros for those that did not come.
  private var fresh: Memory.StorageID?
  private var sum: [Memory.StorageID]?
  /// Gradients that stage 1 names until the backward pass ends.
  private var unowned: [Memory.StorageID] = []
  /// The gradient of the fp32 stretch, while the optimizer runs, and the norm of all gradients.
  private var wide: Memory.StorageID?
  private var norm: Memory.StorageID?

  init(_ settings: ZeroSettings, _ parameters: [ModelParameter]) {
    self.settings = settings
    let trained = parameters.filter { $0.trains && $0.count > 0 }
    type = trained.first?.dataType ?? .float32
    var offset = 0
    for parameter in trained {
      places[parameter.key] = entries.count
      entries.append(Entry(parameter: parameter, offset: offset))
      offset += parameter.count
    }
    let alignment = 2 * settings.ranks
    count = (offset + alignment - 1) / alignment * alignment
    partition = count / settings.ranks
    let stretch = settings.rank * partition..<(settings.rank + 1) * partition
    own = entries.indices.filter { entries[$0].elements.overlaps(stretch) }
  }

  /// The elements of an entry that this rank updates.
  private func slice(_ entry: Int) -> Int {
    let stretch = settings.rank * partition..<(settings.rank + 1) * partition
    return entries[entry].elements.clamped(to: stretch).count
  }

  private var masters: ByteCount { Tensor.bytes([partition], .float32) }

  // MARK: - Parameters

  /// What trains is a view of the row.
  mutating func load(_ parameter: Int, _ memory: inout Memory) -> Memory.StorageID? {
    guard places[parameter] != nil else { return nil }
    return memory.allocate(.zero, cause: "load", module: "", category: .parameters)
  }

  mutating func begin(_ memory: inout Memory) {
    _ = memory.allocate(Tensor.bytes([count], type), cause: "flatten", module: "", category: .parameters)
    guard settings.offloadsOptimizer else {
      // `single_partition_of_fp32_groups`: a copy, whatever the type of the row.
      _ = memory.allocate(masters, cause: "clone", module: "", category: .optimizerStates)
      return
    }
    // `temp_grad_buffer_for_gpu_offload`.
    let largest = entries.map(\.parameter.count).max() ?? 0
    _ = memory.allocate(Tensor.bytes([largest], type), cause: "zeros", module: "", category: .communication)
  }

  /// The fp32 stretch, its gradient and two moments, the 16-bit stretch that is sent back, and room for the largest
  /// gradient; pinned but for the moments. With several micro-steps, also the gradients of what this rank updates, each
  /// whole and pinned (`accumulated_grads_in_cpu`).
  func outside(_ optimizer: Optimizer) -> OutsideMemory {
    guard settings.offloadsOptimizer else { return OutsideMemory() }
    let largest = entries.map(\.parameter.count).max() ?? 0
    let sums = accumulates ? own.map { entries[$0].parameter.count } : []
    let narrow = ([partition, largest] + sums).map { Tensor.bytes([$0], type) }
    let pinned = ([masters, masters] + narrow).reduce(.zero) { $0 + OutsideMemory.pinned($1) }
    return OutsideMemory(host: pinned + masters + masters)
  }

  // MARK: - Gradients

  mutating func beginBackward(isLast: Bool, _ memory: inout Memory) {
    self.isLast = isLast
    accumulates = accumulates || !isLast
  }

  /// The buffer is made by the hook of the first gradient (`setup_buckets`).
  mutating func accumulated(_ parameter: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    if bucket.buffer == nil {
      let section = memory.section
      memory.section = nil
      bucket.buffer = memory.allocate(
        Tensor.bytes([settings.bucket], type), cause: "ipg_bucket", module: "", category: .communication)
      memory.section = section
    }
    if let gradient = gradients[parameter] { memory.mark(gradient.storage, as: .gradients) }
    guard settings.stage == .gradients, let gradient = gradients.removeValue(forKey: parameter) else { return }
    collect(parameter, gradient, &memory)
  }

  /// `reduce_independent_p_g_buckets_and_remove_grads`: the gradient is copied into the buffer.
  private mutating func collect(_ parameter: Int, _ gradient: Tensor, _ memory: inout Memory) {
    guard let entry = places[parameter] else { return memory.release(gradient.storage) }
    let elements = entries[entry].parameter.count
    if bucket.elements + elements > settings.bucket { reduce(&memory) }
    bucket.entries.append(entry)
    bucket.elements += elements
    arrived.insert(entry)
    if elements > settings.bucket {
      bucket.large = gradient.storage
    } else {
      memory.release(gradient.storage)
    }
  }

  /// `reduce_ipg_grads`.
  private mutating func reduce(_ memory: inout Memory) {
    let section = memory.section
    memory.section = nil
    average(&memory)
    for entry in bucket.entries where slice(entry) > 0 { take(entry, &memory) }
    if let large = bucket.large {
      if settings.stage == .optimizerStates, slice(bucket.entries[0]) == 0 {
        unowned.append(large)
      } else {
        memory.release(large)
      }
    }
    bucket = Bucket(buffer: bucket.buffer)
    memory.section = section
  }

  /// `average_tensor`: the buffer is summed as a whole. Where it holds what several ranks update, it is put together anew
  /// from the pieces of each (`allreduce_and_scatter`, `allreduce_bucket`).
  private func average(_ memory: inout Memory) {
    var pieces: [(rank: Int, elements: Int)] = []
    for entry in bucket.entries {
      var rest = entries[entry].elements
      while !rest.isEmpty {
        let rank = rest.lowerBound / partition
        let piece = rest.clamped(to: rank * partition..<(rank + 1) * partition)
        if pieces.last?.rank == rank {
          pieces[pieces.count - 1].elements += piece.count
        } else {
          pieces.append((rank, piece.count))
        }
        rest = piece.upperBound..<rest.upperBound
      }
    }
    var (together, elements) = (0, 0)
    for (place, piece) in pieces.enumerated() {
      together += 1
      elements += piece.elements
      guard elements > settings.bucket || place == pieces.count - 1 else { continue }
      if together > 1 {
        memory.release(
          memory.allocate(Tensor.bytes([elements], type), cause: "cat", module: "", category: .communication))
      }
      (together, elements) = (0, 0)
    }
  }

  /// `copy_grads_in_partition`.
  private mutating func take(_ entry: Int, _ memory: inout Memory) {
    guard settings.offloadsOptimizer else {
      guard fresh == nil else { return }
      let elements = own.reduce(0) { $0 + entries[$1].parameter.count }
      fresh = memory.allocate(
        Tensor.bytes([elements], type), cause: "grads_in_partition", module: "", category: .gradients)
      return
    }
    guard isLast else { return }
    let elements = slice(entry)
    Self.brief(Tensor.bytes([elements], .float64), "norm", &memory)
    checkOverflow(entries[entry].parameter.count, &memory)
    if type != .float32 { Self.brief(Tensor.bytes([elements], .float32), "_to_copy", &memory) }
  }

  mutating func endBackward(_ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    guard isLast || settings.stage == .gradients else { return }
    if settings.stage == .optimizerStates {
      for entry in entries {
        guard let gradient = gradients.removeValue(forKey: entry.parameter.key) else { continue }
        collect(entry.parameter.key, gradient, &memory)
      }
    }
    reduce(&memory)
    if !settings.offloadsOptimizer { keep(&memory) }
    arrived = []
    for storage in unowned + [bucket.buffer].compactMap({ $0 }) { memory.release(storage) }
    unowned = []
    bucket = Bucket()
  }

  /// The gradients of several micro-steps are added up (`all_grad_tensors`).
  private mutating func keep(_ memory: inout Memory) {
    var kept: [Memory.StorageID] = []
    if let fresh { kept.append(fresh) }
    for entry in own where !arrived.contains(entry) {
      kept.append(
        memory.allocate(entries[entry].parameter.bytes, cause: "zeros_like", module: "", category: .gradients))
    }
    if own.isEmpty, isLast {
      kept.append(memory.allocate(Tensor.bytes([partition], type), cause: "zeros", module: "", category: .gradients))
    }
    fresh = nil
    guard sum != nil else { return sum = kept }
    for storage in kept { memory.release(storage) }
  }

  // MARK: - Update

  var clipsGradients: Bool { true }

  /// `step` until the optimizer runs: a look for what is not finite, the norm, and the gradient in fp32 of this rank's
  /// stretch.
  mutating func beginUpdate(_ number: Int, _ memory: inout Memory) {
    guard !settings.offloadsOptimizer else { return }
    var pieces = own.map(slice)
    let covered = pieces.reduce(0, +)
    // `check_grad_overflow` is on in 16 bits.
    if type != .float32 {
      for elements in pieces + (covered < partition ? [partition - covered] : []) { checkOverflow(elements, &memory) }
    }
    takeNorm(pieces, &memory)
    if covered < partition, !own.isEmpty { pieces.append(partition - covered) }
    let flat =
      pieces.count > 1
      ? memory.allocate(Tensor.bytes([partition], type), cause: "cat", module: "", category: .gradients) : nil
    if type != .float32 {
      wide = memory.allocate(masters, cause: "_to_copy", module: "", category: .gradients)
      if let flat { memory.release(flat) }
    } else {
      wide = flat
    }
    // Where the row is one piece in fp32, its gradient is what the optimizer is given.
    var dropped = sum ?? []
    if wide == nil, !dropped.isEmpty { wide = dropped.removeFirst() }
    for storage in dropped { memory.release(storage) }
    sum = nil
  }

  /// `get_grad_norm_direct`: a norm of each piece, taken in fp64.
  private mutating func takeNorm(_ pieces: [Int], _ memory: inout Memory) {
    let norms = pieces.map { elements in
      let copy = memory.allocate(Tensor.bytes([elements], .float64), cause: "_to_copy", module: "")
      let norm = memory.allocate(Tensor.bytes([], .float64), cause: "linalg_vector_norm", module: "")
      memory.release(copy)
      return norm
    }
    let stack = memory.allocate(Tensor.bytes([norms.count], .float64), cause: "stack", module: "")
    let squares = memory.allocate(Tensor.bytes([norms.count], .float64), cause: "pow", module: "")
    memory.release(stack)
    let total = memory.allocate(Tensor.bytes([], .float32), cause: "sum", module: "")
    for storage in [squares] + norms { memory.release(storage) }
    if let norm { memory.release(norm) }
    norm = total
  }

  /// `_has_inf_or_nan` of a gradient: in fp32, with masks for either and for both.
  private func checkOverflow(_ elements: Int, _ memory: inout Memory) {
    let full = Tensor.bytes([elements], .float32)
    let mask = Tensor.bytes([elements], .bool)
    let copy = type == .float32 ? nil : memory.allocate(full, cause: "_to_copy", module: "")
    let nan = memory.allocate(mask, cause: "ne", module: "")
    let absolute = memory.allocate(full, cause: "abs", module: "")
    let infinite = memory.allocate(mask, cause: "eq", module: "")
    memory.release(absolute)
    let either = memory.allocate(mask, cause: "logical_or", module: "")
    Self.brief(full, "_to_copy", &memory)
    for storage in [copy, nan, infinite, either].compactMap({ $0 }) { memory.release(storage) }
  }

  private static func brief(_ bytes: ByteCount, _ cause: String, _ memory: inout Memory) {
    memory.release(memory.allocate(bytes, cause: cause, module: ""))
  }

  mutating func endUpdate(_ number: Int, _ memory: inout Memory) {
    if let wide { memory.release(wide) }
    wide = nil
  }

  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]? {
    guard !settings.offloadsOptimizer, let first = entries.first?.parameter, !parameters.isEmpty else { return [] }
    return [
      OptimizerShare(
        key: first.key, parameter: first.place, section: nil, shape: [partition], dataType: .float32, isRow: true)
    ]
  }
}
