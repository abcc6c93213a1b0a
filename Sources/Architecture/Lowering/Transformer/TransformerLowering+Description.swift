internal import Checkpoint
internal import Graph

extension TransformerLowering {
  /// The lowering of a model with one column of blocks.
  ///
  /// - Throws: ``LoweringError`` where the model has parts that no pass is known for, or shapes that do not fit.
  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings,
    _ choices: TransformerChoices
  ) throws(LoweringError) {
    if let reason = description.whatCannotRun { throw LoweringError(message: reason) }
    guard let hidden = description.hiddenSize?.value, !description.layers.isEmpty else {
      throw LoweringError(message: "the sizes of the layers were not recognised, so there is nothing to run")
    }
    guard let heads = description.headCount?.value, heads > 0 else {
      throw LoweringError(message: "the number of attention heads is neither in config.json nor in the shapes")
    }
    let keyValueHeads = description.keyValueHeadCount?.value ?? heads
    let dimension = description.headDimension?.value ?? hidden / heads
    guard keyValueHeads > 0, heads % keyValueHeads == 0, (1...1 << 20).contains(dimension), heads <= 1 << 20 else {
      throw LoweringError(message: "\(heads) query heads cannot share \(keyValueHeads) key/value heads")
    }
    guard description.fits(settings, heads: heads, vocabulary: description.vocabularySize?.value ?? 0) else {
      throw LoweringError(message: "a tensor of this batch and sequence length would pass 2^46 elements")
    }
    let sizes = Sizes(hidden: hidden, heads: heads, keyValueHeads: keyValueHeads, headDimension: dimension)
    if let misfit = description.misfit(sizes, choices) {
      throw LoweringError(message: "\(misfit), so the model cannot be run")
    }
    var settings = settings
    if let names = choices.experts?.adapted { settings.adapters?.renamed += names.all }
    self.init(
      description: description, configuration: configuration, settings: settings, stack: description.mainStack,
      choices: choices, sizes: sizes, length: settings.sequenceLength + (settings.technique?.virtualTokens ?? 0))
    if let reason = whatCannotRun { throw LoweringError(message: reason) }
  }
}

extension ModelDescription {
  /// Whether the largest tensors that a pass can make (logits, scores, the widest projection) stay below 2^46
  /// elements, so that no sum of sizes can overflow.
  fileprivate func fits(_ settings: ForwardSettings, heads: Int, vocabulary: Int) -> Bool {
    let widest = layers.flatMap { $0.modules.values }.compactMap { $0.weight?.dimensions.max() }.max() ?? 0
    let most = max(vocabulary, widest, heads.multipliedReportingOverflow(by: settings.sequenceLength).partialValue)
    var product = 1
    for factor in [settings.batchSize, settings.sequenceLength, most] {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, factor))
      guard !overflow, next <= 1 << 46 else { return false }
      product = next
    }
    return true
  }
}
