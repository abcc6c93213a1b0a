internal import Graph
internal import Units

/// The gradients, fp32 copies and updates of one rank of ZeRO's third stage (deepspeed/runtime/zero/stage3.py, 0.19.6).
struct PartitionedGradients {
  private struct Parameter {
    var own: ModelParameter
    /// This rank's elements of what is updated, and of the gradient.
    var part: Int
    var gradientPart: Int
  }

  private let settings: ZeroSettings
  private let type: DataType
  private let parameters: [Int: Parameter]
  /// What is updated in one go: this rank's elements of each parameter (`_create_fp16_sub_groups`).
  private let groups: [[Int]]
  private let first: [ModelParameter]
  /// Ranks over which gradients lie in parts, and this rank's elements of all of them, and of all parameters.
  private let gradientRanks: Int
  private let gradientElements: Int
  private let parameterElements: Int
  /// `IPGBucketZ3`: the parameters whose gradients are sent together, and a gradient that is larger than the buffer.
  private var bucket: [Parameter] = []
  private var elements = 0
  private var large: Memory.StorageID?
  /// The gradient of the fp32 copy, while the optimizer runs.
  private var wide: Memory.StorageID?
  /// What came from host memory for updates on the GPU, by the group that it is of.
  private var staged: [Int: [Memory.StorageID]] = [:]
  var isLast = true

  init(_ settings: ZeroSettings, _ trained: [ModelParameter]) {
    self.settings = settings
    type = trained.first?.dataType ?? .float32
    func part(_ parameter: ModelParameter, over ranks: Int) -> Int { (parameter.count + ranks - 1) / ranks }
    let gradientRanks = settings.gradientRanks ?? settings.ranks
    let own = trained.map {
      Parameter(own: $0, part: part($0, over: settings.ranks), gradientPart: part($0, over: gradientRanks))
    }
    gradientElements = own.reduce(0) { $0 + $1.gradientPart }
    parameterElements = trained.reduce(0) { $0 + part($1, over: settings.parameterRanks ?? settings.ranks) }
    self.gradientRanks = gradientRanks
    parameters = Dictionary(uniqueKeysWithValues: own.map { ($0.own.key, $0) })
    var groups: [[Int]] = []
    var first: [ModelParameter] = []
    var size = settings.subGroup
    for parameter in own {
      if size >= settings.subGroup {
        groups.append([])
        first.append(parameter.own)
        size = 0
      }
      groups[groups.count - 1].append(parameter.part)
      size += parameter.part
    }
    self.groups = groups
    self.first = first
  }

  private var total: Int { groups.joined().reduce(0, +) }

  private func bytes(_ elements: Int, _ type: DataType) -> ByteCount { Tensor.bytes([elements], type) }

  // MARK: - What is held

  mutating func begin(_ memory: inout Memory) {
    guard !groups.isEmpty else { return }
    // `lp_param_buffer`: the parts of what trains in one row. In fp32 it is what is updated, too.
    if !settings.offloadsParameters {
      hold(bytes(parameterElements, type), "defragment", .parameters, &memory)
    }
    let isUpdatedInPlace = type == .float32 && !settings.offloadsParameters && parameterElements == total
    if !settings.offloadsOptimizer, !isUpdatedInPlace {
      for group in groups { hold(bytes(group.reduce(0, +), .float32), "clone", .optimizerStates, &memory) }
    }
    hold(bytes(settings.bucket, type), "ipg_bucket", .communication, &memory)
    // `grad_partitions_flat_buffer`.
    if !settings.offloadsOptimizer { hold(bytes(gradientElements, type), "grad_partitions", .gradients, &memory) }
  }

  private func hold(_ bytes: ByteCount, _ cause: String, _ category: Category, _ memory: inout Memory) {
    _ = memory.allocate(bytes, cause: cause, module: "", category: category)
  }

