public import Checkpoint
public import Graph
internal import Units

extension ModelDescription {
  /// Whether the family's own forward pass is known, and not only a decoder's in general.
  public var hasLowering: Bool { ownForward != nil }

  /// The forward pass of the family's row. A decoder that only bears the names of a row does not run as it.
  var ownForward: ForwardChoices? {
    guard let forward = Family.row(family)?.forward else { return nil }
    if !isRecognised, !isRenamed, case .transformer(let choices) = forward, choices.isCausal { return nil }
    return forward
  }

  /// The same, or a decoder's in general.
  func forward(_ configuration: Configuration?, _ settings: ForwardSettings) -> ForwardChoices {
    ownForward ?? .transformer(.generic(self, configuration, settings))
  }

  /// What a sample of a batch is made of.
  public enum Input: Sendable {
    case text, images
  }

  /// What the model reads under these settings.
  public func inputs(_ settings: ForwardSettings) -> Set<Input> {
    switch forward(nil, settings) {
    case .transformer, .stateSpace, .encoderDecoder: [.text]
    case .imageClassifier, .convolutional, .shiftedWindow: [.images]
    case .contrastive: [.text, .images]
    case .visionLanguage: settings.imagesPerSample > 0 ? [.text, .images] : [.text]
    }
  }

  /// A setting that means nothing to this kind of model; nil where there is none.
  private func whatIsAskedInVain(_ forward: ForwardChoices, _ settings: ForwardSettings) -> String? {
    var (readsImages, takesThemAmongTokens, namesTokens, takesTechniques) = (true, false, false, false)
    var isTuned = false
    switch forward {
    case .transformer, .stateSpace, .encoderDecoder:
      (readsImages, namesTokens, takesTechniques) = (false, true, true)
    case .visionLanguage: (takesThemAmongTokens, namesTokens) = (true, true)
    case .convolutional(.residual): isTuned = settings.technique?.kind == .tunedConvolutions
    case .imageClassifier, .convolutional, .shiftedWindow, .contrastive: break
    }
    if settings.technique?.kind == .tunedConvolutions, !isTuned { return Self.whyNothingIsTuned }
    if settings.imageSize != nil, !readsImages { return "the model reads no images, so they have no size" }
    if settings.imagesPerSample > 0, !takesThemAmongTokens {
      return "the model does not read images among its tokens, so none can belong to a sample"
    }
    if settings.loss != .transformers, !namesTokens {
      return "a \(settings.loss.rawValue) loss is there for models that name the next token, and this one does not"
    }
    if settings.technique != nil, !takesTechniques, !isTuned {
      return "prompt tuning, prefix tuning and (IA)3 of a model that reads images are not simulated yet"
    }
    if settings.quantization != nil, !takesTechniques {
      return "quantised weights of a model that reads images are not simulated yet"
    }
    return nil
  }

  /// What is said where ``Technique/Kind/tunedConvolutions`` is asked for in vain.
  static let whyNothingIsTuned = "Tune mode is there for convolutions that a norm over the batch follows"

  /// Blocks behind the last layer that predict tokens further on (DeepSeek-V3, GLM-4.5). transformers does not load them.
  public var multiTokenPrediction: Stack? { otherStacks.first { $0.path == mainStack.path } }

  /// The column of blocks that gives the model its layer count.
  var mainStack: Stack {
    let path = layers.first.map { String($0.path[..<($0.path.lastIndex(of: ".") ?? $0.path.startIndex)]) } ?? ""
    return Stack(path: path, layers: layers, modules: modules)
  }

  /// The training forward pass of this model, as transformers 5.17 runs it in eager mode.
  ///
  /// - Throws: ``LoweringError`` where the description lacks a size that the pass needs.
  public func trainingGraph(
    configuration: Configuration?, settings: ForwardSettings
  ) throws(LoweringError) -> Graph {
    let forward = forward(configuration, settings)
    if let reason = whatTaskLacks(forward) ?? whatIsAskedInVain(forward, settings) {
      throw LoweringError(message: reason)
    }
    let settings = try quantized(settings)
    let graph: Graph
    switch forward {
    case .transformer(let choices):
      graph = try TransformerLowering(self, configuration, settings, choices).graph()
    case .stateSpace(let mixer):
      graph = try StateSpaceLowering(self, configuration, settings, mixer).graph()
    case .imageClassifier(let choices):
      graph = try ImageClassifierLowering(self, configuration, settings, choices).graph()
    case .convolutional(let choices):
      graph = try ConvolutionalLowering(self, configuration, settings, choices).graph()
    case .shiftedWindow:
      graph = try ShiftedWindowLowering(self, configuration, settings).graph()
    case .contrastive(let choices):
      graph = try ContrastiveLowering(self, configuration, settings, choices).graph()
    case .visionLanguage(let choices):
      graph = try VisionLanguageLowering(self, configuration, settings, choices).graph()
    case .encoderDecoder(let choices):
      graph = try EncoderDecoderLowering(self, configuration, settings, choices).graph()
    }
    guard graph.values.contains(where: { $0.origin == .parameter(trains: true) }) else {
      let why = settings.adapters == nil ? "every parameter is frozen" : "no module has a name that is targeted"
      throw LoweringError(message: "\(why), so there is nothing to train")
    }
    return graph
  }

  /// The settings with the quantisation that the files bring along.
  func quantized(_ settings: ForwardSettings) throws(LoweringError) -> ForwardSettings {
    var settings = settings
    if case .bitsandbytes(let stored)? = storedQuantization {
      guard settings.quantization == nil || settings.quantization == stored else {
        throw LoweringError(message: "the checkpoint is quantised already, as \(stored.rawValue)")
      }
      settings.quantization = stored
    }
    if case .grouped? = storedQuantization {
      guard settings.quantization == nil else {
        throw LoweringError(message: "the checkpoint is quantised already, by GPTQ")
      }
      guard settings.adapters?.form != .dora else {
        throw LoweringError(message: "PEFT has no DoRA over weights that GPTQ packed")
      }
      // `prepare_model_for_kbit_training` leaves the types of such a model as they are.
      settings.isPreparedForKBitTraining = false
    }
    try checkStorage()
    if dequantization == .mxfp4, settings.parameterType != .bfloat16 {
      throw LoweringError(
        message: "transformers brings MXFP4 weights back in bf16, whatever the rest is loaded in",
        help: "--precision bf16 loads all of it so")
    }
    let isQuantized = settings.quantization != nil || storedQuantization != nil
    guard !isQuantized || settings.adapters != nil else {
      throw LoweringError(message: "quantised weights do not train, so adapters must (--lora-rank)")
    }
    guard !isQuantized || settings.adapters?.form != .lamda else {
      throw LoweringError(message: "LaMDA over quantised weights is not simulated yet")
    }
    return settings
  }
}
