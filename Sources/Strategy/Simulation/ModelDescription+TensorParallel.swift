internal import Architecture
internal import Units

extension ModelDescription {
  /// What one of `ranks` GPUs holds under tensor parallelism: query, key, value and the widening matrices of the MLP
  /// split by rows, the output projections by columns, embedding and head by words (Megatron-LM, arXiv 1909.08053).
  /// Norms and position tables are whole on every rank. Key and value heads that are fewer than the ranks are held by
  /// several.
  ///
  /// - Returns: nil, with the reason, where the model does not divide.
  func split(tensorParallel ranks: Int) -> Result<ModelDescription, TensorParallelError> {
    guard ranks > 1 else { return .success(self) }
    guard let heads = headCount?.value, heads % ranks == 0 else {
      return .failure(.init(reason: "\(headCount?.value ?? 0) attention heads do not divide by \(ranks)"))
    }
    let keyValueHeads = keyValueHeadCount?.value ?? heads
    guard keyValueHeads % ranks == 0 || ranks % keyValueHeads == 0 else {
      return .failure(.init(reason: "\(keyValueHeads) key/value heads do not divide by \(ranks)"))
    }
    let keyValueRanks = min(ranks, keyValueHeads)
    let dimension = headDimension?.value ?? (hiddenSize?.value ?? 0) / heads
    let fusedRows = (heads / ranks + 2 * keyValueHeads / keyValueRanks) * dimension
    var result = self
    result.headCount?.value = heads / ranks
    result.keyValueHeadCount?.value = keyValueHeads / keyValueRanks
    result.headDimension = Sourced(dimension, .derived, source: "hidden size / heads before the split")
    for layer in result.layers.indices {
      for (role, module) in result.layers[layer].modules {
        let part: ModuleParameters?
        switch role {
        case .query, .gate, .up, .fusedGateUp: part = module.splitByRows(ranks)
        case .key, .value: part = module.splitByRows(keyValueRanks)
        case .fusedQKV: part = module.withRows(fusedRows)
        case .attentionOutput, .down: part = module.splitByColumns(ranks)
        default: part = module
        }
        guard let part else {
          return .failure(.init(reason: "\(module.path) does not divide by \(ranks)"))
        }
        result.layers[layer].modules[role] = part
      }
    }
    for role in [Role.inputEmbedding, .head] {
      // A vocabulary that does not divide is padded.
      if let module = result.modules[role], let rows = module.weight?[0] {
        result.modules[role] = module.withRows((rows + ranks - 1) / ranks)
      }
    }
    return .success(result)
  }
}

struct TensorParallelError: Error {
  var reason: String
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
