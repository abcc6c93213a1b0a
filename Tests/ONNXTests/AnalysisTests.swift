import Checkpoint
import Graph
import Testing
import Units

@testable import ONNX

@Suite struct AnalysisTests {
  static func subgraph(inputs: [String] = [], _ nodes: [Node], _ outputs: [String]) -> AttributeValue {
    var graph = GraphDefinition()
    graph.inputs = inputs.map { ValueDeclaration(name: $0, type: nil) }
    graph.nodes = nodes
    graph.outputs = outputs.map { ValueDeclaration(name: $0, type: nil) }
    return .graph(graph)
  }

  // MARK: - Shapes through values

  /// What a TorchScript export makes of `x.view(x.size(0), x.size(1), 12, 64)`.
  @Test func aShapeAssembledElementByElementIsFollowed() throws {
    let model = SmallModel().input("x", "batch, sequence, 768")
      .scalar("zero", 0).scalar("one", 1).integers("axis", [0]).integers("heads", [12, 64])
      .node("Shape x -> s").node("Gather s zero -> b").node("Gather s one -> l")
      .node("Unsqueeze b axis -> b1").node("Unsqueeze l axis -> l1")
      .node("Concat b1 l1 heads -> target", [Attribute("axis", .integer(0))])
      .node("Reshape x target -> y").output("y")
    #expect(try model.shape("y") == "batch, sequence, 12, 64")
  }

  @Test func arithmeticOnShapesStaysExact() throws {
    let model = SmallModel().input("x", "batch, sequence, 768").integers("minus", [-1]).scalar("two", 2)
      .node("Size x -> n").node("Div n two -> half")
      .node("Reshape x minus -> flat").node("Unsqueeze half axis -> one").integers("axis", [0])
      .node("Expand flat one -> wide").output("flat")
    #expect(try model.shape("flat") == "768*batch*sequence")
  }

  @Test func aNamedDimensionMayBeASum() throws {
    let model = SmallModel().input("x", "batch, past + sequence").input("y", "batch, past")
      .node("Concat x y -> z", [Attribute("axis", .integer(1))]).output("z")
    #expect(try model.shape("z") == "batch, 2*past + sequence")
    var question = GraphQuestion()
    question.dimensions = ["past": 4, "sequence": 1]
    #expect(try model.shape("z", question) == "batch, 9")
  }

  // MARK: - Branches and loops

  private func branching(_ value: Bool?) -> SmallModel {
    let condition = value.map { SmallModel().truth("c", $0) } ?? SmallModel().input("c", "", .bool)
    return condition.input("x", "b, 4")
      .node(
        "If c -> y",
        [
          Attribute("then_branch", Self.subgraph([SmallModel.node("Relu x -> t")], ["t"])),
          Attribute(
            "else_branch",
            Self.subgraph([SmallModel.node("Concat x x -> e", [Attribute("axis", .integer(0))])], ["e"])),
        ]
      ).output("y")
  }

  @Test func aKnownConditionChoosesItsBranch() throws {
    #expect(try branching(true).shape("y") == "b, 4")
    #expect(try branching(false).shape("y") == "2*b, 4")
  }

  @Test func anUnknownConditionLeavesWhatTheBranchesShare() throws {
    let value = try #require(branching(nil).analysis.profile.values.first { $0.name == "y" })
    #expect(value.shape?[1] == 4)
    #expect(value.shape?[0].unknowns.count == 1)
    #expect(value.cause?.contains("differs between its branches") == true)
  }

  /// Each iteration appends the state to itself: after three, eight times as long.
  @Test func aLoopOfKnownLengthIsFollowed() throws {
    let body = Self.subgraph(
      inputs: ["i", "go", "s"],
      [
        SmallModel.node("Identity go -> go2"), SmallModel.node("Concat s s -> s2", [Attribute("axis", .integer(0))]),
        SmallModel.node("Identity x -> row"),
      ], ["go2", "s2", "row"])
    let model = SmallModel().input("x", "n").scalar("trips", 3).truth("true", true)
      .node("Loop trips true x -> end rows", [Attribute("body", body)]).output("end")
    #expect(try model.shape("end") == "8*n")
    #expect(try model.shape("rows") == "3, n")
  }

