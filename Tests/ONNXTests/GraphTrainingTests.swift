import Graph
import Testing
import TrainingStep
import Units

@testable import ONNX

/// ONNX graphs against the same networks written down for PyTorch, whose simulation is held against traces elsewhere.
@Suite struct GraphTrainingTests {
  let settings = ForwardSettings(batchSize: 4, sequenceLength: 16, precision: .fp32)

  func peaks(_ graph: Graph) -> [Int] {
    let timeline = TrainingStep(graph: graph, workload: Workload(forward: settings)).run()
    return [Phase.forward, .backward, .optimizer].map { timeline.peaks[2]?[$0]?.bytes.bytes ?? 0 }
  }

  static let perceptron = SmallModel().input("x", "b, 64").weight("w1", [64, 256]).weight("b1", [256])
    .weight("w2", [256, 10]).weight("b2", [10])
    .node("MatMul x w1 -> p").node("Add p b1 -> h").node("Relu h -> r").node("MatMul r w2 -> q")
    .node("Add b2 q -> y").output("y")

  @Test func aProductWithItsBiasIsALinearLayer() throws {
    let graph = try GraphTraining(Self.perceptron.model).trainingGraph(settings)
    var builder = GraphBuilder()
    let x = builder.input("x", [4, 64], .float32)
    let (w1, b1) = (builder.parameter("w1", [64, 256], .float32), builder.parameter("b1", [256], .float32))
    let (w2, b2) = (builder.parameter("w2", [256, 10], .float32), builder.parameter("b2", [10], .float32))
    let hidden = builder.unary(.relu, builder.linear(x, w1, b1, transposed: true))
    let logits = builder.linear(hidden, w2, b2, transposed: true)
    let labels = builder.input("labels", [4], .int64)
    let expected = builder.finish(loss: builder.crossEntropy(builder.hold(logits), labels))
    #expect(graph.operators.map(\.kind) == expected.operators.map(\.kind))
    #expect(peaks(graph) == peaks(expected))
  }

  @Test func weightsTrainAndConstantsDoNot() throws {
    let model = SmallModel().input("ids", "b, s", .int64).weight("table", [50, 8]).weight("head", [8, 50])
      .weight("frequencies", [1, 8]).integers("axis", [2])
      .node("Cast ids -> f", [Attribute("to", .integer(1))]).node("Unsqueeze f axis -> g")
      .node("MatMul g frequencies -> angles").node("Cos angles -> c")
      .node("Gather table ids -> x").node("Mul x c -> m").node("MatMul m head -> y").output("y")
    let graph = try GraphTraining(model.model).trainingGraph(settings)
    let trained = graph.values.filter { $0.origin == .parameter(trains: true) }.compactMap(\.name)
    #expect(trained.sorted() == ["head", "table"])
    // The angles carry no gradient, and are made all the same.
    #expect(graph.operators.contains { $0.kind == .create("Cos") })
    var frozen = settings
    frozen.frozen = ["tab*"]
    let half = try GraphTraining(model.model).trainingGraph(frozen)
    #expect(half.values.filter { $0.origin == .parameter(trains: true) }.compactMap(\.name) == ["head"])
  }

