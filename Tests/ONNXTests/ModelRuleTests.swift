import Checkpoint
import Testing

@testable import ONNX

/// Each rule has a file that breaks it, and no other where that can be.
@Suite struct ModelRuleTests {
  struct Fixture: Sendable {
    var rule: Finding.ModelRule
    var company: Set<Finding.ModelRule> = []
    var bytes: [UInt8]
  }

  private static func tensor(_ rule: Finding.ModelRule, _ bytes: [UInt8]) -> Fixture {
    Fixture(rule: rule, bytes: Bytes.model(Bytes.graph(initializers: [bytes])))
  }

  private static func nodes(_ rule: Finding.ModelRule, and company: Set<Finding.ModelRule> = [], _ nodes: [UInt8]...)
    -> Fixture
  {
    Fixture(rule: rule, company: company, bytes: Bytes.model(Bytes.graph(nodes)))
  }

  /// A Relu with these attributes.
  private static func attributes(_ rule: Finding.ModelRule, _ attributes: [UInt8]...) -> Fixture {
    nodes(rule, Bytes.node("Relu", ["x"], ["y"], attributes))
  }

  private static func sparse(_ parts: [UInt8]) -> Fixture {
    Fixture(rule: .sparseTensor, bytes: Bytes.model(Bytes.graph(extra: Wire.bytes(15, parts))))
  }

  private static func imports(_ rule: Finding.ModelRule, _ imports: [[UInt8]], version: Int = 8) -> Fixture {
    Fixture(rule: rule, bytes: Bytes.model(Bytes.graph(), version: version, imports: imports))
  }

  private static func functions(_ rule: Finding.ModelRule, _ functions: [UInt8]...) -> Fixture {
    Fixture(
      rule: rule,
      bytes: Bytes.model(
        Bytes.graph(), imports: [Bytes.operatorSet(17), Bytes.operatorSet(1, "l")],
        functions.flatMap { Wire.bytes(25, $0) }))
  }

  private static let number = Wire.text(1, "a") + Wire.number(3, 1) + Wire.number(20, 2)
  private static let branch = Bytes.graph([Bytes.node("Relu", ["x"], ["inner"])], inputs: [], outputs: ["inner"])

