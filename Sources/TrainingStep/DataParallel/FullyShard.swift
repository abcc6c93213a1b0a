internal import Graph
internal import Units

/// One rank's state of ``FullyShardSettings``; the names in the comments are those of `FSDPParamGroup`.
struct FullyShard: DataParallelEngine {
  /// A parameter, sharded by rows.
  struct Parameter {
    var place: Int
    var name: String
    var section: Int?
    /// This rank's rows. The first rank's shard is as large as any, so what is padded is among the others'.
    var shard: Shape
    var storedType: DataType
    var gatheredType: DataType
    var trains: Bool
  }

  private enum Pass {
    case idle, forward, backward, done
  }

  private struct Group {
    var parameters: [Parameter]
    var section: Int?
    var pass = Pass.idle
    /// The buffer of a gathering that nobody has waited for (`_all_gather_result`).
    var pending: Memory.StorageID?
    /// The whole parameters; nil while they are sharded.
    var whole: [Memory.StorageID]?
    /// The places of its forward passes among all (`_post_forward_indices`).
    var forwards: [Int] = []
    /// The storage that all sharded gradients are views of.
    var gradient: Memory.StorageID?
    /// What the replicas' sum was taken of (`_all_reduce_state`).
    var summed: Memory.StorageID?
  }

  private let settings: FullyShardSettings
  private let all: [ModelParameter]
  private var groups: [Group]
  private var parameters: [Int: Parameter] = [:]
  /// The groups in the order in which their forward passes ended (`post_forward_order`).
  private var order: [Int] = []
  /// The buffer of the last gathering, kept for the next to overlap with (`all_gather_state`).
  private var last: Memory.StorageID?
  /// The input of the last reduction (`reduce_scatter_state`).
  private var reduced: Memory.StorageID?
  /// The module that began the forward pass that runs (`iter_forward_root`).
  private var root: Int?
  /// Whether this micro-step's gradients are reduced (`reduce_grads`).
  private var sends = true

  /// - Parameter all: the whole model's parameters.
  init(_ settings: FullyShardSettings, _ graph: Graph, _ wrapped: WrappedModules, _ all: [ModelParameter]) {
    self.settings = settings
    self.all = all
    let sections = graph.sections.values
    groups = wrapped.modules.map { module in
      Group(
        parameters: module.parameters.map { place in
          let value = graph.values[place]
          var shard = value.layout.shape
          if shard.rank > 0 { shard.dimensions[0] = (shard[0] + settings.ranks - 1) / settings.ranks }
          return Parameter(
            place: place, name: value.name ?? "", section: sections[place], shard: shard,
            storedType: settings.storedTypes[value.name ?? ""] ?? value.dataType, gatheredType: value.dataType,
            trains: value.origin == .parameter(trains: true))
        }, section: module.section)
    }
    for parameter in groups.flatMap(\.parameters) { parameters[parameter.place] = parameter }
  }

  mutating func load(_ parameter: Int, _ memory: inout Memory) -> Memory.StorageID? {
    guard let own = parameters[parameter] else { return nil }
    if !settings.offloads {
      _ = memory.allocate(
        Tensor.bytes(own.shard, own.storedType), cause: "load", module: own.name, category: .parameters)
    }
    // The whole parameter is always the same storage, which is empty while it is sharded.
    return memory.allocate(.zero, cause: "load", module: own.name, category: .communication)
  }

  // MARK: - Gathering

  /// The bytes of a parameter in one rank's part of what is gathered.
  private func part(_ parameter: Parameter) -> ByteCount { Tensor.bytes(parameter.shard, parameter.gatheredType) }

