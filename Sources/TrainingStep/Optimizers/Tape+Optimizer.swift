internal import Graph
internal import Units

/// What an optimizer keeps for each parameter, by the parameter's place among the graph's values.
struct OptimizerStates {
  var storages: [Int: [Memory.StorageID]] = [:]
  /// What it keeps once for all parameters.
  var shared: [Memory.StorageID] = []
}

extension Tape {
  /// One optimizer step over the parameters that a gradient has reached, in the model's order.
  ///
  /// - Parameter update: which of the calls it is that the engine makes of one.
  mutating func optimize(_ workload: Workload, _ states: inout OptimizerStates, update: Int) {
    let reached = reached.filter(isParameter).sorted()
    let shares = engine?.shares(of: reached, update: update)
    let parameters =
      shares
      ?? reached.map {
        OptimizerShare(
          key: $0, parameter: $0, section: sections[$0], shape: graph.values[$0].layout.shape,
          dataType: graph.values[$0].dataType)
      }
    switch workload.optimizer {
    case .adamW:
      // One call takes no DTensors beside other tensors, so that they are a parameter group of their own. Where an engine
      // shards, all are alike.
      let distributed = shares == nil ? Set(graph.distributedParameters.map(\.index)) : []
      adamW(parameters.filter { distributed.contains($0.parameter) }, &states)
      adamW(parameters.filter { !distributed.contains($0.parameter) }, &states)
    case .adamWLoop: adamWLoop(parameters, &states)
    case .adamWFused:
      // A fused kernel reads its step counter, one fp32 number, on the device.
      keep(parameters, &states) { [ByteCount(4), $0, $0] }
    case .sgd: break
    case .sgdMomentum: keep(parameters, &states) { [$0] }
    case .adafactor: adafactor(parameters, &states)
    case .adamW8bit, .pagedAdamW8bit, .lion, .lion8bit:
      bitsAndBytes(parameters, workload, &states)
    case .galoreAdamW:
      let projected = graph.linearWeights(workload.projection.targets)
      galore(parameters, projected: projected, rank: workload.projection.rank, &states)
    case .muon:
      let matrices = graph.hiddenMatrices
      muon(parameters.filter { matrices.contains($0.parameter) }, &states)
      adamW(parameters.filter { !matrices.contains($0.parameter) }, &states)
    }
  }

  // MARK: - Adam

  private mutating func adamW(_ parameters: [OptimizerShare], _ states: inout OptimizerStates) {
    keep(parameters, &states) { [$0, $0] }
    // `_foreach_sqrt` of every second moment at once (`_multi_tensor_adam` in torch/optim/adam.py). Parameters of two
    // types are two groups, but the variable keeps the first one's roots until it is bound to the second one's.
    let roots = parameters.map { temporary(like: $0, "_foreach_sqrt") }
    memory.section = nil
    for root in roots { memory.release(root) }
  }

  private mutating func adamWLoop(_ parameters: [OptimizerShare], _ states: inout OptimizerStates) {
    keep(parameters, &states) { [$0, $0] }
    // `(exp_avg_sq.sqrt() / bias_correction2_sqrt).add_(eps)`: the root, then the quotient.
    for parameter in parameters {
      let root = temporary(like: parameter, "sqrt")
      let quotient = temporary(like: parameter, "div")
      memory.release(root)
      memory.release(quotient)
    }
    memory.section = nil
  }

  // MARK: - States and temporaries

  /// Makes the states of parameters that have none yet; `sizes` gives them for a parameter's bytes.
  private mutating func keep(
    _ parameters: [OptimizerShare], _ states: inout OptimizerStates, _ sizes: (_ full: ByteCount) -> [ByteCount]
  ) {
    for share in parameters where states.storages[share.key] == nil {
      states.storages[share.key] = sizes(share.bytes).map { state($0, of: share) }
    }
    memory.section = nil
  }

  mutating func state(_ bytes: ByteCount, of share: OptimizerShare) -> Memory.StorageID {
    memory.section = share.section
    return memory.allocate(
      bytes, cause: "zeros_like", module: graph.values[share.parameter].name ?? "", category: .optimizerStates)
  }

  private mutating func temporary(like share: OptimizerShare, _ cause: String) -> Memory.StorageID {
    memory.section = share.section
    return memory.allocate(share.bytes, cause: cause, module: graph.values[share.parameter].name ?? "")
  }

  /// Gives a local variable of an optimizer's loop a new tensor; the old one goes after the new one is there.
  mutating func bind(_ variable: inout Memory.StorageID?, _ bytes: ByteCount, _ cause: String) {
    let storage = memory.allocate(bytes, cause: cause, module: "")
    if let old = variable { memory.release(old) }
    variable = storage
  }

  /// Lets go of the local variables of a loop that has ended.
  mutating func drop(_ variables: Memory.StorageID?...) {
    for case let storage? in variables { memory.release(storage) }
  }
}
