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
    let settings = try quantized(settings)
    let graph: Graph
    switch Family.row(family)?.forward ?? .transformer(.generic(self)) {
    case .transformer(let choices):
      graph = try TransformerLowering(self, configuration, settings, choices).graph()
    case .stateSpace(let mixer):
      graph = try StateSpaceLowering(self, configuration, settings, mixer).graph()
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
  private func quantized(_ settings: ForwardSettings) throws(LoweringError) -> ForwardSettings {
    var settings = settings
    if case .bitsandbytes(let stored)? = storedQuantization {
      guard settings.quantization == nil || settings.quantization == stored else {
        throw LoweringError(message: "the checkpoint is quantised already, as \(stored.rawValue)")
      }
      settings.quantization = stored
    }
    guard settings.quantization == nil || settings.adapters != nil else {
      throw LoweringError(message: "quantised weights do not train, so adapters must (--lora-rank)")
    }
    return settings
  }
}
