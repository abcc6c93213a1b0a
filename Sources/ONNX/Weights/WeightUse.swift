internal import Graph
internal import Units

/// Which of a graph's tensors training would change, found by what reads them.
///
/// A file does not say what of its constants was a parameter. What is multiplied with activations, added to them or
/// looked up by them was; what only shapes, positions and masks are computed from was not. Activations begin at inputs
/// of floating point and at rows looked up in a table.
struct WeightUse {
  /// The first operator that reads a tensor as a weight, and as which of its operands.
  struct Reader: Hashable {
    var step: Int
    var operand: Int
  }

  /// The readers of each weight, by its place among the graph's values, in the order of the steps.
  private(set) var readers: [Int: [Reader]] = [:]
  /// Whether a value carries activations.
  private var isActive: [Bool]
  /// The tensor of the file that a value shows, through views and transpositions.
  private var source: [Int?]

  init(_ graph: InferredGraph) {
    isActive = graph.values.map { $0.origin == .input && $0.fact.tensor?.dataType?.isFloatingPoint == true }
    source = graph.values.indices.map { graph.values[$0].origin == .initializer ? $0 : nil }
    for (index, step) in graph.steps.enumerated() { visit(step, index, graph) }
  }

  /// Whether a weight is read as a table and as a factor.
  func isLookedUpAndMultiplied(_ weight: Int, _ graph: InferredGraph) -> Bool {
    let operators = (readers[weight] ?? []).map { graph.nodes[graph.steps[$0.step].node].operatorType }
    return operators.contains("Gather") && operators.contains { $0 == "MatMul" || $0 == "Gemm" }
  }

  private mutating func visit(_ step: InferredGraph.Step, _ index: Int, _ graph: InferredGraph) {
    let node = graph.nodes[step.node]
    let outputs = step.writes.compactMap { $0 }
    if node.isConstant {
      for output in outputs { source[output] = output }
      return
    }
    let reads = step.reads
    if Self.passing.contains(node.operatorType), node.domain.isEmpty, let first = reads.first {
      // The same elements in another shape or type.
      for output in outputs {
        source[output] = source[first]
        isActive[output] = isActive[first]
      }
      return
    }
    let isLookup = node.operatorType == "Gather" || node.operatorType.contains("GatherBlockQuantized")
    let isEmbedding = node.operatorType == "EmbedLayerNormalization"
    let flows =
      isLookup ? isTable(reads.first, graph) || isActive(reads.first) : isEmbedding || reads.contains(where: isActive)
    guard flows else { return }
    for (operand, value) in reads.enumerated() where !isActive[value] {
      guard let origin = source[value], isWeight(origin, node, operand, graph) else { continue }
      if isLookup, operand > 0 { continue }
      readers[origin, default: []].append(Reader(step: index, operand: operand))
    }
    for output in outputs where graph.values[output].fact.tensor?.dataType?.isFloatingPoint != false {
      isActive[output] = true
    }
  }

  private func isActive(_ value: Int?) -> Bool { value.map { isActive[$0] } ?? false }

  /// Whether rows of a value can be looked up: a matrix of the file.
  private func isTable(_ value: Int?, _ graph: InferredGraph) -> Bool {
    guard let value, let origin = source[value], let tensor = graph.values[origin].fact.tensor else { return false }
    return (tensor.shape?.count ?? 0) >= 2
      && (tensor.dataType?.isFloatingPoint == true || Self.isPacked(tensor.dataType))
  }

  /// Whether a tensor that meets activations is a weight: numbers, and not a single one of them.
  private func isWeight(_ value: Int, _ node: Node, _ operand: Int, _ graph: InferredGraph) -> Bool {
    guard let tensor = graph.values[value].fact.tensor, let extents = tensor.extents else { return false }
    guard Shape(extents).elementCount.map({ $0.count > 1 }) ?? false else { return false }
    if tensor.dataType?.isFloatingPoint == true { return !Self.withoutWeights.contains(node.operatorType) }
    return Self.isPacked(tensor.dataType) && Self.packed.contains(node.operatorType)
  }

  private static func isPacked(_ type: DataType?) -> Bool {
    switch type {
    case .int8?, .uint8?, .int4?, .uint4?, .int2?, .uint2?: true
    default: false
    }
  }

  private static let passing: Set = [
    "Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten", "Cast", "CastLike", "Expand",
    "DequantizeLinear",
  ]
  /// Operators whose constant operands are bounds, scales of a resampling and the like.
  private static let withoutWeights: Set = [
    "Clip", "Resize", "Upsample", "Pad", "Range", "Tile", "Where", "Max", "Min", "Equal", "Less", "Greater",
    "LessOrEqual", "GreaterOrEqual", "Dropout", "OneHot", "RoiAlign",
  ]
  /// Operators that read weights as integers.
  private static let packed: Set = [
    "MatMulInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul", "ConvInteger", "QLinearMatMul", "QLinearConv",
    "QGemm", "QAttention", "MatMulNBits", "MatMulBnb4", "GatherBlockQuantized", "QMoE", "DequantizeLinear", "Gather",
    "MatMul", "Gemm", "Conv",
  ]
}
