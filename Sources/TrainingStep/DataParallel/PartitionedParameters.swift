internal import Graph
internal import Units

/// One rank's state of `DeepSpeedZeroOptimizer_Stage3` and of what gathers its parameters
/// (deepspeed/runtime/zero/stage3.py, parameter_offload.py and partition_parameters.py, 0.19.6). Every module that has
/// parameters of its own fetches them before each of its passes.
struct PartitionedParameters: DataParallelEngine {
  private enum Status {
    case away
    case underWay
    case here(Memory.StorageID)
  }

  private struct Parameter {
    var own: ModelParameter
    /// This rank's elements; the last rank's are padded.
    var part: Int
    /// Whether it stays gathered from one update to the next (`ds_persist`).
    var persists: Bool
    var status = Status.away
    /// The modules that are using it.
    var users: Set<Int> = []
    /// This rank's part of the copy that fewer ranks share (`ds_secondary_tensor`).
    var secondary: Memory.StorageID?
  }

  /// `AllGatherCoalescedHandle`, or `AllGatherHandle` of one parameter.
  private struct Gathering {
    var parameters: [Int]
    /// What all are gathered in, to be copied out of unless it is for one parameter alone.
    var buffer: Memory.StorageID
    var isAlone: Bool
    /// The numbers of all ranks, and what was made of this rank's to send, where they come in blocks of eight bits.
    var quantized: (elements: Int, held: [Memory.StorageID])?
    var isDone = false
    /// Those that nobody has waited for.
    var waiting: Set<Int>
  }

  let settings: ZeroSettings
  /// Ranks that hold a parameter together.
  private let ranks: Int
  private let modules: [[Int]]
  private var parameters: [Parameter]
  private var places: [Int: Int] = [:]
  private var trace: ParameterTrace
  private var gatherings: [Int: Gathering] = [:]
  private var nextGathering = 0
  /// Elements that are gathered or under way (`__n_available_params`).
  private var available = 0
  private var beginsForward = true
  /// Modules in their backward pass, in the order in which those began, and what frozen parameters were fetched again
  /// within them by a checkpointed stretch (`ds_recompute_parameters`).
  private var active: [Int] = []
  private var recomputed: [Int: Set<Int>] = [:]
  var reduction: PartitionedGradients

  /// - Parameter model: whose quantised weights come without their states.
  init(_ settings: ZeroSettings, _ graph: Graph, _ model: WholeModel) {
    self.settings = settings
    let all = model.parameters.filter { !QuantizedWeight.isState(graph.values[$0.place].name ?? "") }
    let ranks = settings.parameterRanks ?? settings.ranks
    self.ranks = ranks
    parameters = all.map { own in
      Parameter(
        own: own, part: (own.storedCount + ranks - 1) / ranks,
        persists: own.storedCount <= settings.persistent)
    }
    for (index, parameter) in all.enumerated() { places[parameter.key] = index }
    let places = places
    modules = model.modules.map { $0.compactMap { places[$0] }.sorted() }
    trace = ParameterTrace(modules, counts: all.map(\.storedCount))
    reduction = PartitionedGradients(settings, all.filter(\.trains))
  }

  private func bytes(_ index: Int, parts: Int) -> ByteCount {
    ByteCount(parameters[index].part * parts * parameters[index].own.storedWidth)
  }

  // MARK: - Parameters

  /// What is frozen lies in parts of its own.
  mutating func load(_ parameter: Int, _ memory: inout Memory) -> Memory.StorageID? {
    guard let index = places[parameter] else { return nil }
    if !parameters[index].own.trains, !settings.offloadsParameters || parameters[index].persists {
      _ = memory.allocate(bytes(index, parts: 1), cause: "load", module: "", category: .parameters)
    }
    return memory.allocate(.zero, cause: "load", module: "", category: .communication)
  }

  mutating func begin(_ memory: inout Memory) { reduction.begin(&memory) }