  /// - Parameter frozen: the parts of parameters that do not train.
  func outside(frozen: [ByteCount]) -> OutsideMemory {
    var result = OutsideMemory()
    let sizes = groups.map { $0.reduce(0, +) }
    if settings.offloadsParameters, let drive = settings.drive {
      // Buffers for a drive are locked as they are, without torch's rounding.
      result.host += OutsideMemory.pinned(bytes(min(total, drive.kept), type)) + bytes(drive.parameters, type)
      result.disk += frozen.reduce(bytes(total, type), +)
    } else if settings.offloadsParameters {
      result.host += frozen.reduce(OutsideMemory.pinned(bytes(total, type))) { $0 + OutsideMemory.pinned($1) }
    }
    if let activations = settings.drive?.activations { result.host += bytes(activations, type) }
    guard settings.offloadsOptimizer else { return result }
    result.host += OutsideMemory.pinned(bytes(total, type))
    if let drive = settings.drive {
      // fp32 copy and two moments, and the gradient where it waits there.
      result.host += bytes(drive.states * (sizes.max() ?? 0), .float32)
      result.disk += bytes((drive.updatesInBackward ? 3 : 4) * total, .float32)
    } else {
      result.host += bytes(3 * total, .float32)
      result.host += sizes.reduce(.zero) { $0 + OutsideMemory.pinned(bytes($1, .float32)) }
    }
    return result
  }

  // MARK: - Gradients

  /// `reduce_independent_p_g_buckets_and_remove_grads`.
  mutating func collect(_ key: Int, _ gradient: Tensor, _ memory: inout Memory) {
    guard let parameter = parameters[key] else { return memory.release(gradient.storage) }
    if elements + parameter.own.count > settings.bucket, elements > 0 { reduce(&memory) }
    if elements + parameter.own.count <= settings.bucket {
      memory.release(gradient.storage)
    } else {
      large = gradient.storage
    }
    bucket.append(parameter)
    elements += parameter.own.count
  }

  /// `reduce_scatter_coalesced` and `partition_grads`: several gradients, or one that does not divide, are put together
  /// anew for the ranks; what comes back is copied to where this rank's gradients lie.
  mutating func reduce(_ memory: inout Memory) {
    guard let only = bucket.first else { return }
    let section = memory.section
    memory.section = nil
    var held: [Memory.StorageID] = []
    if let node = settings.quantizedGradientNode, node < settings.ranks {
      held = reduceQuantized(perNode: node, &memory)
    } else if bucket.count > 1 || only.own.count % gradientRanks != 0 {
      held.append(putTogether(bucket, &memory))
    }
    if settings.offloadsOptimizer { sendOut(&held, &memory) }
    for storage in held + [large].compactMap({ $0 }) { memory.release(storage) }
    bucket = []
    elements = 0
    large = nil
    memory.section = section
  }

  /// Gradients in the order of the ranks that they go to, padded.
  private func putTogether(_ gradients: [Parameter], _ memory: inout Memory) -> Memory.StorageID {
    let padding = gradients.map { $0.gradientPart * gradientRanks - $0.own.count }.filter { $0 > 0 }.map {
      memory.allocate(bytes($0, type), cause: "empty", module: "", category: .communication)
    }
    let elements = gradients.reduce(0) { $0 + $1.gradientPart } * gradientRanks
    let row = memory.allocate(bytes(elements, type), cause: "cat", module: "", category: .communication)
    for storage in padding { memory.release(storage) }
    return row
  }

  /// Each gradient by itself; a vector, or what does not divide, in its own type.
  private func reduceQuantized(perNode: Int, _ memory: inout Memory) -> [Memory.StorageID] {
    var names: [Memory.StorageID?] = []
    var sums: [Memory.StorageID] = []
    for parameter in bucket {
      let divides = parameter.own.count % (2 * settings.ranks) == 0
      if parameter.own.shape.rank == 1 || !divides {
        if parameter.own.count % gradientRanks != 0 { sums.append(putTogether([parameter], &memory)) }
      } else {
        sums.append(
          QuantizedBlocks.reduce(
            parameter.own.shape, ranks: settings.ranks, perNode: perNode, &names, &memory))
      }
    }
    for case let name? in names { memory.release(name) }
    return sums
  }

