internal import Graph
internal import Units

/// One rank's state of `FullyShardedDataParallel` (torch/distributed/fsdp/_runtime_utils.py and _flat_param.py, torch
/// 2.11) as accelerate sets it up: FULL_SHARD, `BACKWARD_PRE`, a flat parameter for each wrapped module.
///
/// A flat parameter either trains or does not: adapters in frozen layers are wrapped apart (`fsdp_auto_wrap_policy` of
/// PEFT).
struct FlatShard: DataParallelEngine {
  /// Parameters in one row.
  private struct Flat {
    var parameters: [ModelParameter]
    var storedType: DataType
    var stored: ByteCount
    var gathered: ByteCount
    var count: Int
    var whole: Memory.StorageID?

    init?(_ parameters: [ModelParameter], _ storedTypes: [Int: DataType]) {
      guard let first = parameters.first else { return nil }
      self.parameters = parameters
      storedType = storedTypes[first.place] ?? first.dataType
      stored = parameters.reduce(.zero) { $0 + Tensor.bytes($1.shape, storedTypes[$1.place] ?? $1.dataType) }
      gathered = parameters.reduce(.zero) { $0 + $1.bytes }
      count = parameters.reduce(0) { $0 + $1.count }
    }
  }

  private enum Pass {
    case idle, forward, backward, done
  }

  private struct Group {
    var frozen: Flat?
    var trained: Flat?
    var section: Int?
    var pass = Pass.idle
    /// Whether a backward pass will gather it (`_needs_pre_backward_unshard`).
    var isExpected = false
    /// Its place in the first forward pass.
    var place: Int?
    /// The sum of gradients that were not sent yet, and the shard of those that were.
    var gradient: Memory.StorageID?
    var shard: Memory.StorageID?
  }

  private let settings: FullyShardSettings
  /// How many of the whole model's parameters one of the graph's stands for.
  private let counts: [Int: Int]
  private var groups: [Group]
  private var order: [Int] = []
  private var shards: [Int: (name: String, bytes: ByteCount)] = [:]
  private var sends = true
  /// What hooks name until the backward pass ends.
  private var named: [Memory.StorageID] = []

  /// - Parameter whole: the whole model's parameters.
  init(_ settings: FullyShardSettings, _ graph: Graph, _ wrapped: WrappedModules, _ whole: [ModelParameter]) {
    self.settings = settings
    counts = Dictionary(grouping: whole, by: \.place).mapValues(\.count)
    var types: [Int: DataType] = [:]
    for (place, value) in graph.values.enumerated() {
      if let name = value.name, let type = settings.storedTypes[name] { types[place] = type }
    }
    let all = Dictionary(uniqueKeysWithValues: graph.parameters(repeating: nil).map { ($0.place, $0) })
    groups = wrapped.modules.map { module in
      let own = module.parameters.compactMap { all[$0] }
      return Group(
        frozen: Flat(own.filter { !$0.trains }, types), trained: Flat(own.filter(\.trains), types),
        section: module.section)
    }
    for flat in groups.flatMap({ [$0.frozen, $0.trained] }).compactMap({ $0 }) {
      for (offset, parameter) in flat.parameters.enumerated() {
        let bytes = offset == 0 ? ByteCount(part(flat.stored.bytes)) : .zero
        shards[parameter.place] = (graph.values[parameter.place].name ?? "", bytes)
      }
    }
  }

  /// This rank's part of a row that is padded to divide.
  private func part(_ count: Int) -> Int { (count + settings.ranks - 1) / settings.ranks }

  mutating func load(_ parameter: Int, _ memory: inout Memory) -> Memory.StorageID? {
    guard let (name, bytes) = shards[parameter] else { return nil }
    if bytes > .zero, !settings.offloads {
      _ = memory.allocate(bytes, cause: "load", module: name, category: .parameters)
    }
    return memory.allocate(.zero, cause: "load", module: name, category: .communication)
  }

  // MARK: - Gathering

  private mutating func gather(_ index: Int, _ memory: inout Memory) {
    for path in [\Group.frozen, \Group.trained] {
      guard let flat = groups[index][keyPath: path], flat.whole == nil else { continue }
      var copy: Memory.StorageID?
      if let type = flat.parameters.first?.dataType, type != flat.storedType {
        copy = memory.allocate(Tensor.bytes([part(flat.count)], type), cause: "mp_shard", module: "")
      }
      if settings.offloads {
        // The shard comes to the GPU in its own type, from where it is gathered or converted.
        let shard = memory.allocate(ByteCount(part(flat.stored.bytes)), cause: "_to_copy", module: "")
        if copy == nil { copy = shard } else { memory.release(shard) }
      }
      let whole = ByteCount(part(flat.gathered.bytes) * settings.ranks)
      groups[index][keyPath: path]?.whole = memory.allocate(
        whole, cause: "all_gather", module: "", category: .communication)
      if let copy { memory.release(copy) }
    }
  }

  private mutating func reshard(_ index: Int, _ memory: inout Memory) {
    for path in [\Group.frozen, \Group.trained] {
      if let whole = groups[index][keyPath: path]?.whole { memory.release(whole) }
      groups[index][keyPath: path]?.whole = nil
    }
  }