  func outside(_ optimizer: Optimizer) -> OutsideMemory {
    let frozen = parameters.indices.filter { !parameters[$0].own.trains && !parameters[$0].persists }
    return reduction.outside(frozen: frozen.map { bytes($0, parts: 1) })
  }

  // MARK: - Gathering

  private func isAway(_ index: Int) -> Bool { if case .away = parameters[index].status { true } else { false } }

  /// Whether a parameter's part is copied to the GPU before it is gathered.
  private func isOutside(_ index: Int) -> Bool {
    settings.offloadsParameters && (parameters[index].own.trains || !parameters[index].persists)
  }

  /// `all_gather_coalesced`: one parameter by itself is gathered where it stays, several of a type in one buffer; those of
  /// which fewer ranks have a copy by themselves (`__all_gather_params_`).
  private mutating func gather(_ wanted: [Int], _ memory: inout Memory) {
    let away = wanted.filter(isAway)
    guard ranks > 1 else { return place(away, &memory) }
    for hasCopy in [true, false] {
      let some = away.filter { (parameters[$0].secondary != nil) == hasCopy }
      let widths = Set(some.map { parameters[$0].own.storedWidth }).sorted()
      for width in widths {
        let group = some.filter { parameters[$0].own.storedWidth == width }
        start(group, isAlone: some.count == 1, &memory)
      }
    }
  }

  private mutating func start(_ group: [Int], isAlone: Bool, _ memory: inout Memory) {
    var quantized: (elements: Int, held: [Memory.StorageID])?
    let buffer: Memory.StorageID
    if settings.quantizesParameters, let first = group.first {
      (buffer, quantized) = startQuantized(group, parameters[first], isAlone: isAlone, &memory)
    } else {
      let size = group.reduce(ByteCount.zero) { $0 + bytes($1, parts: ranks) }
      buffer = memory.allocate(size, cause: "all_gather", module: "", category: .communication)
      let copies = group.filter(isOutside).map {
        memory.allocate(bytes($0, parts: 1), cause: "_to_copy", module: "", category: .communication)
      }
      for copy in copies { memory.release(copy) }
    }
    for index in group {
      available += parameters[index].own.storedCount
      parameters[index].status = .underWay
    }
    gatherings[nextGathering] = Gathering(
      parameters: group, buffer: buffer, isAlone: isAlone, quantized: quantized, waiting: Set(group))
    nextGathering += 1
  }

  /// The part that is sent is of a copy where fewer ranks share one, and longer then.
  private func startQuantized(
    _ group: [Int], _ first: Parameter, isAlone: Bool, _ memory: inout Memory
  ) -> (Memory.StorageID, (elements: Int, held: [Memory.StorageID])) {
    let senders = first.secondary == nil ? ranks : settings.secondaryRanks ?? ranks
    let all = group.reduce(0) { $0 + parameters[$1].part } * ranks
    let blocks = QuantizedBlocks(all / senders)
    let buffer = memory.allocate(
      Tensor.bytes([all], .int8), cause: "all_gather", module: "", category: .communication)
    let together =
      isAlone
      ? nil
      : memory.allocate(Tensor.bytes([all / senders], first.own.dataType), cause: "cat", module: "")
    var held = blocks.quantize(first.own.dataType, &memory)
    if let together { memory.release(together) }
    held.append(
      memory.allocate(
        ByteCount(blocks.scales.bytes * senders), cause: "all_gather", module: "", category: .communication))
    return (buffer, (all, held))
  }

  /// A rank by itself has the whole parameter as its part (`_no_gather_coalesced`).
  private mutating func place(_ away: [Int], _ memory: inout Memory) {
    for index in away {
      available += parameters[index].own.storedCount
      let size = isOutside(index) ? bytes(index, parts: 1) : .zero
      parameters[index].status = .here(
        memory.allocate(size, cause: "_to_copy", module: "", category: .communication))
    }
  }

