internal import Checkpoint
internal import Graph
internal import Units

/// What packed weights are to the model, told from their shapes and from those of what lies beside them: no value is
/// read.
struct PackedWeights {
  struct Weight {
    /// [out, in], or [experts, out, in]; nil where only values tell.
    var shape: Shape?
    /// How many elements there are; nil where that is not known either.
    var elements: Int?
    /// The weight where GPTQ packed it.
    var grouped: GroupedWeight?

    init(shape: Shape?, grouped: GroupedWeight? = nil) {
      self.shape = shape
      elements = shape?.elementCount?.count
      self.grouped = grouped
    }

    init(elements: Int?) { self.elements = elements }
  }

  /// By the place of the tensor.
  private(set) var weights: [Int: Weight] = [:]
  /// The bytes of packed weights and of what they need beside them.
  private(set) var bytes = 0

  private let settings: Settings
  /// The tensors that tell a shape, by name.
  private var helpers: [String: StoredTensor] = [:]

  init(_ table: PatternTable, _ tensors: [StoredTensor], _ settings: Settings) {
    self.settings = settings
    guard table.patterns.contains(where: { $0.part == .packedWeight }) else { return }
    let tells = table.patterns.map { $0.part == .quantization && Self.telling.contains(String($0.leaf)) }
    for (position, tensor) in tensors.enumerated() where tells[Int(table.patternOf[position])] {
      helpers[tensor.name] = tensor
    }
    for (position, tensor) in tensors.enumerated() {
      let pattern = table.patterns[Int(table.patternOf[position])]
      if pattern.part == .packedWeight { weights[position] = weight(tensor, pattern.packing) }
      if pattern.part == .packedWeight || pattern.part == .quantization {
        bytes = Tally.sum(bytes, tensor.range.length)
      }
    }
  }

  private static let telling: Set<String> = ["scales", "qzeros", "g_idx", "weight_scale"]

  /// Logical elements of all; nil where one hides them.
  var elements: Int? {
    var sum = 0
    for weight in weights.values {
      guard let elements = weight.elements else { return nil }
      sum = Tally.sum(sum, elements)
    }
    return sum < .max ? sum : nil
  }

  private func weight(_ tensor: StoredTensor, _ packing: Packing?) -> Weight {
    let shape = tensor.shape
    switch packing {
    case .gptq: return gptq(tensor)
    case .awq: return awq(tensor)
    case .gptqOrAWQ:
      // GPTQ packs along the inputs, AWQ along the outputs, of which each has a scale.
      let outputs = beside(tensor, "scales")?.shape.dimensions.last
      return outputs == shape.dimensions.last ? gptq(tensor) : awq(tensor)
    case .bitsandbytes4: return Weight(elements: shape.elementCount.flatMap { product($0.count, 2) })
    case .bitsandbytes8: return Weight(shape: shape)
    case .nvfp4: return Weight(shape: widened(shape, by: 2))
    case .mxfp4:
      // Blocks of 32 elements, two a byte, along the last two axes.
      guard shape.rank >= 2, let width = product(shape[shape.rank - 2], shape[shape.rank - 1]) else { break }
      return Weight(shape: widened(Shape(shape.dimensions.dropLast(2) + [width]), by: 2))
    case .mlx: return grouped(tensor, scales: "scales", size: settings.quantizationSize("group_size"))
    case .compressedTensors:
      return grouped(tensor, scales: "weight_scale", size: settings.compressedGroupSize)
    case .hqq, .aqlm, .quanto, .unknown, nil: break
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

  /// Rows of words, beside a scale for each group along the row.
  private func grouped(_ tensor: StoredTensor, scales name: String, size: Int?) -> Weight {
    guard let size, let scales = beside(tensor, name)?.shape, scales.rank == tensor.shape.rank, scales.rank >= 2,
      scales.dimensions.dropLast() == tensor.shape.dimensions.dropLast()
    else { return Weight(shape: nil) }
    return Weight(shape: widened(scales, by: size))
  }

  /// How many bits an element has of which `count` fill this many words of 32.
  private func bits(_ words: Int, of count: Int) -> Int? {
    guard count > 0, let all = product(words, 32), all % count == 0, (1...8).contains(all / count) else { return nil }
    return all / count
  }

  private func beside(_ tensor: StoredTensor, _ leaf: String) -> StoredTensor? {
    guard let dot = tensor.name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return helpers[leaf] }
    return helpers["\(tensor.name[...dot])\(leaf)"]
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
