import Strategy

/// The nine models of the paper's table of four GPUs, from the sizes that their configurations publish.
struct PublishedModel {
  var name: String
  /// What the paper's table says is fastest on four V100 of 16 GB; nil: CPU offload.
  var chosenInPaper: Layout?
  /// What the equations choose.
  var chosenByEquations: Layout?
  var model: LLMemModel
  /// Parameters of the inventory.
  var parameters: Int

  static let adp = Layout(.gemini, ParallelDegrees(data: 4))
  static let tp = Layout.colossalAI(tensor: 4)
  static let dpTP = Layout.colossalAI(data: 2, tensor: 2)

  static let all: [PublishedModel] = [
    fairseq("opt-1.3b", paper: adp, equations: adp, vocabulary: 50_272, hidden: 2048, layers: 24),
    fairseq("opt-2.7b", paper: tp, equations: adp, vocabulary: 50_272, hidden: 2560, layers: 32),
    bloom("bloom-1b1", paper: adp, equations: adp, hidden: 1536, layers: 24),
    bloom("bloom-3b", paper: tp, equations: dpTP, hidden: 2560, layers: 30),
    fairseq("biogpt-large", paper: adp, equations: adp, vocabulary: 57_717, hidden: 1600, layers: 48),
    codegen2B,
    santacoder,
    gptNeo,
    llama7B,
  ]

  /// OPT and BioGPT: learned positions with an offset of 2, four square projections, an MLP of four times the width,
  /// biases everywhere, a tied head.
  static func fairseq(
    _ name: String, paper: Layout?, equations: Layout?, vocabulary: Int, hidden: Int, layers: Int
  ) -> PublishedModel {
    PublishedModel(
      name, paper: paper, equations: equations, vocabulary: vocabulary, hidden: hidden, layers: layers,
      positions: 2050 * hidden,
      layer: Array(repeating: hidden * hidden, count: 4) + [4 * hidden * hidden, 4 * hidden * hidden],
      small: [hidden, hidden, hidden, hidden, 4 * hidden, hidden, 2 * hidden, 2 * hidden], tail: [2 * hidden])
  }

  /// BLOOM: ALiBi, a norm behind the embedding, a fused projection, a tied head.
  static func bloom(
    _ name: String, paper: Layout?, equations: Layout?, hidden: Int, layers: Int
  ) -> PublishedModel {
    PublishedModel(
      name, paper: paper, equations: equations, vocabulary: 250_880, hidden: hidden, layers: layers,
      layer: [3 * hidden * hidden, hidden * hidden, 4 * hidden * hidden, 4 * hidden * hidden],
      small: [3 * hidden, hidden, 4 * hidden, hidden, 2 * hidden, 2 * hidden], tail: [2 * hidden, 2 * hidden])
  }

  /// CodeGen: one norm a layer, no bias in attention, a head of its own with a bias, logits in fp32.
  static let codegen2B = PublishedModel(
    "codegen-2B-mono", paper: tp, equations: dpTP, vocabulary: 51_200, hidden: 2560, layers: 32,
    layer: [7680 * 2560, 2560 * 2560, 10_240 * 2560, 10_240 * 2560], small: [10_240, 2560, 5120],
    tail: [5120, 51_200], ownsHead: true, fp32Head: true)

  /// Multi-query attention: the fused projection gives 2,048 + 2 * 128 columns.
  static let santacoder = PublishedModel(
    "santacoder", paper: adp, equations: adp, vocabulary: 49_280, hidden: 2048, layers: 24,
    positions: 2048 * 2048, layer: [2304 * 2048, 2048 * 2048, 8192 * 2048, 8192 * 2048],
    small: [2304, 2048, 8192, 2048, 4096, 4096], tail: [4096])

  /// No bias in the query, key and value projections, logits in fp32.
  static let gptNeo = PublishedModel(
    "gpt-neo-1.3B", paper: adp, equations: adp, vocabulary: 50_257, hidden: 2048, layers: 24,
    positions: 2048 * 2048,
    layer: [2048 * 2048, 2048 * 2048, 2048 * 2048, 2048 * 2048, 8192 * 2048, 8192 * 2048],
    small: [2048, 8192, 2048, 4096, 4096], tail: [4096], fp32Head: true)

  static let llama7B = PublishedModel(
    "llama-7b", paper: nil, equations: nil, vocabulary: 32_000, hidden: 4096, layers: 32,
    layer: [4096 * 4096, 4096 * 4096, 4096 * 4096, 4096 * 4096, 11_008 * 4096, 11_008 * 4096, 11_008 * 4096],
    small: [4096, 4096], tail: [4096], ownsHead: true)

  init(
    _ name: String, paper: Layout?, equations: Layout?, vocabulary: Int, hidden: Int, layers: Int,
    positions: Int? = nil, layer: [Int], small: [Int], tail: [Int], ownsHead: Bool = false, fp32Head: Bool = false
  ) {
    let embedding = vocabulary * hidden
    let head = ownsHead ? [embedding] : []
    let embeddings = [embedding] + (positions.map { [$0] } ?? [])
    let blocks = Array(repeating: layer + small, count: layers).flatMap { $0 }
    let counts = embeddings + blocks + tail + head
    let total = counts.reduce(0, +)
    self.name = name
    chosenInPaper = paper
    chosenByEquations = equations
    parameters = total
    model = LLMemModel(
      embeddingParameters: embedding, otherParameters: total - embedding, headBytes: embedding * 2,
      operatorParameterCounts: embeddings + Array(repeating: layer, count: layers).flatMap { $0 } + head,
      embeddingLayerCount: embeddings.count, layerCount: layers, hiddenSize: hidden, vocabularySize: vocabulary,
      computesHeadInFP32: fp32Head, parameterCounts: counts)
  }
}

extension Layout {
  /// Tensor parallelism as the paper's engine does it.
  static func colossalAI(data: Int = 1, tensor: Int) -> Layout {
    var layout = Layout(.tp, ParallelDegrees(data: data, tensor: tensor))
    layout.engine.tensorParallelism = .colossalAI
    return layout
  }
}