  /// `wait`: all that were gathered together are copied out of the buffer, which goes when each has been waited for.
  private mutating func wait(_ index: Int, _ memory: inout Memory) {
    guard let place = gatherings.first(where: { $0.value.waiting.contains(index) })?.key,
      var gathering = gatherings.removeValue(forKey: place)
    else { return }
    gathering.waiting.remove(index)
    if gathering.isAlone {
      parameters[index].status = .here(alone(index, gathering, &memory))
      return
    }
    if !gathering.isDone {
      gathering.isDone = true
      var flat: Memory.StorageID?
      if let quantized = gathering.quantized {
        flat = memory.allocate(
          Tensor.bytes([quantized.elements], .float16), cause: "dequantize", module: "", category: .communication)
      }
      for other in gathering.parameters {
        parameters[other].status = .here(whole(other, isQuantized: flat != nil, &memory))
      }
      if let flat { gathering.quantized?.held.append(flat) }
    }
    if gathering.waiting.isEmpty {
      for storage in [gathering.buffer] + (gathering.quantized?.held ?? []) { memory.release(storage) }
    } else {
      gatherings[place] = gathering
    }
  }

  /// A parameter that was gathered by itself: where it was gathered, or in its type again.
  private func alone(_ index: Int, _ gathering: Gathering, _ memory: inout Memory) -> Memory.StorageID {
    guard let quantized = gathering.quantized else { return gathering.buffer }
    let result = whole(index, isQuantized: true, &memory)
    for storage in [gathering.buffer] + quantized.held { memory.release(storage) }
    return result
  }

  /// A whole parameter, put together from its parts; the quantiser gives fp16.
  private func whole(_ index: Int, isQuantized: Bool, _ memory: inout Memory) -> Memory.StorageID {
    let own = parameters[index].own
    let size = ByteCount(own.storedCount * own.storedWidth)
    guard isQuantized, own.dataType != .float16 else {
      return memory.allocate(size, cause: "cat", module: "", category: .communication)
    }
    let half = memory.allocate(
      Tensor.bytes([own.storedCount], .float16), cause: "dequantize", module: "", category: .communication)
    let result = memory.allocate(size, cause: "_to_copy", module: "", category: .communication)
    memory.release(half)
    return result
  }

  /// `fetch_sub_module`: what the module needs is gathered and waited for, then what comes next is gathered ahead.
  private mutating func fetch(_ module: Int, isRecomputed: Bool, _ memory: inout Memory) {
    gather(modules[module], &memory)
    for index in modules[module] {
      parameters[index].users.insert(module)
      if isRecomputed, !parameters[index].own.trains, let last = active.last {
        recomputed[last, default: []].insert(index)
      }
      wait(index, &memory)
    }
    trace.enter(module)
    let most = min(settings.live - available, settings.prefetched)
    gather(trace.ahead(most, isAway: isAway), &memory)
    trace.advance()
  }

  /// `release_sub_module`.
  private mutating func leave(_ module: Int, inBackward: Bool, _ memory: inout Memory) {
    var leaving = Set(
      modules[module].filter {
        (!parameters[$0].persists || !trace.isComplete) && trace.mayRelease($0, reuseDistance: settings.reuseDistance)
      })
    var used = Set(modules[module])
    if inBackward {
      let again = recomputed.removeValue(forKey: module) ?? []
      leaving.formUnion(again.filter { !parameters[$0].persists })
      used.formUnion(again)
      active.removeAll { $0 == module }
    }
    for index in used.sorted() {
      parameters[index].users.remove(module)
      if leaving.contains(index) { release(index, &memory) }
    }
  }

  /// `__release_param`.
  private mutating func release(_ index: Int, _ memory: inout Memory) {
    guard case .here(let storage) = parameters[index].status, parameters[index].users.isEmpty else { return }
    if let sharing = settings.secondaryRanks, parameters[index].secondary == nil {
      parameters[index].secondary = memory.allocate(
        ByteCount(bytes(index, parts: ranks).bytes / sharing), cause: "secondary", module: "", category: .parameters)
    }
    memory.release(storage)
    parameters[index].status = .away
    available -= parameters[index].own.storedCount
  }

