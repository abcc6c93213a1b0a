internal import Architecture
internal import Graph
internal import Units

extension ModelDescription {
  /// What one of `ranks` GPUs holds under tensor parallelism.
  ///
  /// Norms and position tables are whole on every rank. Key and value heads that are fewer than the ranks are held by
  /// several, as Megatron-LM does it.
  ///
  /// - Throws: ``LoweringError`` where the model does not divide.
  func split(tensorParallel ranks: Int, by engine: EngineSettings) throws(LoweringError) -> ModelDescription {
    let plan = TensorParallelPlan(engine.tensorParallelism)
    guard ranks > 1 else { return self }
    guard isOneColumnOfBlocks else {
      throw LoweringError(message: "tensor parallelism of the \(family) family is not simulated yet")
    }
    guard let heads = headCount?.value, heads > 0, heads % ranks == 0 else {
      throw LoweringError(message: "\(headCount?.value ?? 0) attention heads do not divide by \(ranks)")
    }
    let keyValueHeads = max(1, keyValueHeadCount?.value ?? heads)
    guard keyValueHeads % ranks == 0 || ranks % keyValueHeads == 0 else {
      throw LoweringError(message: "\(keyValueHeads) key/value heads do not divide by \(ranks)")
    }
    let cut = Cut(
      plan: plan, ranks: ranks, keyValueRanks: min(ranks, keyValueHeads), fusesByHead: fusesByHead,
      isAlongSequence: engine.isSequenceParallel)
    guard !cut.isAlongSequence || (plan.usesDTensors && !cut.gathers(layers)) else {
      throw LoweringError(message: "sequence parallelism of the \(family) family is not simulated yet")
    }
    let dimension = headDimension?.value ?? (hiddenSize?.value ?? 0) / heads
    var result = self
    if !cut.gathers(layers) {
      result.headCount?.value = heads / ranks
      result.keyValueHeadCount?.value = keyValueHeads / cut.keyValueRanks
      result.headDimension = Sourced(dimension, .derived, source: "hidden size / heads before the split")
    }
    let fusedRows = (heads / ranks + 2 * keyValueHeads / cut.keyValueRanks) * dimension
    for layer in result.layers.indices {
      let modules = result.layers[layer].modules
      for (role, module) in result.layers[layer].orderedModules {
        guard let part = cut.part(of: module, role, in: modules, fusedRows: fusedRows) else {
          throw LoweringError(message: "\(module.path) does not divide by \(ranks)")
        }
        if plan.usesDTensors, part.split != nil, module.isTransposed {
          throw LoweringError(
            message: "torch's tensor parallelism takes linear layers, and \(module.path) is a Conv1D")
        }
        result.layers[layer].modules[role] = part
      }
    }
    for role in plan.byWords {
      // A vocabulary that does not divide is padded.
      if let module = result.modules[role], let rows = module.weight?[0] {
        result.modules[role] = module.withRows((rows + ranks - 1) / ranks)
      }
    }
    return result
  }
}

/// How a plan cuts modules.
private struct Cut {
  var plan: TensorParallelPlan
  var ranks: Int
  /// The ranks that key and value heads are spread over.
  var keyValueRanks: Int
  var fusesByHead: Bool
  var isAlongSequence: Bool

  /// Whether what a fused projection gives is gathered.
  private var gathers: Bool { plan.fused == .gathered && !fusesByHead }

  /// The same for heads of these layers.
  func gathers(_ layers: [ModelDescription.Layer]) -> Bool {
    gathers && layers.contains { $0.modules[.fusedQKV] != nil }
  }

  /// One rank's part of a module, which may be all of it; nil where it does not divide.
  func part(
    of module: ModuleParameters, _ role: Role, in modules: [Role: ModuleParameters], fusedRows: Int
  ) -> ModuleParameters? {
    switch role {
    case .fusedQKV, .fusedGateUp:
      if gathers { return module.splitByRows(ranks).map { shared($0, .outputs, isWholeOutside: true) } }
      if role == .fusedQKV { return shared(module.withRows(fusedRows), .outputs) }
      return module.splitByRows(ranks).map { shared($0, .outputs) }
    case .key where plan.byOutputs.contains(role), .value where plan.byOutputs.contains(role):
      return module.splitByRows(keyValueRanks).map { shared($0, .outputs) }
    case _ where plan.byOutputs.contains(role): return module.splitByRows(ranks).map { shared($0, .outputs) }
    case _ where plan.byInputs.contains(role):
      // What a gathered projection leads to is whole.
      let source: Role = role == .attentionOutput ? .fusedQKV : .fusedGateUp
      return module.splitByColumns(ranks)
        .map { shared($0, .inputs, isWholeOutside: gathers && modules[source] != nil) }
    default: return module
    }
  }

  /// A module with what its ranks exchange, where that allocates.
  private func shared(
    _ module: ModuleParameters, _ axis: LinearSplit.Axis, isWholeOutside: Bool = false
  ) -> ModuleParameters {
    guard plan.usesDTensors else { return module }
    var result = module
    result.split = LinearSplit(axis, ranks: ranks, isWholeOutside: isWholeOutside, isAlongSequence: isAlongSequence)
    return result
  }
}

extension ModuleParameters {
  /// The same module with other output features.
  fileprivate func withRows(_ rows: Int) -> ModuleParameters {
    var result = self
    if weight?.rank == 2 { result.weight?.dimensions[isTransposed ? 1 : 0] = rows }
    if bias != nil { result.bias = [rows] }
    return result
  }

  fileprivate func splitByRows(_ parts: Int) -> ModuleParameters? {
    guard let features, features.output % parts == 0 else { return nil }
    return withRows(features.output / parts)
  }

  /// The same module with fewer input features; the bias, added after the sum, stays whole.
  fileprivate func splitByColumns(_ parts: Int) -> ModuleParameters? {
    guard let features, features.input % parts == 0 else { return nil }
    var result = self
    result.weight?.dimensions[isTransposed ? 0 : 1] = features.input / parts
    return result
  }
}
