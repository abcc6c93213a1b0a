internal import Checkpoint
internal import Graph
internal import Units

extension EncoderDecoderLowering {
  /// The lowering of a model with an encoder and a decoder that attends over it.
  ///
  /// - Throws: ``LoweringError`` where the model has parts that no pass is known for, or shapes that do not fit.
  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings,
    _ choices: EncoderDecoderChoices
  ) throws(LoweringError) {
    if let reason = description.whatCannotRun { throw LoweringError(message: reason) }
    if let architecture = configuration?.strings("architectures")?.first, !Self.generates(architecture) {
      throw LoweringError(message: "\(architecture) is not simulated yet: of encoder-decoders only what generates is")
    }
    guard let stack = description.otherStacks.first, description.otherStacks.count == 1 else {
      throw LoweringError(message: "an encoder without its one decoder is not simulated yet")
    }
    guard let sizes = try description.sizes() else {
      throw LoweringError(message: "the sizes of the layers were not recognised, so there is nothing to run")
    }
    var settings = settings
    if choices.labelsStopCache { settings.usesCache = false }
    // Nothing reads a cache in an encoder.
    var sourceSettings = settings
    sourceSettings.usesCache = false
    var main = description.mainStack
    main.modules = description.modules
    let sourceLength: Int
    switch choices.source {
    case .tokens: sourceLength = settings.sequenceLength
    case .frames: sourceLength = description.modules[.positionEmbedding]?.weight?.dimensions.first ?? 0
    }
    let targetLength = settings.targetLength ?? settings.sequenceLength
    var targetSizes = sizes
    if let heads = configuration?.integer("decoder_attention_heads"), heads > 0, sizes.hidden % heads == 0 {
      (targetSizes.heads, targetSizes.keyValueHeads) = (heads, heads)
      targetSizes.headDimension = sizes.heads * sizes.headDimension / heads
    }
    for (column, sizes) in [(main, sizes), (stack, targetSizes)] {
      if let misfit = description.misfit(sizes, of: column, memory: sizes.hidden) {
        throw LoweringError(message: "\(misfit), so the model cannot be run")
      }
    }
    for length in [sourceLength, targetLength] {
      let longest = max(sourceLength, targetLength)
      guard description.fits(settings, length: length, heads: sizes.heads, keys: longest) else {
        throw LoweringError(message: "a tensor of this batch and sequence length would pass 2^46 elements")
      }
    }
    var block = choices.block
    block.isCausal = true
    let target = TransformerLowering(
      description: description, configuration: configuration, settings: settings, stack: stack, choices: block,
      sizes: targetSizes, length: targetLength)
    block.isCausal = false
    self.init(
      description: description, configuration: configuration, settings: settings, choices: choices,
      encoder: TransformerLowering(
        description: description, configuration: configuration, settings: sourceSettings, stack: main,
        choices: block, sizes: sizes, length: sourceLength),
      decoder: target)
    if let reason = whatCannotRun { throw LoweringError(message: reason) }
  }

  /// Whether a class of transformers computes logits for each target token.
  private static func generates(_ architecture: String) -> Bool {
    architecture.hasSuffix("ForConditionalGeneration") || architecture.hasSuffix("MTModel")
  }

  /// A shape or a setting under which the pass makes no sense; nil where there is none.
  private var whatCannotRun: String? {
    guard encoder.length > 0 else { return "the encoder has no positions" }
    guard settings.loss == .transformers, settings.technique == nil else {
      return "of an encoder-decoder only the loss of transformers is simulated, and of PEFT's techniques only LoRA"
    }
    if settings.parameterType == .float16, choices.block.clampsHalf {
      return "\(description.family) in pure fp16, where values are clamped, is not simulated yet"
    }
    for column in [encoder, decoder] {
      let isCrossed = column.stack.layers.allSatisfy { $0.modules[.crossQuery] != nil }
      if column.choices.isCausal != isCrossed { return "\(column.stack.path) is not the column that it should be" }
      if case .relative = choices.positions {
        guard let first = column.stack.layers.first?.modules[.relativePositionBias]?.weight, first.rank == 2,
          first[1] == column.sizes.heads
        else { return "\(column.stack.path) has no relative position bias for its \(column.sizes.heads) heads" }
        continue
      }
      if choices.positions.areStored, column.stack.modules[.positionEmbedding]?.weight == nil {
        return "\(column.stack.path) has no table of positions"
      }
      let places = places(of: column)
      guard (0...1 << 24).contains(places), column.length <= places else {
        return "a sequence of \(column.length) tokens is longer than the \(places) positions that the model has"
      }
    }
    guard case .frames = choices.source else { return nil }
    guard let first = encoder.stack.modules[.frameConvolution]?.weight,
      let second = encoder.stack.modules[.secondFrameConvolution]?.weight,
      first.rank == 3, second.rank == 3, first[0] == hidden, first[2] == 3, second == [hidden, hidden, 3],
      (1...1 << 20).contains(first[1])
    else { return "the convolutions before the encoder do not have the shapes that they should" }
    return nil
  }
}
