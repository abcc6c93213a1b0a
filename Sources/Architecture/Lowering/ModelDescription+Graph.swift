public import Checkpoint
public import Graph
internal import Units

extension ModelDescription {
  /// Whether the family's own forward pass is known, and not only a decoder's in general.
  public var hasLowering: Bool { Family.row(family)?.forward != nil }

  /// The training forward pass of this model, as transformers 5.17 runs it in eager mode.
  ///
  /// - Throws: ``LoweringError`` where the description lacks a size that the pass needs.
  public func trainingGraph(
    configuration: Configuration?, settings: ForwardSettings
  ) throws(LoweringError) -> Graph {
    if let reason = whatCannotRun { throw LoweringError(message: reason) }
    guard let hidden = hiddenSize?.value, !layers.isEmpty else {
      throw LoweringError(message: "the sizes of the layers were not recognised, so there is nothing to run")
    }
    guard let heads = headCount?.value, heads > 0 else {
      throw LoweringError(message: "the number of attention heads is neither in config.json nor in the shapes")
    }
    let keyValueHeads = keyValueHeadCount?.value ?? heads
    let dimension = headDimension?.value ?? hidden / heads
    guard keyValueHeads > 0, heads % keyValueHeads == 0, (1...1 << 20).contains(dimension), heads <= 1 << 20 else {
      throw LoweringError(message: "\(heads) query heads cannot share \(keyValueHeads) key/value heads")
    }
    guard fits(settings, heads: heads, vocabulary: vocabularySize?.value ?? 0) else {
      throw LoweringError(message: "a tensor of this batch and sequence length would pass 2^46 elements")
    }
    let sizes = TransformerLowering.Sizes(
      hidden: hidden, heads: heads, keyValueHeads: keyValueHeads, headDimension: dimension)
    if let misfit = misfit(sizes) { throw LoweringError(message: "\(misfit), so the model cannot be run") }
    let lowering = TransformerLowering(
      description: self, configuration: configuration, settings: settings,
      choices: Family.row(family)?.forward ?? .generic(self), sizes: sizes)
    if let reason = lowering.whatCannotRun { throw LoweringError(message: reason) }
    return lowering.graph()
  }
}

extension ModelDescription {
  /// Whether the largest tensors that a pass can make (logits, scores, the widest projection) stay below 2^46
  /// elements, so that no sum of sizes can overflow.
  private func fits(_ settings: ForwardSettings, heads: Int, vocabulary: Int) -> Bool {
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
