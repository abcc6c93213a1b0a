public import Graph
internal import Units

/// An ONNX model to train: its graph as eager PyTorch would run it, operator by operator, on concrete sizes.
public struct GraphTraining: ForwardPass {
  let model: Model

  public init(_ model: Model) { self.model = model }

  /// What is taken for granted where an ONNX graph is trained.
  public static let assumptions = [
    (what: "operators", value: "each as the PyTorch operator of the same meaning; a product and its bias are one"),
    (what: "loss", value: "cross-entropy of the first output along its last axis, in fp32; a scalar is its own loss"),
  ]

  /// Pixels a side where neither the graph nor a flag says: what ImageNet models are trained with.
  private static let usualImageSize = 224

  public func trainingGraph(_ settings: ForwardSettings) throws(LoweringError) -> Graph {
    var question = GraphQuestion()
    question.batchSize = settings.batchSize
    question.sequenceLength = settings.sequenceLength
    question.imageSize = settings.imageSize ?? (model.fixed(.image) == nil ? Self.usualImageSize : nil)
    let analysis: GraphAnalysis
    do throws(GraphQuestionError) {
      analysis = try GraphAnalysis(model, question)
    } catch {
      throw LoweringError(message: error.message)
    }
    if let defect = analysis.defects.first { throw LoweringError(message: "\(defect)") }
    let profile = analysis.profile
    if let open = profile.symbols.first {
      throw LoweringError(
        message: "the dimension '\(open)' has no size: batch, sequence and image size are all that can be given here")
    }
    guard settings.adapters == nil else { throw LoweringError(message: "adapters on an ONNX graph are not simulated") }
    guard Self.fits(profile) else { throw LoweringError(message: "a tensor of this size would pass 2^46 elements") }
    var lowering = TrainingLowering(analysis, GraphWeights(model, analysis), settings)
    return try lowering.run()
  }

  /// Whether no sum of sizes can overflow.
  private static func fits(_ profile: GraphProfile) -> Bool {
    profile.values.allSatisfy { value in
      // Strides are products of extents, also beside one of zero.
      let extents = (value.shape ?? []).compactMap(\.constant).map { max(1, $0) }
      return (Shape(extents).elementCount?.count ?? .max) <= 1 << 46
    }
  }
}
