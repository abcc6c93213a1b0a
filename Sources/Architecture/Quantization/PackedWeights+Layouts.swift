internal import Checkpoint
internal import Graph
internal import Units

/// The layouts, one function each.
extension PackedWeights {
  func weight(_ tensor: StoredTensor, _ packing: Packing?) -> Weight {
    let shape = tensor.shape
    switch packing {
    case .gptq: return gptq(tensor)
    case .awq: return awq(tensor)
    case .gptqOrAWQ:
      // GPTQ packs along the inputs, AWQ along the outputs, of which each has a scale.
      let outputs = beside(tensor, "scales")?.shape.dimensions.last
      return outputs == shape.dimensions.last ? gptq(tensor) : awq(tensor)
    case .bitsandbytes4: return bitsandbytes4(tensor)
    case .bitsandbytes8: return Weight(shape: shape)
    case .nvfp4: return Weight(shape: widened(shape, by: 2))
    case .mxfp4:
      // Blocks of 32 elements, two a byte, along the last two axes.
      guard shape.rank >= 2, let width = product(shape[shape.rank - 2], shape[shape.rank - 1]) else { break }
      return Weight(shape: widened(Shape(shape.dimensions.dropLast(2) + [width]), by: 2))
    case .mlx: return mlx(tensor)
    case .compressedTensors: return compressedTensors(tensor)
    case .marlin24: return marlin24(tensor)
    case .sparse: return sparse(tensor)
    case .sparse24: return Weight(shape: widened(shape, by: 2))
    case .hqq: return hqq(tensor)
    case .aqlm: return aqlm(tensor)
    case .quanto:
      // Eight bits keep the shape; fewer lie in groups of which nothing tells the axis.
      guard tensor.dataType.bitWidth == 8, tensor.dataType != .uint8 else { break }
      return Weight(shape: shape)
    case .unknown, nil: break
    }
    return Weight(shape: nil)
  }

  /// Rows of 32-bit words along the inputs, columns for the outputs.
  private func gptq(_ tensor: StoredTensor) -> Weight {
    guard let scales = beside(tensor, "scales"), let zeros = beside(tensor, "qzeros")?.shape, tensor.shape.rank == 2,
      scales.shape.rank == 2, zeros.rank == 2, zeros[0] == scales.shape[0],
      let bits = bits(zeros[1], of: scales.shape[1]),
      scales.shape[1] == tensor.shape[1], let words = product(tensor.shape[0], 32), words % bits == 0
    else { return Weight(shape: nil) }
    let input = words / bits
    let index = beside(tensor, "g_idx")?.shape
    guard index == nil || index == [input] else { return Weight(shape: nil) }
    let weight = GroupedWeight(
      bits: bits, input: input, output: tensor.shape[1], groups: scales.shape[0], scaleType: scales.dataType,
      hasIndex: index != nil)
    return Weight(shape: [weight.output, input], grouped: weight)
  }

  /// Rows for the inputs, columns of 32-bit words along the outputs.
  private func awq(_ tensor: StoredTensor) -> Weight {
    guard let scales = beside(tensor, "scales")?.shape, tensor.shape.rank == 2, scales.rank == 2,
      bits(tensor.shape[1], of: scales[1]) != nil
    else { return Weight(shape: nil) }
    return Weight(shape: [scales[1], tensor.shape[0]])
  }

  /// Two elements a byte, of a matrix that only the state beside it tells.
  private func bitsandbytes4(_ tensor: StoredTensor) -> Weight {
    guard let bytes = tensor.shape.elementCount?.count, let count = product(bytes, 2) else {
      return Weight(shape: nil)
    }
    for kind in ["nf4", "fp4"] {
      guard let shape = stated("weight.quant_state.bitsandbytes__\(kind)", beside: tensor),
        let elements = shape.elementCount?.count, elements / 2 + elements % 2 == bytes
      else { continue }
      return Weight(shape: shape)
    }
    return Weight(elements: count)
  }

  /// Rows of words, beside a scale for each group along the row. Modules may differ in their groups.
  private func mlx(_ tensor: StoredTensor) -> Weight {
    let size = settings.quantizationSize("group_size", ofModule: String(Self.module(of: tensor)))
    guard let shape = widenedScales(tensor, "scales", by: size), let width = shape.dimensions.last,
      let words = tensor.shape.dimensions.last, bits(words, of: width) != nil
    else { return Weight(shape: nil) }
    return Weight(shape: shape)
  }

