internal import Checkpoint
internal import Graph
internal import Units

extension Facts {
  /// Finds how the files are quantised, and the shapes of what bitsandbytes has packed: where the files' states do not
  /// tell them, they follow from the sizes of the model.
  mutating func storedQuantization(_ model: inout ModelDescription) {
    model.quantizationMethod = settings.quantizationMethod
    model.unevenScales = unevenScales()
    let packed = table.patterns.filter { $0.part == .packedWeight }
    guard let packing = packed.first?.packing else {
      model.storedQuantization = settings.quantizationMethod.map { .other($0) }
      return
    }
    let scheme: Quantization
    switch packing {
    case .bitsandbytes4:
      scheme = table.patterns.contains { $0.text.hasSuffix(".nested_absmax") } ? .nf4Double : .nf4
    case .bitsandbytes8: scheme = .int8
    case .gptq,
      .gptqOrAWQ where self.packed.weights.values.allSatisfy({ $0.grouped != nil }):
      model.storedQuantization = .grouped
      return
    default:
      model.storedQuantization = .other(settings.name(of: packing))
      return
    }
    var shapes: [Role: Shape] = [:]
    for (number, pattern) in table.patterns.enumerated() where pattern.part == .packedWeight {
      let stored = weightSet.tensors[pattern.example].shape.elementCount?.count
      guard pattern.packing == packing, let role = choice.assignment.roles[number],
        let expected = model.linearShape(of: role),
        case let shape = self.packed.weights[pattern.example]?.shape ?? expected,
        let count = shape.elementCount?.count, stored == (scheme.isFourBit ? (count + 1) / 2 : count)
      else {
        model.storedQuantization = .other("\(packing.rawValue) of a shape that the configuration does not give")
        return
      }
      shapes[role] = shape
    }
    let leavesSome = table.patterns.indices.contains { number in
      table.patterns[number].part == .weight && table.patterns[number].stackPath != nil
        && choice.assignment.roles[number]?.isLinear == true
    }
    guard !leavesSome else {
      model.storedQuantization = .other("\(packing.rawValue) of some layers only")
      return
    }
    for index in model.layers.indices {
      for (role, shape) in shapes where model.layers[index].modules[role]?.weight == nil {
        model.layers[index].modules[role]?.weight = shape
      }
    }
    model.storedQuantization = .bitsandbytes(scheme)
  }
}

extension Facts {
  /// transformers cuts a narrow weight into as many equal blocks as it has scales, and takes no other
  /// (`Fp8Dequantize._dequantize_one` in integrations/finegrained_fp8.py).
  private func unevenScales() -> String? {
    for pattern in table.patterns where pattern.part == .quantization && pattern.leaf.hasSuffix("_scale_inv") {
      let name = weightSet.tensors[pattern.example].name
      let scales = weightSet.tensors[pattern.example].shape
      guard let weight = weightSet.tensor(named: String(name.dropLast("_scale_inv".count)))?.shape, weight.rank >= 2,
        scales.rank == weight.rank
      else { continue }
      let pairs = zip(weight.dimensions.suffix(2), scales.dimensions.suffix(2))
      guard pairs.contains(where: { $1 > 0 && $0 % $1 != 0 }) else { continue }
      return
        "transformers cannot bring \(name.dropLast("_scale_inv".count)) back: its shape \(weight) is no multiple of "
        + "its scales' \(scales)"
    }
    return nil
  }
}

extension ModelDescription {
  /// The shape [out, in] that a linear layer of a gated or plain decoder has by the model's sizes.
  func linearShape(of role: Role) -> Shape? {
    guard let hidden = hiddenSize?.value, let heads = headCount?.value,
      let inner = intermediateSize?.value, heads > 0
    else { return nil }
    let dimension = headDimension?.value ?? hidden / heads
    let keyValueHeads = keyValueHeadCount?.value ?? heads
    // Sizes are a stranger's: no product may overflow.
    guard [hidden, heads, inner, dimension, keyValueHeads].allSatisfy({ (1...1 << 20).contains($0) }) else {
      return nil
    }
    switch role {
    case .query: return [heads * dimension, hidden]
    case .key, .value: return [keyValueHeads * dimension, hidden]
    case .fusedQKV: return [(heads + 2 * keyValueHeads) * dimension, hidden]
    case .attentionOutput: return [hidden, heads * dimension]
    case .gate, .up: return [inner, hidden]
    case .fusedGateUp: return [2 * inner, hidden]
    case .down: return [hidden, inner]
    default: return nil
    }
  }
}