  /// Waits for what is under way still, and lets go of it (`_clean_inflight_param_registry`).
  private mutating func clean(_ memory: inout Memory) {
    for index in gatherings.values.flatMap(\.waiting).sorted() {
      wait(index, &memory)
      release(index, &memory)
    }
  }

  // MARK: - Passes

  mutating func beginBackward(isLast: Bool, _ memory: inout Memory) {
    beginsForward = true
    reduction.isLast = isLast
  }

  mutating func beforeForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    if beginsForward {
      beginsForward = false
      clean(&memory)
      trace.reset()
      available = 0
    }
    fetch(module, isRecomputed: inBackward, &memory)
  }

  mutating func afterForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    leave(module, inBackward: false, &memory)
  }

  mutating func beforeRecomputation(of module: Int, _ memory: inout Memory) {
    fetch(module, isRecomputed: true, &memory)
  }

  mutating func afterRecomputation(of module: Int, _ memory: inout Memory) {
    leave(module, inBackward: false, &memory)
  }

  mutating func beforeBackward(of module: Int, _ memory: inout Memory) {
    active.removeAll { $0 == module }
    active.append(module)
    fetch(module, isRecomputed: false, &memory)
  }

  mutating func afterBackward(of module: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    leave(module, inBackward: true, &memory)
  }

  mutating func accumulated(_ parameter: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    guard let gradient = gradients.removeValue(forKey: parameter) else { return }
    reduction.collect(parameter, gradient, &memory)
  }

  /// Modules whose input needs no gradient never tell that their backward pass is over (`release_backward_leftovers`).
  mutating func endBackward(_ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    memory.section = nil
    reduction.reduce(&memory)
    for module in active.reversed() {
      for index in Set(modules[module]).union(recomputed[module] ?? []).sorted() {
        parameters[index].users.remove(module)
        if !parameters[index].persists { release(index, &memory) }
      }
    }
    active = []
    recomputed = [:]
  }

  // MARK: - Update

  var clipsGradients: Bool { true }
  var updates: Int { reduction.updates }

  /// Before an update all parameters go (`partition_all_parameters`).
  mutating func beginUpdate(_ number: Int, _ memory: inout Memory) {
    if number == 0 {
      for index in gatherings.values.flatMap(\.waiting).sorted() { wait(index, &memory) }
      for index in parameters.indices {
        parameters[index].users = []
        release(index, &memory)
      }
    }
    reduction.beginUpdate(number, &memory)
  }

  /// Behind it, those that stay gathered come back, each in a storage of its own (`_post_step`).
  mutating func endUpdate(_ number: Int, _ memory: inout Memory) {
    reduction.endUpdate(number, &memory)
    guard number == updates - 1 else { return }
    for index in parameters.indices where parameters[index].persists {
      parameters[index].status = .here(
        memory.allocate(
          bytes(index, parts: ranks), cause: "all_gather", module: "", category: .communication))
    }
    // `invalidate_secondary_tensor`: what trains has changed.
    for index in parameters.indices where parameters[index].own.trains {
      guard let secondary = parameters[index].secondary else { continue }
      memory.release(secondary)
      parameters[index].secondary = nil
    }
  }

  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]? {
    reduction.shares(of: parameters, update: update)
  }
}

extension ModelParameter {
  /// The bytes of an element as it is stored. Packed weights are stored as if they were 16-bit numbers, which is what
  /// `bnb_4bit_quant_storage` is set to where they are sharded.
  fileprivate var storedWidth: Int { dataType == .uint8 ? 2 : max(1, dataType.bitWidth / 8) }
  var storedCount: Int { (bytes.bytes + storedWidth - 1) / storedWidth }
}