  /// `unshard`: the shards, converted where they are held in another type, go into this rank's part of a buffer for all.
  private mutating func gather(_ index: Int, _ memory: inout Memory) {
    let group = groups[index]
    guard !group.parameters.isEmpty, group.pending == nil, group.whole == nil else { return }
    guard settings.ranks > 1 else {
      groups[index].pending = memory.allocate(.zero, cause: "all_gather", module: "", category: .communication)
      return
    }
    let inputs = settings.offloads ? copiesToDevice(of: group.parameters, &memory) : []
    let converted = group.parameters.filter { $0.storedType != $0.gatheredType }
    var copies: Memory.StorageID?
    if !settings.offloads, !converted.isEmpty {
      copies = memory.allocate(sum(converted.map(part)), cause: "all_gather_copy_in", module: "")
    }
    let whole = sum(group.parameters.map(part)).bytes * settings.ranks
    groups[index].pending = memory.allocate(
      ByteCount(whole), cause: "all_gather", module: "", category: .communication)
    for input in inputs + [copies].compactMap({ $0 }) { memory.release(input) }
  }

  /// `all_gather_inputs` of offloaded parameters: each shard is copied to the GPU and converted there.
  private func copiesToDevice(of parameters: [Parameter], _ memory: inout Memory) -> [Memory.StorageID] {
    parameters.map { parameter in
      let copy = memory.allocate(
        Tensor.bytes(parameter.shard, parameter.storedType), cause: "_to_copy", module: parameter.name)
      guard parameter.storedType != parameter.gatheredType else { return copy }
      let converted = memory.allocate(part(parameter), cause: "_to_copy", module: parameter.name)
      memory.release(copy)
      return converted
    }
  }

  func outside(_ optimizer: Optimizer) -> OutsideMemory {
    guard settings.offloads else { return OutsideMemory() }
    return .updated(
      all.compactMap { whole in
        parameters[whole.place].map { (Tensor.bytes($0.shard, $0.storedType), $0.trains) }
      }, optimizer)
  }

  var clipsGradients: Bool { settings.offloads }

  /// `wait_for_unshard`: the buffer is copied out into the whole parameters. In the forward pass it outlives that, until
  /// the next group is copied out too.
  private mutating func wait(_ index: Int, _ memory: inout Memory) {
    guard let buffer = groups[index].pending else { return }
    let isForward = groups[index].pass == .forward
    groups[index].whole = groups[index].parameters.map { parameter in
      memory.allocate(
        ByteCount(part(parameter).bytes * settings.ranks), cause: "all_gather_copy_out", module: parameter.name,
        category: .communication)
    }
    groups[index].pending = nil
    guard isForward else { return memory.release(buffer) }
    dropLast(&memory)
    last = buffer
  }

  private mutating func dropLast(_ memory: inout Memory) {
    if let last { memory.release(last) }
    last = nil
  }

  /// `reshard`.
  private mutating func reshard(_ index: Int, _ memory: inout Memory) {
    if groups[index].pass == .forward, !settings.reshardsAfterForward { return }
    for storage in groups[index].whole ?? [] { memory.release(storage) }
    groups[index].whole = nil
  }

  // MARK: - Forward

