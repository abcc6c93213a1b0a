public import Checkpoint
public import Graph
internal import Units

extension ModelDescription {
  /// Whether the family's own forward pass is known, and not only a decoder's in general.
  public var hasLowering: Bool { Family.row(family)?.forward != nil }

  private var forward: ForwardChoices { Family.row(family)?.forward ?? .transformer(.generic(self)) }

  /// What a sample of a batch is made of.
  public enum Input: Sendable {
    case text, images
  }

  /// What the model reads under these settings.
  public func inputs(_ settings: ForwardSettings) -> Set<Input> {
    switch forward {
    case .transformer: [.text]
    case .imageClassifier, .convolutional: [.images]
    case .contrastive: [.text, .images]
    case .visionLanguage: settings.imagesPerSample > 0 ? [.text, .images] : [.text]
    }
  }

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
    let inputs = inputs(settings)
    guard inputs.contains(.images) || (settings.imageSize == nil && settings.imagesPerSample == 0) else {
      throw LoweringError(message: "the model reads no images, or none were asked for, so they have no size or number")
    }
    guard settings.imagesPerSample == 0 || inputs == [.text, .images] && forward.takesImagesAmongTokens else {
      throw LoweringError(message: "the model does not read images among its tokens, so none can belong to a sample")
    }
    switch forward {
    case .transformer(let choices):
      return try TransformerLowering(self, configuration, settings, choices).graph()
    case .imageClassifier(let choices):
      return try ImageClassifierLowering(self, configuration, settings, choices).graph()
    case .convolutional(let choices):
      return try ConvolutionalLowering(self, configuration, settings, choices).graph()
    case .contrastive(let choices):
      return try ContrastiveLowering(self, configuration, settings, choices).graph()
    case .visionLanguage(let choices):
      return try VisionLanguageLowering(self, configuration, settings, choices).graph()
    }
  }
}
