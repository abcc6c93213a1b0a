internal import Checkpoint
internal import Graph
internal import Units

/// What packed weights are to the model, told from their shapes, from those of what lies beside them, and from the
/// shapes that the files state.
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

  /// Logical elements of all; nil where one hides them.
  var elements: Int? {
    var sum = 0
    for weight in weights.values {
      guard let elements = weight.elements else { return nil }
      sum = Tally.sum(sum, elements)
    }
    return sum < .max ? sum : nil
  }

  let settings: Settings
  /// The shapes that values state, by the tensors that state them.
  let stated: [String: Shape]
  /// The tensors that tell a shape, by name.
  private var helpers: [String: StoredTensor] = [:]

  init(_ table: PatternTable, _ set: WeightSet, _ settings: Settings) {
    self.settings = settings
    stated = set.statedShapes.shapes
    guard table.patterns.contains(where: { $0.part == .packedWeight }) else { return }
    let tells = table.patterns.map { $0.part == .quantization && Self.telling.contains(String($0.leaf)) }
    for (position, tensor) in set.tensors.enumerated() where tells[Int(table.patternOf[position])] {
      helpers[tensor.name] = tensor
    }
    for (position, tensor) in set.tensors.enumerated() {
      let pattern = table.patterns[Int(table.patternOf[position])]
      if pattern.part == .packedWeight { weights[position] = weight(tensor, pattern.packing) }
    }
  }

  private static let telling: Set<String> = [
    "scales", "qzeros", "g_idx", "weight_scale", "codebooks", "meta", "bitmask",
  ]

  /// The tensor of this name in the same module.
  func beside(_ tensor: StoredTensor, _ leaf: String) -> StoredTensor? { helpers[Self.path(leaf, beside: tensor)] }

  /// The shape that the tensor of this name in the same module states.
  func stated(_ leaf: String, beside tensor: StoredTensor) -> Shape? { stated[Self.path(leaf, beside: tensor)] }

  /// The path of the module that owns the tensor.
  static func module(of tensor: StoredTensor) -> Substring {
    tensor.name[..<(tensor.name.utf8.lastIndex(of: UInt8(ascii: ".")) ?? tensor.name.startIndex)]
  }

  private static func path(_ leaf: String, beside tensor: StoredTensor) -> String {
    let module = module(of: tensor)
    return module.isEmpty ? leaf : "\(module).\(leaf)"
  }
}