  mutating func beforeForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    guard groups[module].pass != .backward else { return beforeRecomputation(of: module, &memory) }
    if root == nil { root = module }
    groups[module].pass = .forward
    gather(module, &memory)
    wait(module, &memory)
  }

  mutating func afterForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    guard groups[module].pass != .backward else { return }
    if !inBackward, !groups[module].parameters.isEmpty {
      reshard(module, &memory)
      groups[module].forwards.append(order.count)
      order.append(module)
    }
    groups[module].pass = .idle
    guard root == module else { return }
    dropLast(&memory)
    root = nil
  }

  mutating func beforeRecomputation(of module: Int, _ memory: inout Memory) {
    gather(module, &memory)
    wait(module, &memory)
  }

  // MARK: - Backward

  mutating func beforeBackward(of module: Int, _ memory: inout Memory) {
    guard groups[module].pass != .backward else { return }
    groups[module].pass = .backward
    gather(module, &memory)
    wait(module, &memory)
    // `_backward_prefetch`: the group whose forward pass ended before this one's.
    guard let place = groups[module].forwards.popLast(), place > 0 else { return }
    gather(order[place - 1], &memory)
  }

  mutating func afterBackward(of module: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    groups[module].pass = .done
    let own = groups[module].parameters.filter { gradients[$0.place] != nil }
    let whole = own.compactMap { gradients.removeValue(forKey: $0.place) }
    reshard(module, &memory)
    guard sends else {
      keep(own, whole, &gradients, &memory)
      return
    }
    guard let gradientType = whole.first?.dataType, let storedType = own.first?.storedType else { return }
    if let reduced { memory.release(reduced) }
    dropSummed(module, &memory)
    // `foreach_reduce`: the gradients go into one buffer, in pieces for each rank; the sum of this rank's pieces is what
    // all sharded gradients are views of.
    let type = settings.reductionType ?? gradientType
    let elements = own.reduce(0) { $0 + ($1.shard.elementCount?.count ?? 0) }
    reduced = memory.allocate(
      Tensor.bytes([elements, settings.ranks], type), cause: "reduce_scatter", module: "", category: .communication)
    for gradient in whole { memory.release(gradient.storage) }
    var output = memory.allocate(Tensor.bytes([elements], type), cause: "reduce_scatter", module: "")
    if settings.isReplicated {
      memory.retain(output)
      groups[module].summed = output
    }
    if type != storedType {
      let converted = memory.allocate(Tensor.bytes([elements], storedType), cause: "_to_copy", module: "")
      memory.release(output)
      output = converted
    }
    if groups[module].gradient == nil, !settings.offloads {
      memory.mark(output, as: .gradients)
      groups[module].gradient = output
    } else {
      memory.release(output)
    }
  }

  /// `to_accumulated_grad_if_needed`: gradients that are not sent yet are kept in the type of the reduction.
  private func keep(
    _ own: [Parameter], _ whole: [Tensor], _ gradients: inout [Int: Tensor], _ memory: inout Memory
  ) {
    for (parameter, gradient) in zip(own, whole) {
      gradients[parameter.place] = gradient
      guard let type = settings.reductionType, type != gradient.dataType else { continue }
      let wide = memory.allocate(
        Tensor.bytes(gradient.layout.shape, type), cause: "_to_copy", module: parameter.name)
      memory.release(gradient.storage)
      gradients[parameter.place] = Tensor(storage: wide, layout: gradient.layout, dataType: type)
    }
  }

  mutating func beginBackward(isLast: Bool, _ memory: inout Memory) { sends = isLast || !settings.sendsOnce }

  mutating func endBackward(_ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    for module in groups.indices {
      memory.section = groups[module].section
      if groups[module].pass != .done { afterBackward(of: module, &gradients, &memory) }
      groups[module].pass = .idle
      dropSummed(module, &memory)
      if let pending = groups[module].pending { memory.release(pending) }
      groups[module].pending = nil
      groups[module].forwards = []
    }
    memory.section = nil
    order = []
    if let reduced { memory.release(reduced) }
    reduced = nil
  }

  private mutating func dropSummed(_ module: Int, _ memory: inout Memory) {
    if let summed = groups[module].summed { memory.release(summed) }
    groups[module].summed = nil
  }

  // MARK: - Optimizer

  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]? {
    guard !settings.offloads else { return [] }
    return parameters.compactMap { place in
      self.parameters[place].map {
        OptimizerShare(
          key: place, parameter: place, section: $0.section, shape: $0.shard, dataType: $0.storedType)
      }
    }
  }

  mutating func dropGradients(_ memory: inout Memory) {
    for module in groups.indices {
      if let gradient = groups[module].gradient { memory.release(gradient) }
      groups[module].gradient = nil
    }
  }

  private func sum(_ sizes: [ByteCount]) -> ByteCount { sizes.reduce(.zero, +) }
}
