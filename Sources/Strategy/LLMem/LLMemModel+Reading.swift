public import Architecture
public import Checkpoint
internal import Units

extension LLMemModel {
  /// Model types whose classes in transformers turn the logits into fp32 before the loss; LLMem's code knows CodeGen
  /// and GPT-Neo, and GPT-J is written like CodeGen.
  private static let fp32Heads: Set = ["codegen", "gpt_neo", "gptj"]

  /// Reads the symbols off a checkpoint's inventory.
  ///
  /// Parameters of two or more dimensions are the operators; those of one are biases and norms, which the paper does
  /// not count. A stored copy of a tied head is left out.
  ///
  /// - Throws: where weights are packed, and where there is no input embedding, no layer or no hidden size.
  public init(_ model: ModelDescription, weightSet: WeightSet) throws(LLMemModelError) {
    guard model.parameterCount != nil else {
      throw LLMemModelError(.packedWeights, message: "packed weights cannot be fine-tuned whole, which LLMem assumes")
    }
    let outside = [model.modules] + model.otherStacks.map(\.modules)
    func module(_ role: Role) -> ModuleParameters? { outside.lazy.compactMap { $0[role] }.first }
    guard let embedding = module(.inputEmbedding)?.weight, embedding.rank == 2,
      let embeddingSize = embedding.elementCount?.count, !model.layers.isEmpty, let hidden = model.hiddenSize?.value
    else {
      throw LLMemModelError(
        .notATransformer, message: "LLMem needs an input embedding, repeated layers and a hidden size")
    }
    let isTied = model.tiedEmbeddings?.value ?? false
    let storedHead = module(.head)
    let head = isTied ? embedding : storedHead?.weight ?? embedding
    guard head.rank == 2, let headBytes = head.elementCount?.bytes(of: .float16)?.bytes else {
      throw LLMemModelError(.notATransformer, message: "the head's weight is no matrix of vocabulary and hidden size")
    }
    let tiedCopy = isTied ? storedHead.map { "\($0.path).weight" } : nil
    let parameters = Self.parameters(model, weightSet, without: tiedCopy)

    self.init(
      embeddingParameters: embeddingSize,
      otherParameters: max(0, parameters.reduce(0) { $0 + $1.count } - embeddingSize),
      headBytes: headBytes,
      operatorParameterCounts: parameters.filter(\.isOperator).map(\.count),
      embeddingLayerCount: [Role.inputEmbedding, .positionEmbedding, .tokenTypeEmbedding].count { module($0) != nil },
      layerCount: model.layers.count + model.otherStacks.reduce(0) { $0 + $1.layers.count }, hiddenSize: hidden,
      vocabularySize: head[0], computesHeadInFP32: model.modelType.map(Self.fp32Heads.contains) ?? false,
      parameterCounts: parameters.map(\.count))
  }

  private struct Parameter {
    var count: Int
    var isOperator: Bool
    /// Embeddings first, then the layers, then the rest and the head, as modules register them.
    var place: Int
  }

  private static func parameters(
    _ model: ModelDescription, _ weightSet: WeightSet, without tiedCopy: String?
  ) -> [Parameter] {
    var found: [Parameter] = []
    for (tensor, placement) in zip(weightSet.tensors, model.placements)
    where placement.isParameter && tensor.name != tiedCopy {
      guard let count = tensor.shape.elementCount?.count else { continue }
      let outside =
        switch placement.component {
        case .embedding: -1
        case .head: Int.max
        default: Int.max - 1
        }
      found.append(Parameter(count: count, isOperator: tensor.shape.rank >= 2, place: placement.layer ?? outside))
    }
    let order = found.indices.sorted { (found[$0].place, $0) < (found[$1].place, $1) }
    return order.map { found[$0] }
  }
}
