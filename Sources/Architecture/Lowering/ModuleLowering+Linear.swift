internal import Graph
internal import Units

extension ModuleLowering {
  /// A linear layer, with its adapter where it has one.
  func linear(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    if settings.technique?.kind == .scaling, let scaled = scaled(&g, input, module) { return scaled }
    guard let adapter = adapter(of: module) else { return base(&g, input, module) }
    return g.frame(module.path) { g in
      adapted(&g, input, adapter) { g, input in base(&g, input, module) }
    }
  }

  /// The layer itself.
  func base(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    if let quantized = quantizedWeight(module) {
      let packed = self.packed(&g, module, quantized)
      // The layers convert their bias when they first run, and keep it so.
      let held = quantized.scheme.isFourBit ? settings.quantizedTypes.compute : input.dataType
      let bias = module.bias.map { parameter(&g, "\(module.path).bias", $0, held) }
      return g.quantizedLinear(input, packed, quantized, bias, compute: settings.quantizedTypes.compute)
    }
    if let grouped = module.grouped {
      let packed = self.packed(&g, module, grouped)
      let product = g.groupedLinear(input, packed, grouped, compute: settings.quantizedTypes.compute)
      return bias(&g, module).map { g.add(g.hold(product), $0) } ?? product
    }
    guard let weight = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    guard let split = module.split else { return product(&g, input, weight, bias, module) }
    for parameter in [weight, bias].compactMap({ $0 }) { g.noteDistributed(parameter) }
    return shared(&g, input, split) { g, input in product(&g, input, weight, bias, module) }
  }

  private func product(
    _ g: inout GraphBuilder, _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, _ module: ModuleParameters
  ) -> Tensor {
    guard multipliesTransposedWeights else {
      return g.linear(
        input, weight, bias, transposed: module.isTransposed, sharesBias: module.split?.axis == .inputs)
    }
    // `input @ weight.T`, to which a bias is added (Falcon).
    return g.frame("") { g in
      let product = g.linear(input, weight, nil, throughView: true)
      return bias.map { g.add(g.hold(product), $0) } ?? product
    }
  }

  /// What ranks exchange around a linear layer that they share.
  func shared(
    _ g: inout GraphBuilder, _ input: Tensor, _ split: LinearSplit, layer: (inout GraphBuilder, Tensor) -> Tensor
  ) -> Tensor {
    switch split.axis {
    case .outputs:
      // What was gathered from pieces of the sequence is a DTensor already.
      let output = layer(&g, split.isAlongSequence ? input : g.shared(input))
      return split.isWholeOutside ? g.gathered(output, axis: -1, ranks: split.ranks) : output
    case .inputs:
      let output = layer(&g, split.isWholeOutside ? g.cut(input, axis: -1, ranks: split.ranks) : input)
      return split.isAlongSequence ? g.reduceScattered(output, axis: 1, ranks: split.ranks) : g.allReduced(output)
    }
  }

  // MARK: - Quantised weights

  /// How a linear layer's weight is held where it is quantised: every `nn.Linear` but the head
  /// (`get_keys_to_not_convert` and `replace_with_bnb_linear` of transformers 5.17), and no subclass of it.
  func quantizedWeight(_ module: ModuleParameters) -> QuantizedWeight? {
    guard let scheme = settings.quantization, module.grouped == nil, !multipliesTransposedWeights,
      let features = module.features
    else {
      return nil
    }
    return QuantizedWeight(
      scheme, input: features.input, output: features.output, wideType: settings.quantizedTypes.wide)
  }

  /// The parts of a quantised weight; the first is the one that products name. What quantises scales as well keeps the
  /// table that it does so by (`name2qmap` in bitsandbytes/functional.py).
  func packed(_ g: inout GraphBuilder, _ module: ModuleParameters, _ weight: QuantizedWeight) -> Tensor {
    if weight.scheme == .nf4Double, description.storedQuantization == nil {
      _ = g.buffer("name2qmap.dynamic", [256], .float32)
    }
    let parts = weight.storages.map { part in
      g.parameter("\(module.path).\(part.name)", part.shape, part.dataType, trains: false)
    }
    return parts[0]
  }

  /// The parts of a weight that GPTQ packed; the first is the one that products name.
  func packed(_ g: inout GraphBuilder, _ module: ModuleParameters, _ weight: GroupedWeight) -> Tensor {
    let parts = weight.storages.map { part in
      g.parameter("\(module.path).\(part.name)", part.shape, part.dataType, trains: false)
    }
    return parts[0]
  }
}