  @Test func aLoopOfUnknownLengthKeepsWhatDoesNotChange() throws {
    let body = Self.subgraph(
      inputs: ["i", "go", "s"],
      [SmallModel.node("Identity go -> go2"), SmallModel.node("Relu s -> s2")], ["go2", "s2", "s2"])
    let model = SmallModel().input("x", "n, 8").input("trips", "", .int64).truth("true", true)
      .node("Loop trips true x -> end rows", [Attribute("body", body)]).output("end")
    #expect(try model.shape("end") == "n, 8")
    let rows = try #require(model.analysis.profile.values.first { $0.name == "rows" }?.shape)
    #expect(rows.count == 3)
    #expect(Array(rows.dropFirst()) == [.symbol("n"), 8])
    #expect(!rows[0].unknowns.isEmpty)
  }

  @Test func aSubgraphSeesTheValuesAroundIt() throws {
    let profile = branching(true).analysis.profile
    let uses = zip(profile.values, profile.uses).first { $0.0.name == "x" }?.1
    #expect(uses?.last == 0)
    #expect(profile.nested.map(\.name).contains { $0.hasSuffix("t") })
  }

  // MARK: - Functions

  @Test func attributesOfACallReachTheFunctionsNodes() throws {
    let model = SmallModel().input("x", "a, b, c")
      .function(
        "Joined", inputs: ["p"], outputs: ["q"], attributes: ["where"],
        [SmallModel.node("Concat p p -> q", [Attribute("axis", .reference("where"))])]
      )
      .node("local.Joined x -> y", [Attribute("where", .integer(2))]).output("y")
    #expect(try model.shape("y") == "a, b, 2*c")
  }

  /// Thirty functions, each of which calls the next twice: a thousand million nodes when written out.
  @Test func functionsAreFollowedOnceForTheSameInputs() throws {
    var model = SmallModel().input("x", "n")
    for level in 0..<30 {
      let inner = level == 29 ? "Relu" : "local.F\(level + 1)"
      model = model.function(
        "F\(level)", inputs: ["p"], outputs: ["q"],
        [SmallModel.node("\(inner) p -> h"), SmallModel.node("\(inner) h -> q")])
    }
    model = model.node("local.F0 x -> y").output("y")
    #expect(try model.shape("y") == "n")
    let analysis = model.analysis
    #expect(analysis.graph.expandedCount == (1 << 31) - 1)
    #expect(analysis.findings(in: model.model).map(\.rule) == ["graph-expansion"])
  }

  // MARK: - What the user says

  @Test func aWholeShapeBindsTheNamesInIt() throws {
    let model = SmallModel().input("x", "batch, 4").input("y", "batch, ?").node("MatMul x y -> z").output("z")
    var question = GraphQuestion()
    question.shapes = ["x": [7, 4]]
    #expect(try model.shape("y", question) == "7, y.1")
    question.shapes = ["x": [7, 4], "y": [8, 2]]
    #expect(throws: GraphQuestionError.self) { try model.shape("y", question) }
    question.shapes = ["x": [7, 5]]
    #expect(throws: GraphQuestionError.self) { try model.shape("y", question) }
    question.shapes = ["nobody": [1]]
    #expect(throws: GraphQuestionError.self) { try model.shape("y", question) }
  }

  @Test func aValueMayDecideAShape() throws {
    let model = SmallModel().input("x", "n, 6").input("target", "k", .int64)
      .node("Reshape x target -> y").output("y")
    var question = GraphQuestion()
    question.values = ["target": .numbers([3, -1])]
    #expect(try model.shape("y", question) == "3, 2*n")
  }

  @Test func batchAndSequenceFillWhatIsOpen() throws {
    let model = SmallModel().input("ids", "b, s", .int64).input("image", "b, 3, ?, ?").input("fixed", "1, s")
      .node("Identity ids -> y").output("y")
    var question = GraphQuestion()
    question.batchSize = 2
    question.sequenceLength = 9
    question.imageSize = 32
    let analysis = try GraphAnalysis(model.model, question)
    let shapes = analysis.profile.values.prefix(3).map { $0.shape?.map(\.description) ?? [] }
    #expect(shapes == [["2", "9"], ["2", "3", "32", "32"], ["1", "9"]])
  }