  /// The fp32 weights of the file become those of the run's type: half the bytes, gradients included.
  @Test func thePrecisionTakesTheStoredTypesPlace() throws {
    var half = settings
    half.precision = .bf16
    let graph = try GraphTraining(Self.perceptron.model).trainingGraph(half)
    #expect(
      graph.values.filter { if case .parameter = $0.origin { true } else { false } }.allSatisfy {
        $0.dataType == .bfloat16
      })
  }

  @Test func aFunctionWithoutADerivativeIsRefusedByName() {
    let model = SmallModel().input("x", "b, 64").weight("w", [64, 64]).node("MatMul x w -> p").node("Det p -> y")
      .output("y")
    #expect(throws: LoweringError.self) { try GraphTraining(model.model).trainingGraph(settings) }
  }

  @Test(arguments: ["Exp", "Erf", "Sqrt", "Abs", "Softplus", "Tanh", "Neg", "Gelu"])
  func elementwiseFunctionsHaveDerivatives(_ name: String) throws {
    let model = SmallModel().input("x", "b, 64").weight("w", [64, 64]).node("MatMul x w -> p").node("\(name) p -> y")
      .output("y")
    let graph = try GraphTraining(model.model).trainingGraph(settings)
    // Nothing that a gradient flows through is left without one.
    let timeline = TrainingStep(graph: graph, workload: Workload(forward: settings)).run()
    #expect(timeline.peaks[2]?[.optimizer] != nil)
    // Parameters, gradients and two states: four copies of the weight at the update.
    #expect(try #require(timeline.peaks[2]?[.optimizer]).bytes >= ByteCount(4 * 64 * 64 * 4))
  }

  @Test func aConvolutionKeepsItsInput() throws {
    let model = SmallModel().input("x", "b, 3, ?, ?").weight("w", [16, 3, 3, 3]).weight("v", [16, 16, 3, 3])
      .node("Conv x w -> p", [Attribute("pads", .integers([1, 1, 1, 1]))])
      .node("Conv p v -> q", [Attribute("pads", .integers([1, 1, 1, 1]))])
      .node("GlobalAveragePool q -> g").integers("flat", [0, -1]).node("Reshape g flat -> y").output("y")
    var images = settings
    images.imageSize = 32
    let graph = try GraphTraining(model.model).trainingGraph(images)
    let timeline = TrainingStep(graph: graph, workload: Workload(forward: images)).run()
    // Both feature maps live until the second product's backward: 4 images of 16 channels of 32 by 32 floats.
    let map = 4 * 16 * 32 * 32 * 4
    #expect(try #require(timeline.peaks[2]?[.backward]).bytes >= ByteCount(2 * map))
  }

  // MARK: - Whole attentions

  /// Three projections and an attention of four heads over them, or of one head that the four share.
  func attending(_ node: String, keyWidth: Int, _ attributes: [Attribute]) -> SmallModel {
    SmallModel().input("x", "b, s, 64").weight("wq", [64, 64]).weight("wk", [64, keyWidth])
      .weight("wv", [64, keyWidth])
      .node("MatMul x wq -> q").node("MatMul x wk -> k").node("MatMul x wv -> v").node(node, attributes).output("y")
  }

  func kernels(_ model: SmallModel, _ precision: ForwardSettings.Precision) throws -> [OperatorKind] {
    var settings = settings
    settings.precision = precision
    return try GraphTraining(model.model).trainingGraph(settings).operators.map(\.kind).filter { kind in
      if case .attention = kind { true } else { kind == .softmax }
    }
  }

  @Test func anAttentionIsTheKernelThatTorchPicks() throws {
    let heads = [Attribute("num_heads", .integer(4))]
    let own = attending("com.microsoft.MultiHeadAttention q k v -> y", keyWidth: 64, heads)
    #expect(try kernels(own, .fp32) == [.attention(.efficient, isCausal: false)])
    #expect(try kernels(own, .bf16) == [.attention(.flash, isCausal: false)])
    let shared = attending(
      "com.microsoft.GroupQueryAttention q k v -> y", keyWidth: 16, heads + [Attribute("kv_num_heads", .integer(1))])
    #expect(try kernels(shared, .bf16) == [.attention(.flash, isCausal: false)])
    let standard = attending(
      "Attention q k v -> y", keyWidth: 64,
      [Attribute("q_num_heads", .integer(4)), Attribute("kv_num_heads", .integer(4))])
    var eager = settings
    eager.attention = .eager
    let graph = try GraphTraining(standard.model).trainingGraph(eager)
    #expect(graph.operators.contains { $0.kind == .softmax })
  }

  @Test func sharedHeadsAreRepeatedWhereTheKernelCannotShare() throws {
    let model = attending(
      "com.microsoft.GroupQueryAttention q k v -> y", keyWidth: 16,
      [Attribute("num_heads", .integer(4)), Attribute("kv_num_heads", .integer(1))])
    let graph = try GraphTraining(model.model).trainingGraph(settings)
    let attention = try #require(graph.operators.first { $0.kind == .attention(.efficient, isCausal: false) })
    #expect(attention.inputs.map { graph[$0].layout.shape } == [[4, 4, 16, 16], [4, 4, 16, 16], [4, 4, 16, 16]])
  }

  @Test(arguments: [
    "com.microsoft.BiasGelu p b -> y", "com.microsoft.FastGelu p b -> y", "com.microsoft.QuickGelu p -> y",
    "com.microsoft.SkipLayerNormalization p p b b -> y", "com.microsoft.SkipSimplifiedLayerNormalization p p b -> y",
    "SimplifiedLayerNormalization p b -> y", "RMSNormalization p b -> y", "LayerNormalization p b b -> y",
  ]) func fusedOperatorsTrain(_ node: String) throws {
    let model = SmallModel().input("x", "b, s, 64").weight("w", [64, 64]).weight("b", [64]).node("MatMul x w -> p")
      .node(node).output("y")
    let graph = try GraphTraining(model.model).trainingGraph(settings)
    let trained = graph.values.filter { $0.origin == .parameter(trains: true) }.compactMap(\.name)
    let timeline = TrainingStep(graph: graph, workload: Workload(forward: settings)).run()
    // Everything that trains is updated: weights, gradients and two states of each.
    let numbers = trained.map { $0 == "w" ? 64 * 64 : 64 }.reduce(0, +)
    #expect(trained.contains("w"))
    #expect(try #require(timeline.peaks[2]?[.optimizer]).bytes >= ByteCount(4 * 4 * numbers))
  }
}
