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
}