  /// Rows of words that hold as many whole elements as go into 32 bits; the last may be filled up.
  private func compressedTensors(_ tensor: StoredTensor) -> Weight {
    let whole = settings.compressedBits.map { 32 / $0 }
    func fits(_ shape: Shape) -> Bool {
      guard shape.rank == tensor.shape.rank, let width = shape.dimensions.last,
        let words = tensor.shape.dimensions.last,
        shape.dimensions.dropLast() == tensor.shape.dimensions.dropLast()
      else { return false }
      return whole.map { (width + $0 - 1) / $0 == words } ?? (width >= words && width / 32 <= words)
    }
    for shape in [
      stated("weight_shape", beside: tensor),
      widenedScales(tensor, "weight_scale", by: settings.compressedGroupSize),
    ] {
      if let shape, fits(shape) { return Weight(shape: shape) }
    }
    // One scale for each row tells nothing of its length, but words that have no bits to spare are full.
    guard let bits = settings.compressedBits, 32 % bits == 0, let whole,
      beside(tensor, "weight_scale")?.shape.dimensions.last == 1
    else { return Weight(shape: nil) }
    return Weight(shape: widened(tensor.shape, by: whole))
  }

  /// Of each four elements two, as the kernel wants them; `meta` says which, sixteen rows and half a column a word.
  private func marlin24(_ tensor: StoredTensor) -> Weight {
    guard let meta = beside(tensor, "meta")?.shape, meta.rank == 2, meta[1] % 2 == 0, let input = product(meta[0], 32)
    else { return Weight(shape: nil) }
    return Weight(shape: [meta[1] / 2, input])
  }

  /// What is not zero, beside a bit for each element.
  private func sparse(_ tensor: StoredTensor) -> Weight {
    guard let mask = beside(tensor, "bitmask")?.shape, mask.rank == 2, let shape = stated("shape", beside: tensor),
      shape.rank == 2, shape[0] == mask[0], shape[1] / 8 + (shape[1] % 8 > 0 ? 1 : 0) == mask[1]
    else { return Weight(shape: nil) }
    return Weight(shape: shape)
  }

  /// Bytes, or words, of elements of 1 to 8 bits.
  private func hqq(_ tensor: StoredTensor) -> Weight {
    guard let shape = stated("shape", beside: tensor), let elements = shape.elementCount?.count,
      let stored = tensor.shape.elementCount?.count, let bits = product(stored, tensor.dataType.bitWidth),
      elements <= bits, bits / 8 <= elements
    else { return Weight(shape: nil) }
    return Weight(shape: shape)
  }

  /// A code for each group of outputs and inputs, and in the codebook what it stands for.
  private func aqlm(_ tensor: StoredTensor) -> Weight {
    guard let books = beside(tensor, "codebooks")?.shape, books.rank == 4, tensor.shape.rank == 3,
      books[0] == tensor.shape[2], let output = product(tensor.shape[0], books[2]),
      let input = product(tensor.shape[1], books[3])
    else { return Weight(shape: nil) }
    return Weight(shape: [output, input])
  }

  /// The shape of the scales with `size` elements for each along the row.
  private func widenedScales(_ tensor: StoredTensor, _ name: String, by size: Int?) -> Shape? {
    guard let size, let scales = beside(tensor, name)?.shape, scales.rank == tensor.shape.rank, scales.rank >= 2,
      scales.dimensions.dropLast() == tensor.shape.dimensions.dropLast()
    else { return nil }
    return widened(scales, by: size)
  }

  /// How many bits an element has of which `count` fill this many words of 32.
  private func bits(_ words: Int, of count: Int) -> Int? {
    guard count > 0, let all = product(words, 32), all % count == 0, (1...8).contains(all / count) else { return nil }
    return all / count
  }

  private func widened(_ shape: Shape, by factor: Int) -> Shape? {
    guard let last = shape.dimensions.last, let width = product(last, factor) else { return nil }
    return Shape(shape.dimensions.dropLast() + [width])
  }

  private func product(_ left: Int, _ right: Int) -> Int? {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? nil : product
  }
}
