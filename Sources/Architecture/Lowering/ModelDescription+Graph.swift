public import Checkpoint
public import Graph
internal import Units

extension ModelDescription {
  /// Whether the family's own forward pass is known, and not only a decoder's in general.
  public var hasLowering: Bool { Family.row(family)?.forward != nil }

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
    switch Family.row(family)?.forward ?? .transformer(.generic(self)) {
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