  static let fixtures: [Fixture] = [
    Fixture(rule: .wireType, bytes: Bytes.model(Bytes.graph(), Wire.number(14, 1))),
    Fixture(rule: .partRepeated, bytes: Bytes.model(Bytes.graph(), Wire.bytes(7, []))),
    Fixture(rule: .textNotUTF8, bytes: Bytes.model(Bytes.graph(extra: Wire.bytes(2, [0xFF])))),
    Fixture(
      rule: .typeAmbiguous,
      bytes: Bytes.model(
        Bytes.graph(extra: Wire.bytes(13, Wire.text(1, "v") + Wire.bytes(2, Wire.bytes(1, []) + Wire.bytes(4, [])))))),
    Fixture(rule: .irVersion, bytes: Wire.bytes(7, Bytes.graph()) + Wire.bytes(8, Bytes.operatorSet(17))),
    Fixture(rule: .irVersion, bytes: Bytes.model(Bytes.graph(), version: 99)),
    imports(.opsetMissing, []),
    Fixture(
      rule: .opsetMissing, company: [.operatorUndefined],
      bytes: Bytes.model(Bytes.graph([Bytes.node("Foo", ["x"], ["y"], domain: "com.example")]))),
    imports(.opsetRepeated, [Bytes.operatorSet(17), Bytes.operatorSet(17, "ai.onnx")]),
    imports(.opsetOutOfRange, [Bytes.operatorSet(0)]),
    imports(.opsetOutOfRange, [Bytes.operatorSet(9999)]),

    tensor(.tensorTypeUnknown, Bytes.tensor("w", type: 99)),
    tensor(.tensorTypeUnknown, Bytes.tensor("w", type: 0)),
    tensor(.tensorDimension, Bytes.tensor("w", [-2], [])),
    tensor(.tensorTooLarge, Bytes.tensor("w", [1 << 40, 1 << 40])),
    tensor(.tensorTooLarge, Bytes.tensor("w", [1 << 62 + 8, 4])),
    tensor(.tensorTooLarge, Bytes.tensor("w", [1 << 61])),
    tensor(.tensorRank, Bytes.tensor("w", [Int](repeating: 1, count: 10_000), Bytes.raw(4))),
    tensor(.tensorNoData, Bytes.tensor("w", [2], [])),
    tensor(.tensorDataTwice, Bytes.tensor("w", [2], Bytes.raw(8) + Wire.bytes(4, [UInt8](repeating: 0, count: 8)))),
    tensor(.tensorDataTwice, Bytes.tensor("w", [2], Bytes.raw(8) + Bytes.raw(8))),
    tensor(.tensorDataField, Bytes.tensor("w", type: 8, [2], Bytes.raw(8))),
    tensor(.tensorDataField, Bytes.tensor("w", type: 1, [2], Wire.packed(7, [1, 2]))),
    tensor(.tensorDataLength, Bytes.tensor("w", [2], Bytes.raw(7))),
    tensor(.tensorDataLength, Bytes.tensor("w", [2], Bytes.raw(4))),
    tensor(.tensorDataLength, Bytes.tensor("w", [2000], Bytes.raw(7999))),
    tensor(.tensorDataLength, Bytes.tensor("w", type: 7, [3], Wire.packed(7, [1, 2]))),
    sparse(Wire.bytes(1, Bytes.tensor())),
    sparse(Wire.bytes(1, Bytes.tensor()) + Wire.bytes(2, Bytes.tensor("i", type: 7, [3], Bytes.raw(24)))),
    sparse(Wire.bytes(1, Bytes.tensor()) + Wire.bytes(2, Bytes.tensor("i", type: 1, [2])) + Wire.number(3, 4)),

    Fixture(rule: .graphInputRepeated, bytes: Bytes.model(Bytes.graph(inputs: ["x", "x"]))),
    Fixture(
      rule: .initializerRepeated, bytes: Bytes.model(Bytes.graph(initializers: [Bytes.tensor(), Bytes.tensor()]))),
    nodes(.valueRepeated, Bytes.node("Split", ["x"], ["y", "y"])),
    nodes(.valueRepeated, Bytes.node("Relu", ["x"], ["x"]), Bytes.node("Relu", ["x"], ["y"])),
    nodes(.inputDangling, Bytes.node("Add", ["x", "ghost"], ["y"])),
    nodes(.inputDangling, Bytes.node("Relu", ["z"], ["y"]), Bytes.node("Relu", ["x"], ["z"])),
    Fixture(rule: .outputDangling, bytes: Bytes.model(Bytes.graph(outputs: ["nope"]))),
    Fixture(rule: .graphWithoutOutputs, bytes: Bytes.model(Bytes.graph(outputs: []))),
    nodes(.operatorUnnamed, Wire.text(1, "x") + Wire.text(2, "y")),
    nodes(.subgraphMissing, Bytes.node("Loop", ["x"], ["y"])),
    nodes(.subgraphMissing, Bytes.node("If", ["x"], ["y"], [Bytes.subgraph("then_branch", branch)])),
    attributes(.attributeRepeated, number, number),
    attributes(.attributeAmbiguous, number + Wire.float(2, 1)),
    attributes(.attributeAmbiguous, Wire.text(1, "a") + Wire.float(2, 1) + Wire.number(20, 2)),
    attributes(.attributeEmpty, Wire.text(1, "a")),
    attributes(.attributeEmpty, Wire.text(1, "a") + Wire.number(20, 2)),
    attributes(.attributeEmpty, Wire.text(1, "a") + Wire.number(20, 77)),
    functions(.functionRepeated, Bytes.function("f"), Bytes.function("f")),
    functions(.functionRecursion, Bytes.function("f", calls: ["f"])),
    functions(.functionRecursion, Bytes.function("f", calls: ["g"]), Bytes.function("g", calls: ["f"])),
    functions(.operatorUndefined, Bytes.function("f", calls: ["absent"])),
  ]

  /// These are about files beside the model (see ExternalDataTests), about shapes (see AnalysisTests), and about what of
  /// the tensors is a weight (see WeightTests; the command AuditTests see to a graph that cannot be read).
  private static let elsewhere: Set<Finding.ModelRule> = [
    .externalLocation, .externalMissing, .externalLink, .externalRange, .externalLength, .externalKey,
    .graphRuleBroken, .operatorUnknown, .graphExpansion,
    .tensorsNoWeights, .weightsRenamed, .graphShapeDiffers, .graphWeightsDiffer, .graphTypesDiffer, .graphUnreadable,
  ]

  @Test(arguments: fixtures) func isBroken(_ fixture: Fixture) throws {
    let rules = Set(try opened(fixture.bytes).findings.map(\.rule))
    #expect(rules == Set(fixture.company.map(\.rawValue)).union([fixture.rule.rawValue]))
  }

  @Test func noneIsForgotten() {
    #expect(Set(Finding.ModelRule.allCases).subtracting(Self.fixtures.map(\.rule)) == Self.elsewhere)
  }

  @Test func aFloodOfFindingsIsCut() throws {
    let nodes = (0..<10_000).map { Bytes.node("Relu", ["ghost\($0)"], ["v\($0)"]) }
    #expect(try opened(Bytes.model(Bytes.graph(nodes, outputs: ["v0"]))).findings.count == 51)
  }
}