  // MARK: - Passes

  mutating func beforeForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    guard groups[module].pass != .backward else { return }
    groups[module].pass = .forward
    gather(module, &memory)
  }

  mutating func afterForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    guard groups[module].pass != .backward else { return }
    // The root's parameters are taken to be needed at once.
    if module != 0 { reshard(module, &memory) }
    groups[module].pass = .idle
    if groups[module].place == nil {
      groups[module].place = order.count
      order.append(module)
    }
    if records { groups[module].isExpected = true }
  }

  mutating func beforeRecomputation(of module: Int, _ memory: inout Memory) { gather(module, &memory) }

  mutating func beforeBackward(of module: Int, _ memory: inout Memory) {
    guard groups[module].pass != .backward else { return }
    groups[module].pass = .backward
    gather(module, &memory)
    groups[module].isExpected = false
    guard let place = groups[module].place, place > 0, groups[order[place - 1]].isExpected else { return }
    gather(order[place - 1], &memory)
  }

  /// `_post_backward_hook`: the gradients of a row's parameters are put together by the backward pass of the split that
  /// made them.
  mutating func afterBackward(of module: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    groups[module].pass = .done
    let flat = groups[module].trained
    let own = (flat?.parameters ?? []).compactMap { gradients.removeValue(forKey: $0.place) }
    guard let flat, let type = own.first?.dataType else { return reshard(module, &memory) }
    var gradient = memory.allocate(Tensor.bytes([flat.count], type), cause: "cat", module: "")
    for part in own { memory.release(part.storage) }
    reshard(module, &memory)
    if let sum = groups[module].gradient {
      memory.release(gradient)
      gradient = sum
      groups[module].gradient = nil
    }
    guard sends else {
      groups[module].gradient = gradient
      return
    }
    let reduced = settings.reductionType ?? type
    if reduced != type { replace(&gradient, [flat.count], reduced, "_to_copy", &memory) }
    if flat.count % settings.ranks != 0 {
      replace(&gradient, [part(flat.count) * settings.ranks], reduced, "pad", &memory)
    }
    var shard = memory.allocate(Tensor.bytes([part(flat.count)], reduced), cause: "reduce_scatter", module: "")
    memory.release(gradient)
    if reduced != flat.storedType { replace(&shard, [part(flat.count)], flat.storedType, "_to_copy", &memory) }
    if groups[module].shard == nil {
      memory.mark(shard, as: .gradients)
      groups[module].shard = shard
    } else {
      memory.release(shard)
    }
  }

  private func replace(
    _ storage: inout Memory.StorageID, _ shape: Shape, _ type: DataType, _ cause: String, _ memory: inout Memory
  ) {
    let next = memory.allocate(Tensor.bytes(shape, type), cause: cause, module: "")
    memory.release(storage)
    storage = next
  }

  mutating func beginBackward(isLast: Bool, _ memory: inout Memory) { sends = isLast || !settings.sendsOnce }

  mutating func endBackward(_ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    for module in groups.indices {
      memory.section = groups[module].section
      if groups[module].pass != .done { afterBackward(of: module, &gradients, &memory) }
      groups[module].pass = .idle
      groups[module].place = nil
      groups[module].isExpected = false
      // What was sent to host memory is named until here (`_saved_grad_shard`).
      if settings.offloads, let shard = groups[module].shard {
        memory.release(shard)
        groups[module].shard = nil
      }
    }
    memory.section = nil
    order = []
    for storage in named { memory.release(storage) }
    named = []
  }

  /// Where a module's own parameters are frozen, a hook on what it was given tells that they can go
  /// (`_register_post_backward_reshard_only_hook`). Under reentrant checkpointing that is a leaf, and the hook names it
  /// with its gradient until the backward pass ends.
  func namesArguments(of module: Int) -> Bool {
    groups[module].frozen != nil && module != 0
  }

  mutating func name(_ storage: Memory.StorageID, _ memory: inout Memory) {
    memory.retain(storage)
    named.append(storage)
  }

  // MARK: - Optimizer

  var clipsGradients: Bool { settings.offloads }

  func outside(_ optimizer: Optimizer) -> OutsideMemory {
    guard settings.offloads else { return OutsideMemory() }
    return .updated(
      groups.flatMap { group in
        [group.frozen, group.trained].compactMap { $0 }.flatMap { flat in
          let place = flat.parameters.first?.place ?? 0
          let shard = (bytes: ByteCount(part(flat.stored.bytes)), trains: flat.parameters.first?.trains == true)
          return Array(repeating: shard, count: counts[place] ?? 1)
        }
      }, optimizer)
  }

  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]? {
    guard !settings.offloads else { return [] }
    let reached = Set(parameters)
    return groups.compactMap { group in
      guard let flat = group.trained, let first = flat.parameters.first?.place,
        flat.parameters.contains(where: { reached.contains($0.place) })
      else { return nil }
      return OptimizerShare(
        key: first, parameter: first, section: group.section, shape: [part(flat.count)], dataType: flat.storedType)
    }
  }

  mutating func dropGradients(_ memory: inout Memory) {
    for module in groups.indices {
      if let shard = groups[module].shard { memory.release(shard) }
      groups[module].shard = nil
    }
  }
}
