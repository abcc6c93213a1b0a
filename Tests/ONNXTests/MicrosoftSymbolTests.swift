import Graph
import Testing

@testable import ONNX

/// onnxruntime's operators with extents that have names.
@Suite struct MicrosoftSymbolTests {
  /// The shapes of a node's results as text.
  private func shapes(
    _ op: String, _ inputs: [[Dimension]?], _ attributes: [String: AttributeValue] = [:], outputs: Int = 1,
    values: [Int: Int] = [:]
  ) -> [String] {
    let scope = Scope(operatorSets: [OperatorDomain.microsoft: 1])
    var node = Node()
    node.operatorType = op
    node.domain = OperatorDomain.microsoft
    for (place, shape) in inputs.enumerated() {
      node.inputs.append(shape == nil ? "" : "x\(place)")
      guard let shape else { continue }
      let elements = values[place].map { [Scalar.integer($0)] }
      scope.add("x\(place)", .tensor(TensorFact(.float32, shape: shape, elements: elements)), .input)
    }
    node.outputs = (0..<outputs).map { "y\($0)" }
    node.attributes = attributes.map { Attribute($0.key, $0.value) }
    var graph = GraphDefinition()
    graph.nodes = [node]
    let inference = Inference(functions: [:], symbols: [:])
    _ = inference.infer(graph, in: scope)
    return node.outputs.map { name in
      guard let fact = scope.fact(of: name) else { return "nothing" }
      if case .unknown(let cause) = fact { return cause.message }
      return fact.tensor?.shape?.map(\.description).joined(separator: ",") ?? "no rank"
    }
  }

  private let b = Dimension.symbol("B")
  private let s = Dimension.symbol("S")
  private let p = Dimension.symbol("P")

  @Test func attentionGrowsItsCache() {
    #expect(
      shapes(
        "Attention", [[b, s, 768], [768, 2304], [2304], nil, [2, b, 12, p, 64]], ["num_heads": .integer(12)], outputs: 2
      )
        == ["B,S,768", "2,B,12,P + S,64"])
  }

  @Test func headsOfQueriesKeysAndValues() {
    let cache: [Dimension] = [b, 8, p, 64]
    #expect(
      shapes(
        "MultiHeadAttention", [[b, s, 512], [b, s, 512], [b, s, 512], nil, nil, nil, cache, cache],
        ["num_heads": .integer(8)], outputs: 4) == ["B,S,512", "B,8,P + S,64", "B,8,P + S,64", "B,8,S,P + S"])
    #expect(
      shapes("MultiHeadAttention", [[b, s, 8, 3, 64]], ["num_heads": .integer(8)], outputs: 2) == [
        "B,S,512", "B,8,S,64",
      ])
  }

  @Test func groupsShareTheLongerCache() {
    let group: [String: AttributeValue] = ["num_heads": .integer(32), "kv_num_heads": .integer(8)]
    let inputs: [[Dimension]?] = [
      [b, s, 4096], [b, s, 1024], [b, s, 1024], [b, 8, p, 128], [b, 8, p, 128], [b], [],
    ]
    #expect(
      shapes("GroupQueryAttention", inputs, group, outputs: 2, values: [6: 4096])
        == ["B,S,4096", "B,8,max(4096, P),128"])
    #expect(
      shapes("GroupQueryAttention", [[b, s, 6144], nil, nil, nil, nil, [b], []], group, values: [6: 5])
        == ["B,S,4096"])
  }

  @Test func productsAndWindows() {
    #expect(
      shapes(
        "MatMulNBits", [[b, s, 4096], [11008, 128, 16], [1_409_024]], ["K": .integer(4096), "N": .integer(11008)])
        == ["B,S,11008"])
    #expect(
      shapes("MatMulNBits", [[b, s, 4095]], ["K": .integer(4096), "N": .integer(8)]) == [
        "4095 columns meet 4096 rows"
      ])
    #expect(
      shapes("FusedMatMul", [[b, 12, s, 64], [b, 12, s, 64]], ["transB": .integer(1)]) == ["B,12,S,S"])
    #expect(
      shapes(
        "FusedConv", [[b, 3, s, 224], [64, 3, 7, 7]], ["strides": .integers([2, 2]), "pads": .integers([3, 3, 3, 3])])
        == ["B,64,floor((S + 1)/(2)),112"])
  }

  @Test func extentsThatOnlyARunTells() {
    #expect(shapes("RemovePadding", [[b, s, 8], [b]], outputs: 4) == ["y0.0,8", "B,S", "B + 1", "1"])
    #expect(shapes("Unique", [[s]], outputs: 3) == ["y0.0", "S", "y0.0"])
    #expect(shapes("BeamSearch", [[b, s], [], nil, [], []], values: [1: 40, 4: 2]) == ["B,2,40"])
  }
}
