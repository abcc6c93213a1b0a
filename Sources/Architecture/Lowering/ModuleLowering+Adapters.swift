internal import Graph
internal import Units

/// An adapter at its place.
struct Adapter {
  var module: ModuleParameters
  var features: (input: Int, output: Int)
  var settings: LowRankAdapters
  /// How the layer's own weight is held, where it is quantised.
  var quantized: QuantizedWeight?
}

extension ModuleLowering {
  /// `forward` of `lora.Linear` (PEFT 0.21, tuners/lora/layer.py), or of its forms for bitsandbytes (bnb.py): the
  /// adapter's weights are fp32, and so is what goes through them, but that the latter leave conversion to autocast.
  func adapted(
    _ g: inout GraphBuilder, _ input: Tensor, _ adapter: Adapter,
    base: (inout GraphBuilder, Tensor) -> Tensor
  ) -> Tensor {
    if adapter.settings.form == .lamda { return squared(&g, input, adapter, base: base) }
    let (down, up) = factors(&g, adapter)
    var result = base(&g, input)
    let type = result.dataType
    // "For 4bit, we need to defensively clone here."
    if adapter.quantized?.scheme.isFourBit == true { result = g.unary(.copy, result) }
    let converts = adapter.quantized == nil || g.autocast == nil
    let wide = converts ? g.hold(g.cast(input, to: settings.adapterType)) : input

    if adapter.settings.form == .dora {
      let sum = g.hold(decomposed(&g, result, wide, adapter, down: down, up: up))
      return converts ? g.cast(sum, to: type) : sum
    }
    // Modules keep what they are called with until they return.
    let dropped = g.dropout(wide, adapter.settings.dropout)
    let narrow = g.frame("lora_A") { g in factor(&g, dropped, down, adapter, of: .inputs) }
    let addition = g.multiplyScalar(g.frame("lora_B") { g in factor(&g, narrow, up, adapter, of: .outputs) })
    guard adapter.quantized != nil else { return g.cast(g.hold(g.add(result, addition)), to: type) }
    return g.add(result, g.hold(converts ? g.cast(addition, to: type) : addition))
  }

  /// One of the two matrices: that which lies at the axis along which ranks share the layer is shared as the layer is.
  private func factor(
    _ g: inout GraphBuilder, _ input: Tensor, _ weight: Tensor, _ adapter: Adapter, of axis: LinearSplit.Axis
  ) -> Tensor {
    guard let split = adapter.module.split, split.axis == axis else { return g.linear(input, weight, nil) }
    g.noteDistributed(weight)
    return shared(&g, input, split) { g, input in g.linear(input, weight, nil) }
  }

  /// The adapter's own parameters.
  private func factors(_ g: inout GraphBuilder, _ adapter: Adapter) -> (down: Tensor, up: Tensor) {
    let (path, rank) = (adapter.module.path, adapter.settings.rank)
    return (
      g.parameter("\(path).lora_A.weight", [rank, adapter.features.input], settings.adapterType),
      g.parameter("\(path).lora_B.weight", [adapter.features.output, rank], settings.adapterType)
    )
  }

  /// Makes the adapter of a linear layer whose weight is read without calling it, so that nothing goes through it.
  func declareAdapter(_ g: inout GraphBuilder, _ module: ModuleParameters) {
    guard let adapter = adapter(of: module) else { return }
    if adapter.settings.form == .lamda { return _ = squaredFactors(&g, adapter) }
    _ = factors(&g, adapter)
    if adapter.settings.form == .dora { _ = magnitude(&g, adapter) }
  }

  /// The same for every linear layer of a column of blocks that does not run.
  func declareAdapters(_ g: inout GraphBuilder, _ layers: [ModelDescription.Layer]) {
    let linear: [Role] = [.query, .key, .value, .fusedQKV, .attentionOutput, .gate, .up, .fusedGateUp, .down]
    for layer in layers {
      for role in linear { layer.modules[role].map { declareAdapter(&g, $0) } }
    }
  }

  /// The adapter of a linear layer other than the head; nil where it is not among the targets.
  func adapter(of module: ModuleParameters) -> Adapter? {
    guard let adapters = settings.adapters, let features = module.features, adapters.reach(names(of: module)) else {
      return nil
    }
    return Adapter(module: module, features: features, settings: adapters, quantized: quantizedWeight(module))
  }

  /// The names that an adapter's targets may mean: the stored one, and the one by which the module runs.
  private func names(of module: ModuleParameters) -> [String] {
    [module.path]
      + description.runningNames.compactMap {
        module.path.endsAsPath(with: $0) ? String(module.path.dropLast($0.count)) + $1 : nil
      }
  }

