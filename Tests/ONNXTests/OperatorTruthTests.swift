import Testing

@testable import ONNX

/// Every operator held against ONNX's own tests of it; Tests/Truth/onnx-operators.py says how the table was made.
@Suite struct OperatorTruthTests {
  /// Tests whose outputs are not wholly known although the values of small inputs are, by operator.
  static let unknownWithValues: [String: Int] = [
    // Streams of more than 1,024 bytes, whose content no table holds.
    "ImageDecoder": 7,
    // An overlap that is the threshold but for rounding.
    "NonMaxSuppression": 1,
  ]

  /// Operators of the table that no rule is known for. To be empty.
  static let mostUnknownOperators = 200

  @Test func everyOperatorIsKnown() throws {
    let unknown = Set(try OperatorTruth.all().filter { !$0.isKnown }.map(\.op))
    #expect(unknown.count <= Self.mostUnknownOperators, "not known: \(unknown.sorted())")
  }

  @Test(arguments: [true, false]) func noShapeIsWrong(withElements: Bool) throws {
    var counts = (exact: 0, unknown: 0, wrong: 0)
    var unknown: [String: Int] = [:]
    for truth in try OperatorTruth.all() where truth.isKnown {
      switch truth.verdict(withElements: withElements) {
      case .exact: counts.exact += 1
      case .unknown(let why):
        counts.unknown += 1
        unknown[truth.op, default: 0] += 1
        if withElements, Self.unknownWithValues[truth.op] == nil { Issue.record("\(truth.test) is not known: \(why)") }
      case .wrong(let why):
        counts.wrong += 1
        Issue.record("\(truth.test): \(why)")
      }
    }
    print("operators with\(withElements ? "" : "out") values: \(counts)", unknown)
    if withElements { #expect(unknown == Self.unknownWithValues.filter { unknown[$0.key] != nil }) }
  }
}

extension OperatorTruth {
  var isKnown: Bool { OperatorRegistry.rule(domain: domain, name: op) != nil }
}
