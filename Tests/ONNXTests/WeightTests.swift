import Checkpoint
import Testing
import Units

@testable import ONNX

@Suite struct WeightTests {
  func weights(_ model: SmallModel) -> GraphWeights { GraphWeights(model.model, model.analysis) }

  /// Two layers of a norm and two products, with or without the modules that an exporter writes down.
  static func layered(_ count: Int, modules: Bool) -> SmallModel {
    var model = SmallModel().input("ids", "b, s", .int64).weight("t0", [100, 8])
      .node("Gather t0 ids -> x0", module: modules ? "model.embed" : nil)
    for layer in 0..<count {
      let path = "model.layers.\(layer)"
      model = model.weight("n\(layer)", [8]).weight("u\(layer)", [8, 32]).weight("d\(layer)", [32, 8])
        .node("LayerNormalization x\(layer) n\(layer) -> h\(layer)", module: modules ? "\(path).norm" : nil)
        .node("MatMul h\(layer) u\(layer) -> w\(layer)", module: modules ? "\(path).mlp.up" : nil)
        .node("Relu w\(layer) -> r\(layer)")
        .node("MatMul r\(layer) d\(layer) -> y\(layer)", module: modules ? "\(path).mlp.down" : nil)
        .node("Add x\(layer) y\(layer) -> x\(layer + 1)")
    }
    return model.weight("f", [8]).node("LayerNormalization x\(count) f -> z", module: modules ? "model.final" : nil)
      .output("z")
  }

  @Test func weightsTakeTheNameOfTheModuleThatReadsThem() {
    let found = weights(Self.layered(2, modules: true))
    #expect(
      found.weights.map(\.name) == [
        "model.embed.weight", "model.layers.0.norm.weight", "model.layers.0.mlp.up.weight",
        "model.layers.0.mlp.down.weight", "model.layers.1.norm.weight", "model.layers.1.mlp.up.weight",
        "model.layers.1.mlp.down.weight", "model.final.weight",
      ])
    #expect(found.renamedCount == 8)
    // A linear layer's weight is [out, in], which the graph holds transposed.
    #expect(found.weights[2].shape == [8, 32])
    #expect(found.weights[2].moduleShape == [32, 8])
    #expect(found.weights[0].moduleShape == [100, 8])
  }

  @Test func aParametersOwnNameStays() {
    let model = SmallModel().input("x", "b, 8").weight("encoder.layer.3.dense.weight", [8, 8])
      .node("MatMul x encoder.layer.3.dense.weight -> y", module: "elsewhere").output("y")
    #expect(weights(model).weights.map(\.name) == ["encoder.layer.3.dense.weight"])
    #expect(weights(model).renamedCount == 0)
  }

  @Test func layersWithoutNamesAreFoundByRepetition() {
    let names = weights(Self.layered(3, modules: false)).weights.map(\.name)
    #expect(
      names == [
        "t0", "layers.0.layernormalization_0.weight", "layers.0.matmul_1.weight", "layers.0.matmul_2.weight",
        "layers.1.layernormalization_0.weight", "layers.1.matmul_1.weight", "layers.1.matmul_2.weight",
        "layers.2.layernormalization_0.weight", "layers.2.matmul_1.weight", "layers.2.matmul_2.weight", "f",
      ])
  }

  @Test func constantsThatNoActivationMeetsAreNoWeights() {
    // A table of positions times the positions, and a bound: neither sees an activation.
    let model = SmallModel().input("ids", "b, s", .int64).weight("table", [100, 8]).weight("frequencies", [1, 4])
      .weight("low", [8]).weight("high", [8])
      .node("Cast ids -> f", [Attribute("to", .integer(1))]).integers("axis", [2])
      .node("Unsqueeze f axis -> g").node("MatMul g frequencies -> angles").node("Cos angles -> c")
      .node("Gather table ids -> x").node("Clip x low high -> y").node(
        "Concat y c -> z", [Attribute("axis", .integer(-1))]
      )
      .output("z")
    let found = weights(model)
    #expect(found.weights.map(\.storedName) == ["table"])
    #expect(found.constantCount == 4)
    // Four, eight and eight numbers, and an axis of eight bytes.
    #expect(found.constantBytes == ByteCount(16 + 32 + 32 + 8))
  }

  @Test func aCheckpointIsMadeOfTheWeights() throws {
    let model = Self.layered(2, modules: true)
    let graph = GraphCheckpoint(model.model, model.analysis)
    let set = try graph.checkpoint.primaryWeightSet()
    #expect(set.tensors.map(\.name) == graph.modules.tensors.map(\.name))
    #expect(set.tensors.map(\.name) == set.tensors.map(\.name).naturallySorted())
    #expect(Set(graph.checkpoint.findings.map(\.rule)) == ["weights-renamed"])
  }

  // MARK: - Beside a checkpoint

  private func differences(_ change: (inout [StoredTensor]) -> Void) -> [Finding] {
    let model = Self.layered(2, modules: true)
    let graph = GraphCheckpoint(model.model, model.analysis)
    var other = graph.modules
    change(&other.tensors)
    return graph.differences(from: other, file: "onnx/model.onnx")
  }

  @Test func theSameWeightsDoNotDiffer() {
    #expect(differences { _ in }.isEmpty)
    // Under a wrapper's name, and the other way round.
    #expect(
      differences { tensors in
        for index in tensors.indices { tensors[index].name = "wrapper.\(tensors[index].name)" }
        tensors[1].shape = Shape(tensors[1].shape.dimensions.reversed())
      }.isEmpty)
  }

  @Test func anotherShapeIsAnError() {
    let found = differences { tensors in
      if let index = tensors.firstIndex(where: { $0.name == "model.embed.weight" }) { tensors[index].shape = [101, 8] }
    }
    #expect(found.map(\.rule) == ["graph-shape-differs"])
    #expect(found.first?.severity == .error)
  }

  @Test func anotherTypeIsANote() {
    let found = differences { tensors in
      for index in tensors.indices { tensors[index].dataType = .bfloat16 }
    }
    #expect(found.map(\.rule) == ["graph-types-differ"])
    #expect(found.first?.file == "onnx/model.onnx")
  }

  @Test func aMissingWeightIsAWarning() {
    let found = differences {
      $0.append(
        StoredTensor(
          name: "model.layers.2.mlp.up.weight", dataType: .float32, shape: [7, 7], fileIndex: 0,
          range: FileRange(offset: 0, length: 196)))
    }
    #expect(found.map(\.rule) == ["graph-weights-differ"])
    #expect(found.first?.message.contains("model.layers.2.mlp.up.weight") == true)
  }
}
