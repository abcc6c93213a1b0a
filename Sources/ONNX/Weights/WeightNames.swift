internal import Graph
internal import Units

/// Names for weights that exporters folded, transposed or renamed, after the modules that read them.
struct WeightNames {
  private let graph: InferredGraph
  private let use: WeightUse

  init(_ graph: InferredGraph, _ use: WeightUse) {
    self.graph = graph
    self.use = use
  }

  /// Whether a name is a parameter's own: a path, and none that an exporter counts up (`onnx::MatMul_12`, `val_76`).
  static func isOwn(_ name: String) -> Bool {
    name.contains(".") && !name.contains("::") && !name.hasPrefix("/")
  }

  /// The embedding whose rows are looked up in a weight, where its module is known: a tied table is often stored under the
  /// name of the head.
  func table(for place: Int) -> String? {
    for reader in use.readers[place] ?? [] where reader.operand == 0 {
      let node = graph.nodes[graph.steps[reader.step].node]
      if node.operatorType == "Gather", let module = node.module { return "\(module).weight" }
    }
    return nil
  }

  /// `<module>.weight` or `<module>.bias`, where the reader's module is known.
  func derived(for place: Int, _ shape: Shape) -> String? {
    guard let reader = use.readers[place]?.first else { return nil }
    let node = graph.nodes[graph.steps[reader.step].node]
    guard let module = node.module else { return nil }
    switch node.operatorType {
    case "Add", "Sub": return "\(module).bias"
    case "Conv", "ConvTranspose", "Gemm", "LayerNormalization", "InstanceNormalization", "GroupNormalization":
      return "\(module).\(reader.operand == 2 ? "bias" : "weight")"
    case "BatchNormalization":
      let parts = ["", "weight", "bias", "running_mean", "running_var"]
      return parts.indices.contains(reader.operand) ? "\(module).\(parts[reader.operand])" : nil
    default: return "\(module).weight"
    }
  }

  /// Whether the graph multiplies activations by the weight as it lies, [in, out]: a linear layer's transposed. A weight
  /// that keeps its own name lies as its module has it.
  func isLinear(_ place: Int) -> Bool {
    guard !Self.isOwn(graph.values[place].name), let reader = use.readers[place]?.first else { return false }
    let node = graph.nodes[graph.steps[reader.step].node]
    // Not through a transposition, nor by a product that transposes by itself.
    let reads = graph.steps[reader.step].reads
    guard reads.indices.contains(reader.operand), reads[reader.operand] == place else { return false }
    let isTransposed = node.attributes.contains { attribute in
      if attribute.name == "transB", case .integer(1) = attribute.value { true } else { false }
    }
    return (node.operatorType == "MatMul" || node.operatorType == "Gemm") && !isTransposed
  }
}
