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
    let (path, rank) = (adapter.module.path, adapter.settings.rank)
    let down = g.parameter("\(path).lora_A.weight", [rank, adapter.features.input], .float32)
    let up = g.parameter("\(path).lora_B.weight", [adapter.features.output, rank], .float32)
    var result = base(&g, input)
    let type = result.dataType
    // "For 4bit, we need to defensively clone here."
    if adapter.quantized?.scheme.isFourBit == true { result = g.unary(.copy, result) }
    let converts = adapter.quantized == nil || g.autocast == nil
    let wide = converts ? g.hold(g.cast(input, to: .float32)) : input

    if adapter.settings.usesDoRA {
      let sum = g.hold(decomposed(&g, result, wide, adapter, down: down, up: up))
      return converts ? g.cast(sum, to: type) : sum
    }
    let narrow = g.linear(g.dropout(wide, adapter.settings.dropout), down, nil)
    let addition = g.multiplyScalar(g.linear(narrow, up, nil))
    guard adapter.quantized != nil else { return g.cast(g.hold(g.add(result, addition)), to: type) }
    return g.add(result, g.hold(converts ? g.cast(addition, to: type) : addition))
  }

  /// `lora.Embedding.forward`: rows of one factor times the other, without a conversion.
  func adaptedRows(
    _ g: inout GraphBuilder, _ rows: Tensor, _ tokens: Tensor, _ module: ModuleParameters, _ adapters: LowRankAdapters
  ) -> Tensor {
    guard let table = module.weight, table.rank == 2 else { return rows }
    let first = g.parameter("\(module.path).lora_embedding_A", [adapters.rank, table[0]], .float32)
    let second = g.parameter("\(module.path).lora_embedding_B", [table[1], adapters.rank], .float32)
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
    let magnitude = g.parameter(
      "\(adapter.module.path).lora_magnitude_vector.weight", [adapter.features.output], .float32)
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
