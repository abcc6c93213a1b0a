/// What the equations of arXiv 2404.10933 need to know of a model.
public struct LLMemModel: Hashable, Sendable {
  /// `embed_p`: parameters of the input embedding.
  public var embeddingParameters: Int
  /// `other_p`: all other parameters, once each (a tied head is the input embedding).
  public var otherParameters: Int
  /// `lm_p`: bytes of the head's fp16 weight, tied or not.
  public var headBytes: Int
  /// Parameters of the weight of each embedding and each linear layer, once each.
  public var operatorParameterCounts: [Int]
  /// `e_n`: embedding layers whose outputs are kept: tokens, positions.
  public var embeddingLayerCount: Int
  /// `l_n`: transformer layers.
  public var layerCount: Int
  /// `o_n`
  public var hiddenSize: Int
  /// `dict_n`: columns of the logits.
  public var vocabularySize: Int
  /// Whether the head's output is fp32 (CodeGen, GPT-J, GPT-Neo).
  public var computesHeadInFP32: Bool
  /// Sizes of all parameters but the tied copies, in the order of the modules: what Gemini packs into chunks.
  public var parameterCounts: [Int]

  public init(
    embeddingParameters: Int, otherParameters: Int, headBytes: Int, operatorParameterCounts: [Int],
    embeddingLayerCount: Int, layerCount: Int, hiddenSize: Int, vocabularySize: Int, computesHeadInFP32: Bool,
    parameterCounts: [Int]
  ) {
    self.embeddingParameters = embeddingParameters
    self.otherParameters = otherParameters
    self.headBytes = headBytes
    self.operatorParameterCounts = operatorParameterCounts
    self.embeddingLayerCount = embeddingLayerCount
    self.layerCount = layerCount
    self.hiddenSize = hiddenSize
    self.vocabularySize = vocabularySize
    self.computesHeadInFP32 = computesHeadInFP32
    self.parameterCounts = parameterCounts
  }
}