  /// The copy in host memory comes back for the norm, which is taken in fp64 of 250,000,000 numbers at a time, and in fp32
  /// for the optimizer, where a drive takes it when all are there.
  private func sendOut(_ held: inout [Memory.StorageID], _ memory: inout Memory) {
    var copy: Memory.StorageID?
    for parameter in bucket {
      let next = memory.allocate(bytes(parameter.part, type), cause: "_to_copy", module: "")
      if let copy { memory.release(copy) }
      copy = next
      guard isLast else { continue }
      // An update that does not wait for all gradients takes no norm of them.
      if settings.drive?.updatesInBackward != true {
        memory.release(
          memory.allocate(bytes(min(parameter.part, 250_000_000), .float64), cause: "_to_copy", module: ""))
      }
      guard type != .float32 else { continue }
      let wide = memory.allocate(bytes(parameter.part, .float32), cause: "_to_copy", module: "")
      if settings.drive != nil { held.append(wide) } else { memory.release(wide) }
    }
    if let copy { memory.release(copy) }
  }

  // MARK: - Update

  var updates: Int { max(1, groups.count) }

  /// `_prepare_fp32_grad_for_sub_group`, and before the first group a look for what is not finite and the norm.
  mutating func beginUpdate(_ number: Int, _ memory: inout Memory) {
    if let stride = settings.updateStride { stage(number, stride, &memory) }
    guard !settings.offloadsOptimizer, number < groups.count else { return }
    if number == 0 { survey(&memory) }
    let size = groups[number].reduce(0, +)
    let flat =
      groups[number].count > 1
      ? memory.allocate(bytes(size, type), cause: "cat", module: "", category: .gradients) : nil
    wide = flat
    guard type != .float32 else { return }
    wide = memory.allocate(bytes(size, .float32), cause: "_to_copy", module: "", category: .gradients)
    if let flat { memory.release(flat) }
  }

  /// fp32 copy, gradient and two moments of the next group that the GPU updates come while the one before it is updated.
  private mutating func stage(_ number: Int, _ stride: Int, _ memory: inout Memory) {
    let own = groups.indices.filter { $0 % stride == stride - 1 && $0 >= number }
    for group in own.prefix(own.first == number ? 2 : 1) where staged[group] == nil {
      let size = bytes(groups[group].reduce(0, +), .float32)
      let gradient = memory.allocate(size, cause: "_to_copy", module: "", category: .gradients)
      staged[group] =
        [gradient]
        + (0..<3).map { _ in memory.allocate(size, cause: "_to_copy", module: "", category: .optimizerStates) }
    }
  }

  private func survey(_ memory: inout Memory) {
    if type == .float16 {
      // `isinf` compares absolute values; `isnan` needs its mask alone.
      let absolute = memory.allocate(bytes(total, type), cause: "abs", module: "")
      let mask = memory.allocate(bytes(total, .bool), cause: "eq", module: "")
      for storage in [absolute, mask] { memory.release(storage) }
    }
    for group in groups {
      let norms = group.map { part in
        let copy = memory.allocate(bytes(part, .float64), cause: "_to_copy", module: "")
        let norm = memory.allocate(Tensor.bytes([], .float64), cause: "linalg_vector_norm", module: "")
        memory.release(copy)
        return norm
      }
      let stack = memory.allocate(bytes(norms.count, .float64), cause: "stack", module: "")
      let squares = memory.allocate(bytes(norms.count, .float64), cause: "pow", module: "")
      for storage in [stack, squares] + norms { memory.release(storage) }
    }
  }

  mutating func endUpdate(_ number: Int, _ memory: inout Memory) {
    if let wide { memory.release(wide) }
    wide = nil
    for storage in staged.removeValue(forKey: number) ?? [] { memory.release(storage) }
  }

  func shares(of reached: [Int], update: Int) -> [OptimizerShare] {
    guard !settings.offloadsOptimizer, update < groups.count, !reached.isEmpty else { return [] }
    return [
      OptimizerShare(
        key: first[update].key, parameter: first[update].place, section: nil, shape: [groups[update].reduce(0, +)],
        dataType: .float32, isRow: true)
    ]
  }
}