  @Test func aFixedSizeCannotBeAnother() throws {
    let model = SmallModel().input("x", "2, 8, 64").node("Relu x -> y").output("y")
    #expect(model.model.fixed(.batch) == 2)
    #expect(model.model.fixed(.sequence) == 8)
    #expect(model.model.fixed(.image) == nil)
    var question = GraphQuestion()
    question.batchSize = 2
    #expect(try model.shape("y", question) == "2, 8, 64")
    question.batchSize = 4
    #expect(throws: GraphQuestionError.self) { try model.shape("y", question) }
    // Where one input leaves it open, the others may have another first axis.
    let mixed = SmallModel().input("x", "b, 8").input("table", "2, 8").node("Relu x -> y").output("y")
    #expect(mixed.model.fixed(.batch) == nil)
    #expect(try mixed.shape("y", question) == "4, 8")
  }

  // MARK: - Defects

  @Test(arguments: [
    ("Add x y -> z", "do not broadcast"), ("Reshape x two -> z", "elements"), ("Squeeze x axis -> z", "not one"),
  ]) func aBrokenRuleIsAFindingWithItsNode(_ node: String, _ words: String) throws {
    let model = SmallModel().input("x", "2, 8").input("y", "3").integers("two", [5, 5]).integers("axis", [1])
      .node(node).output("z")
    let finding = try #require(model.analysis.findings(in: model.model).first)
    #expect(finding.rule == "graph-rule-broken")
    #expect(finding.message.contains(words), "\(finding.message)")
    #expect(finding.tensor == "z")
  }

  @Test func anUnknownOperatorIsAFindingAndItsResultsCarryTheCause() throws {
    let model = SmallModel().input("x", "2, 8").node("Frobnicate x -> y").node("Relu y -> z").output("z")
    #expect(model.analysis.findings(in: model.model).map(\.rule) == ["operator-unknown"])
    #expect(try model.shape("z").contains("Frobnicate"))
  }

  @Test func whatTheFileDeclaresStandsWhereNothingBetterIsKnown() throws {
    var model = SmallModel().input("x", "n, 8").node("Frobnicate x -> y").node("Relu y -> z").output("z")
    model.graph.declarations = [SmallModel.declaration("y", "n, 16")]
    #expect(try model.shape("z") == "n, 16")
    model.graph.declarations = [SmallModel.declaration("z", "n, 5")]
    model.graph.nodes[0] = SmallModel.node("Relu x -> y")
    #expect(model.analysis.findings(in: model.model).map(\.rule) == ["graph-rule-broken"])
  }

  // MARK: - Memory

  /// x [4, 256] F32 is 4,096 B; a view owns nothing; the sum may lie in the product's place.
  @Test func thePeakCountsWhatIsAlive() throws {
    let model = SmallModel().input("x", "4, 256").weight("w", [256, 512]).integers("flat", [-1])
      .node("MatMul x w -> p").node("Relu p -> r").node("Reshape r flat -> f").output("f")
    let profile = model.analysis.profile
    let dataflow = try #require(profile.concrete)
    let walk = dataflow.walk(dataflow.fileOrder)
    // The weight and the eight bytes of the shape are resident.
    #expect(profile.weights == .constant(256 * 512 * 4 + 8))
    #expect(walk.live.map(\.bytes) == [4_096 + 8_192, 8_192, 8_192])
  }

  @Test func thePeakIsAnExpressionOfTheSymbols() throws {
    let model = SmallModel().input("x", "b, s, 64").node("Transpose x -> t", [Attribute("perm", .integers([0, 2, 1]))])
      .node("MatMul x t -> scores").node("Softmax scores -> p").output("p")
    #expect(model.analysis.profile.symbolicPeaks.map(\.description) == ["4*b*s^2 + 512*b*s"])
  }
}