  /// `lora.Embedding.forward`: rows of one factor times the other, without a conversion.
  func adaptedRows(
    _ g: inout GraphBuilder, _ rows: Tensor, _ tokens: Tensor, _ module: ModuleParameters, _ adapters: LowRankAdapters
  ) -> Tensor {
    guard let table = module.weight, table.rank == 2 else { return rows }
    let first = g.parameter("\(module.path).lora_embedding_A", [adapters.rank, table[0]], settings.adapterType)
    let second = g.parameter("\(module.path).lora_embedding_B", [table[1], adapters.rank], settings.adapterType)
    let narrow = g.hold(g.embedding(tokens, g.transpose(first, 0, 1)))
    let addition = g.hold(g.multiplyScalar(g.linear(narrow, second, nil, throughView: true)))
    return g.cast(g.hold(g.add(rows, addition)), to: rows.dataType)
  }

  // MARK: - DoRA

  /// `DoraLinearVariant.forward` (tuners/lora/variants.py) and `DoraLinearLayer.forward` (dora.py): the layer's result
  /// scaled to the learned magnitude over the norm of the merged weight, which is formed anew each time.
  private func decomposed(
    _ g: inout GraphBuilder, _ result: Tensor, _ input: Tensor, _ adapter: Adapter, down: Tensor, up: Tensor
  ) -> Tensor {
    let magnitude = magnitude(&g, adapter)
    return g.frame("") { g in
      let dropout = adapter.settings.dropout
      let input = dropout > 0 ? g.hold(g.dropout(input, dropout)) : input
      let change = g.frame("lora_magnitude_vector") { g in
        let merged = g.hold(mergedChange(&g, adapter, down: down, up: up, type: input.dataType))
        let weight = g.hold(g.withinType(denseWeight(&g, adapter), input.dataType))
        let norm = g.hold(weightNorm(&g, weight, merged))
        let scale = g.hold(g.reshape(g.divide(magnitude, norm), [1, adapter.features.output]))
        let narrow = g.hold(g.linear(g.linear(input, down, nil), up, nil))
        let base = g.hold(baseResult(&g, result, input, weight, adapter))
        let direct = g.multiply(g.addScalar(scale), base)
        return g.add(direct, g.multiplyScalar(g.multiply(scale, narrow)))
      }
      return g.add(result, change)
    }
  }

  private func magnitude(_ g: inout GraphBuilder, _ adapter: Adapter) -> Tensor {
    g.parameter("\(adapter.module.path).lora_magnitude_vector.weight", [adapter.features.output], settings.adapterType)
  }

  /// What the layer gives without its bias; with dropout it is computed again from what dropout left.
  private func baseResult(
    _ g: inout GraphBuilder, _ result: Tensor, _ input: Tensor, _ weight: Tensor, _ adapter: Adapter
  ) -> Tensor {
    if adapter.settings.dropout > 0 {
      let isTransposed = adapter.quantized == nil && adapter.module.isTransposed
      return g.linear(input, weight, nil, transposed: isTransposed, throughView: true)
    }
    guard adapter.quantized == nil || adapter.module.bias != nil, let bias = bias(&g, adapter.module) else {
      return result
    }
    return g.subtract(result, bias)
  }

  /// `get_lora_weight`: the adapter's two layers on a unit matrix. No gradient comes back to them, but their nodes
  /// keep what they were given as long as the result is named.
  private func mergedChange(
    _ g: inout GraphBuilder, _ adapter: Adapter, down: Tensor, up: Tensor, type: DataType
  ) -> Tensor {
    let (rank, input, output) = (adapter.settings.rank, adapter.features.input, adapter.features.output)
    let computed = g.autocast ?? .float32
    let merged = g.frame("") { g in
      var unit = g.create("eye", [], [input, input], .float32)
      g.hold(unit)
      _ = g.castForSpeed(down)
      if computed != .float32 { unit = g.create("_to_copy", [unit], [input, input], computed) }
      g.holdOutside(unit)
      let narrow = g.create("linear", [unit], [input, rank], computed)
      g.holdOutside(narrow)
      _ = g.castForSpeed(up)
      return g.create("linear", [narrow], [input, output], computed)
    }
    return g.withinType(merged, type)
  }

  /// The layer's weight, brought back where it is quantised.
  private func denseWeight(_ g: inout GraphBuilder, _ adapter: Adapter) -> Tensor {
    if let quantized = adapter.quantized { return g.dequantized(quantized) }
    return parameter(&g, "\(adapter.module.path).weight", adapter.module.weight ?? [], type)
  }

  /// `get_weight_norm`.
  private func weightNorm(_ g: inout GraphBuilder, _ weight: Tensor, _ change: Tensor) -> Tensor {
    let (shape, type) = (weight.shape, weight.dataType)
    return g.frame("") { g in
      let scaled = g.create("mul", [change], shape, type)
      let sum = g.hold(g.create("add", [scaled], shape, type))
      let wide = g.autocast == nil ? sum : g.withinType(sum, .float32)
      let norm = g.create("linalg_vector_norm", [wide], [change.shape[1]], wide.dataType)
      return g.withinType(norm, type)
    }
  }
}

extension GraphBuilder {
  /// A conversion that no gradient passes through.
  fileprivate mutating func withinType(_ tensor: Tensor, _ type: DataType) -> Tensor {
    tensor.dataType == type ? tensor : create("_to_copy", [tensor], tensor.shape, type)
  }
}
