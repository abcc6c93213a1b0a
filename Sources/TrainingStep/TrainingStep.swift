public import Graph
internal import Units

/// A simulated training run: parameters loaded, then two optimizer steps, since the first one makes the optimizer's
/// states and the second is the steady state.
public struct TrainingStep: Sendable {
  public let graph: Graph
  public let workload: Workload
  public let distribution: Distribution

  public init(graph: Graph, workload: Workload, distribution: Distribution = Distribution()) {
    self.graph = graph
    self.workload = workload
    self.distribution = distribution
  }

  /// Why the optimizer or the engine would refuse this model; nil where neither would.
  public var whatCannotRun: String? {
    switch distribution.engine {
    case .fullyShard(let settings)?:
      if let reason = settings.reasonToRefuse(graph, workload, isFlat: false) { return reason }
    case .flatShard(let settings)?:
      if let reason = settings.reasonToRefuse(graph, workload, isFlat: true) { return reason }
    case .zero(let settings)?:
      if let reason = settings.reasonToRefuse(graph, workload) { return reason }
    case nil, .replicas?, .zeroRedundancy?: break
    }
    guard workload.optimizer == .galoreAdamW, graph.linearWeights(workload.projection.targets).isEmpty else {
      return nil
    }
    return
      "galore-adamw finds no linear layer with \(workload.projection.targets.joined(separator: " or ")) in its name"
  }

  public func run() -> Timeline {
    var tape = loaded(repeating: nil)
    play(&tape)
    return finished(tape.memory, tape.engine, sentOut: tape.sentOut)
  }

  /// The timeline of a model of which some layers are left out, as if all were there; nil where layers do not repeat in
  /// it as they would have to.
  public func run(repeating layers: LayerRepetition) -> Timeline? {
    guard graph.segments.count == layers.count else { return nil }
    var tape = loaded(repeating: layers)
    // What clipping allocates depends on the number of parameters, unless the engine does it; what goes out of the GPU in a
    // layer is not noted.
    guard !workload.clipsGradients || tape.engine?.clipsGradients == true, !tape.sendsCheckpointsOut else { return nil }
    play(&tape)
    guard let run = tape.memory.repeating(layers, tape.engine as? DeferredEngine) else { return nil }
    return finished(run.memory, run.engine ?? tape.engine, sentOut: .zero)
  }

  private func finished(
    _ memory: Memory, _ engine: (any DataParallelEngine)?, sentOut: ByteCount
  ) -> Timeline {
    var timeline = memory.finished
    timeline.outside = engine?.outside(workload.optimizer) ?? OutsideMemory()
    timeline.outside.disk += sentOut
    return timeline
  }

  /// What an update leaves for the next.
  struct Lasting {
    var states = OptimizerStates()
    var norm: Memory.StorageID?
  }

  /// A rank with the model in place.
  ///
  /// - Parameter layers: those that stand for others; what happens is noted then, to be repeated.
  func loaded(repeating layers: LayerRepetition?) -> Tape {
    var tape = Tape(graph: graph, checkpointing: workload.checkpointing)
    tape.memory = Memory(keepsLog: layers != nil)
    tape.handsGradientsOn = distribution.handsGradientsOn
    tape.prepare(distribution, repeating: layers)
    tape.load()
    tape.engine?.begin(&tape.memory)
    for holding in distribution.fromTheStart { tape.take(holding) }
    return tape
  }

  /// The optimizer's part of a step, after which the gradients are gone.
  func update(_ tape: inout Tape, step: Int, _ lasting: inout Lasting) {
    tape.markGradients()
    tape.memory.begin(.optimizer, step: step)
    if step == 1 { for holding in distribution.fromTheFirstUpdate { tape.take(holding) } }
    if workload.clipsGradients, tape.engine?.clipsGradients != true {
      let next = tape.clipGradients()
      if let norm = lasting.norm { tape.memory.release(norm) }
      lasting.norm = next
    }
    if !distribution.updatesParameters { tape.update(workload, &lasting.states) }
    tape.dropGradients()
  }

  /// Both steps of a loaded rank.
  private func play(_ tape: inout Tape) {
    var lasting = Lasting()
    for step in 1...2 {
      tape.memory.begin(.input, step: step)
      // All micro-batches of a step are fetched before its first forward pass, as the Trainer does.
      let batches = (0..<workload.accumulation).map { _ in tape.makeInputs() }
      for (number, batch) in batches.enumerated() {
        tape.engine?.beginBackward(isLast: number == batches.count - 1, &tape.memory)
        // The loss of the micro-step before, with its graph, is named until this one's takes its name.
        let previous = tape.takeGraph()
        tape.bindInputs(batch)
        tape.memory.begin(.forward, step: step)
        tape.sentOut = .zero
        tape.forward()
        tape.memory.endForward()
        for storage in previous { tape.memory.release(storage) }
        tape.memory.begin(.backward, step: step)
        tape.backward()
      }
      update(&tape, step: step, &lasting)
      tape.dropGraph()
      for batch in batches { tape.drop(batch) }
      tape.memory.endStep()
    }
  }
}

extension Tape {
  /// Parameters and buffers.
  mutating func load() {
    memory.begin(.load, step: 0)
    for (index, value) in graph.values.enumerated() where value.owner.index == index {
      let category: Category
      switch value.origin {
      case .parameter: category = .parameters
      case .buffer: category = .buffers
      case .input, .intermediate: continue
      }
      memory.section = sections[index]
      bound[index] =
        (category == .parameters ? engine?.load(index, &memory) : nil)
        ?? memory.allocate(bytes(of: value.owner), cause: "load", module: value.name ?? "", category: category)
    }
    memory.section = nil
  }

  /// Memory that the strategy holds from now on.
  mutating func take(_ holding: Distribution.Holding) {
    _ = memory.allocate(holding.bytes, cause: holding.cause, module: "", category: holding.category)
  }

  /// A batch: the storage of each input value.
  mutating func makeInputs() -> [Int: Memory.StorageID] {
    var batch: [Int: Memory.StorageID] = [:]
    // What another rank sends comes into buffers of its own.
    let received = Set(graph.stages.compactMap { $0.received?.index })
    for (index, value) in graph.values.enumerated() where value.origin == .input && !received.contains(index) {
      batch[index] = memory.allocate(
        bytes(of: value.owner), cause: "input", module: value.name ?? "", category: .inputs)
    }
    return batch
  }

  mutating func bindInputs(_ batch: [Int: Memory.StorageID]) {
    for (index, storage) in batch { bound[index] = storage }
  }

  mutating func drop(_ batch: [Int: Memory.StorageID]) {
    for (index, storage) in batch.sorted(by: { $0.key < $1.key }) {
      bound[index] = nil
      memory.release(storage)
    }
  }

  func isParameter(_ value: Int) -> Bool {
    if case .parameter = graph.values[value].origin { true } else { false }
  }

  mutating func markGradients() {
    for (value, gradient) in gradients where isParameter(value) { memory.mark(gradient.storage, as: .gradients) }
  }

  mutating func dropGradients() {
    for (_, gradient) in gradients.sorted(by: { $0.key < $1.key }) { memory.release(gradient.storage) }
    gradients.removeAll()
    reached.removeAll()
    engine?.dropGradients(&memory)
  }
}
