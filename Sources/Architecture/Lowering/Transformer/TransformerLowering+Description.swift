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
    guard let sizes = try description.sizes() else {
      throw LoweringError(message: "the sizes of the layers were not recognised, so there is nothing to run")
    }
    let ranks = settings.context?.ranks ?? 1
    guard ranks == 1 || settings.sequenceLength % (2 * ranks) == 0 else {
      throw LoweringError(
        message: "\(settings.sequenceLength) tokens do not divide into the \(2 * ranks) chunks of context parallelism")
    }
    let length = settings.sequenceLength / ranks + (settings.technique?.virtualTokens ?? 0)
    let keys = length + (settings.technique?.prefixLength ?? 0)
    guard description.fits(settings, length: length, heads: sizes.heads, keys: keys) else {
      throw LoweringError(message: "a tensor of this batch and sequence length would pass 2^46 elements")
    }
    if let misfit = description.misfit(sizes, choices) {
      throw LoweringError(message: "\(misfit), so the model cannot be run")
    }
    var settings = settings
    if let experts = choices.experts, experts.loop(settings) == nil, let names = experts.adapted {
      settings.adapters?.renamed += names.all
    }
    self.init(
      description: description, configuration: configuration, settings: settings, stack: description.mainStack,
      choices: choices, sizes: sizes, length: length)
    if let reason = whatCannotRun { throw LoweringError(message: reason) }
  }
}

extension TransformerLowering {
  /// One of several columns of a model, over sequences of its own.
  ///
  /// - Throws: ``LoweringError`` where its shapes do not fit.
  init(
    _ stack: ModelDescription.Stack, of description: ModelDescription, _ configuration: Configuration?,
    _ settings: ForwardSettings, _ choices: TransformerChoices, heads: Int, hidden: Int, length: Int
  ) throws(LoweringError) {
    guard !stack.layers.isEmpty, (1...1 << 20).contains(heads), hidden % heads == 0 else {
      throw LoweringError(message: "\(stack.path) cannot divide \(hidden) features among \(heads) attention heads")
    }
    var part = description
    part.layers = stack.layers
    var settings = settings
    settings.sequenceLength = length
    guard part.fits(settings, length: length, heads: heads, keys: length) else {
      throw LoweringError(message: "a tensor of this batch would pass 2^46 elements")
    }
    let sizes = Sizes(hidden: hidden, heads: heads, keyValueHeads: heads, headDimension: hidden / heads)
    let misfit =
      description.misfit(sizes, choices, of: stack.layers)
      ?? [Role.embeddingNorm, .finalNorm].lazy.compactMap { stack.modules[$0]?.misfit(norm: hidden) }.first
    if let misfit { throw LoweringError(message: "\(misfit), so the model cannot be run") }
    self.init(
      description: description, configuration: configuration, settings: settings, stack: stack, choices: choices,
      sizes: sizes, length: length)
  }
}

extension ModelDescription {
  /// The sizes of the layers; nil where they were not recognised.
  ///
  /// - Throws: ``LoweringError`` where there are no heads, or heads that cannot be shared.
  func sizes() throws(LoweringError) -> TransformerLowering.Sizes? {
    guard let hidden = hiddenSize?.value, !layers.isEmpty else { return nil }
    guard let heads = headCount?.value, heads > 0 else {
      throw LoweringError(message: "the number of attention heads is neither in config.json nor in the shapes")
    }
    let keyValueHeads = keyValueHeadCount?.value ?? heads
    let dimension = headDimension?.value ?? hidden / heads
    guard keyValueHeads > 0, heads % keyValueHeads == 0, (1...1 << 20).contains(dimension), heads <= 1 << 20 else {
      throw LoweringError(message: "\(heads) query heads cannot share \(keyValueHeads) key/value heads")
    }
    return TransformerLowering.Sizes(
      hidden: hidden, heads: heads, keyValueHeads: keyValueHeads, headDimension: dimension)
  }

  /// Whether the largest tensors that a pass over so many tokens can make (logits, scores, the widest projection) stay
  /// below 2^46 elements, so that no sum of sizes can overflow.
  func fits(_ settings: ForwardSettings, length: Int, heads: Int, keys: Int) -> Bool {
    let all = layers + otherStacks.flatMap(\.layers)
    let widest = all.flatMap { $0.modules.values }.compactMap { $0.weight?.dimensions.max() }.max() ?? 0
    let most = max(vocabularySize?.value ?? 0, widest, heads.multipliedReportingOverflow(by: keys).partialValue)
    var product = 1
    for factor in [settings.batchSize, length, most] {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, factor))
      guard !overflow, next <= 1 << 46 else { return false }
      product = next
    }
    return true
  }
}
