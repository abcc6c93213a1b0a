import Testing
import Units

@testable import ONNX

/// What a sound model says reaches the values that stand for it.
@Suite struct ModelReadingTests {
  @Test func model() throws {
    let model = try opened(
      Bytes.model(
        Bytes.graph(), version: 9, imports: [Bytes.operatorSet(18, "ai.onnx"), Bytes.operatorSet(3, "ai.onnx.ml")],
        Wire.text(2, "pytorch") + Wire.text(3, "2.9.0") + Wire.bytes(14, Wire.text(1, "k") + Wire.text(2, "v"))))
    #expect(model.irVersion == 9)
    #expect(model.producer == "pytorch 2.9.0")
    #expect(model.operatorSets == ["": 18, "ai.onnx.ml": 3])
    #expect(model.metadata == ["k": "v"])
    #expect(model.findings == [])
  }

  /// Before version 3 of the format there were no versions of operators.
  @Test func oldModel() throws {
    let model = try opened(Bytes.model(Bytes.graph(), version: 2, imports: []))
    #expect(model.operatorSets == ["": 1])
    #expect(model.findings == [])
  }

  @Test func types() throws {
    func declared(_ type: [UInt8]) throws -> ValueType? {
      let value = Wire.text(1, "v") + Wire.bytes(2, type)
      return try opened(Bytes.model(Bytes.graph(extra: Wire.bytes(13, value)))).graph.declarations.first?.type
    }
    let dimensions = [Wire.number(1, 3), Wire.text(2, "batch"), [], Wire.number(1, -1), Wire.text(2, "")]
    let shape = Wire.bytes(2, dimensions.flatMap { Wire.bytes(1, $0) })
    let tensor = Wire.bytes(1, Wire.number(1, 1) + shape)
    #expect(
      try declared(tensor) == .tensor(.float32, [.fixed(3), .named("batch"), .unknown, .unknown, .unknown]))
    #expect(try declared(Wire.bytes(1, Wire.number(1, 7))) == .tensor(.int64, nil))
    #expect(try declared(Wire.bytes(1, Wire.number(1, 7) + Wire.bytes(2, []))) == .tensor(.int64, []))
    #expect(try declared(Wire.bytes(8, Wire.number(1, 1))) == .sparseTensor(.float32, nil))
    #expect(
      try declared(Wire.bytes(4, Wire.bytes(1, Wire.bytes(1, Wire.number(1, 1)))))
        == .sequence(.tensor(.float32, nil)))
    #expect(try declared(Wire.bytes(9, Wire.bytes(1, Wire.bytes(4, [])))) == .optional(.sequence(nil)))
    #expect(try declared(Wire.bytes(5, Wire.number(1, 7))) == .map)
    #expect(try declared(Wire.bytes(7, Wire.text(1, "d"))) == .opaque)
    #expect(try declared([]) == nil)
  }

  private func attribute(_ bytes: [UInt8]) throws -> AttributeValue {
    let model = try opened(
      Bytes.model(Bytes.graph([Bytes.node("Relu", ["x"], ["y"], [Wire.text(1, "a") + bytes])])))
    #expect(model.findings == [])
    return try #require(model.graph.nodes.first?.attributes.first?.value)
  }

  /// With their types, and without, as in the first version of the format.
  @Test func attributes() throws {
    let values: [(Int, [UInt8], String)] = [
      (1, Wire.float(2, 1.5), "float(1.5)"), (2, Wire.number(3, -7), "integer(-7)"),
      (3, Wire.text(4, "s"), #"string("s")"#),
      (6, Wire.float(7, 1) + Wire.float(7, 2), "floats([1.0, 2.0])"),
      (7, Wire.packed(8, [1, -1]), "integers([1, -1])"),
      (7, Wire.number(8, 1) + Wire.number(8, 2), "integers([1, 2])"),
      (8, Wire.text(9, "a") + Wire.text(9, ""), #"strings(["a", ""])"#),
    ]
    for (type, bytes, words) in values {
      #expect("\(try attribute(bytes + Wire.number(20, type)))".hasSuffix(words))
      #expect("\(try attribute(bytes))".hasSuffix(words))
    }
    #expect("\(try attribute(Wire.number(20, 7)))".hasSuffix("integers([])"))
    #expect("\(try attribute(Wire.text(21, "outer") + Wire.number(20, 2)))".hasSuffix(#"reference("outer")"#))
  }

  @Test func attributesThatHoldMore() throws {
    guard case .tensor(let tensor) = try attribute(Wire.bytes(5, Bytes.tensor()) + Wire.number(20, 4)),
      case .tensors(let tensors) = try attribute(Wire.bytes(10, Bytes.tensor()) + Wire.number(20, 9)),
      case .type(let type) = try attribute(Wire.bytes(14, Wire.bytes(1, Wire.number(1, 1))) + Wire.number(20, 13)),
      case .types(let types) = try attribute(Wire.bytes(15, Wire.bytes(1, Wire.number(1, 1))) + Wire.number(20, 14))
    else {
      Issue.record("an attribute is of another kind")
      return
    }
    #expect(tensor.shape == [2])
    #expect(tensor.content == .reals([0, 0]))
    #expect(tensors.count == 1)
    #expect(type == .tensor(.float32, nil))
    #expect(types == [.tensor(.float32, nil)])
  }

  /// A subgraph sees the values around it; what it names itself is not seen outside, and may be named again.
  @Test func subgraphs() throws {
    let branch = Bytes.graph([Bytes.node("Relu", ["x"], ["inner"])], inputs: [], outputs: ["inner"])
    let branches = ["then_branch", "else_branch"].map { Bytes.subgraph($0, branch) }
    let model = try opened(Bytes.model(Bytes.graph([Bytes.node("If", ["x"], ["y"], branches)])))
    #expect(model.findings == [])
    guard case .graph(let graph) = model.graph.nodes.first?.attributes.first?.value else {
      Issue.record("no subgraph")
      return
    }
    #expect(graph.nodes.map(\.operatorType) == ["Relu"])
    let seen = try opened(
      Bytes.model(Bytes.graph([Bytes.node("If", ["x"], ["z"], branches), Bytes.node("Relu", ["inner"], ["y"])])))
    #expect(seen.findings.map(\.rule) == ["input-dangling"])
  }

  @Test func functions() throws {
    let model = try opened(
      Bytes.model(
        Bytes.graph([Bytes.node("f", ["x"], ["y"], domain: "l")]),
        imports: [Bytes.operatorSet(17), Bytes.operatorSet(1, "l")],
        Wire.bytes(
          25, Bytes.function("f") + Wire.text(6, "alpha") + Wire.bytes(11, Wire.text(1, "b") + Wire.number(3, 4)))))
    #expect(model.findings == [])
    let function = try #require(model.functions[FunctionKey(domain: "l", name: "f")])
    #expect(function.inputs == ["x"])
    #expect(function.outputs == ["y0"])
    #expect(function.attributes == ["alpha"])
    #expect(function.defaults.map(\.name) == ["b"])
    #expect(function.operatorSets == ["": 17, "l": 1])
    #expect(function.nodes.map(\.operatorType) == ["Relu"])
  }

  /// Before version 4 of the format initializers are listed among the inputs.
  @Test func anInitializerMayBeAnInput() throws {
    let model = try opened(
      Bytes.model(
        Bytes.graph([Bytes.node("Add", ["x", "w"], ["y"])], inputs: ["x", "w"], initializers: [Bytes.tensor()])))
    #expect(model.findings == [])
    #expect(model.graph.inputs.map(\.name) == ["x", "w"])
  }

  @Test func anOptionalInputMayBeLeftOut() throws {
    #expect(try opened(Bytes.model(Bytes.graph([Bytes.node("Clip", ["x", "", ""], ["y"])]))).findings == [])
  }
}
