import Testing

@testable import ONNX

/// Every operator held against ONNX's own tests of it, and against runs of onnxruntime where there are none; the scripts
/// beside the tables in Tests/Truth say how they were made.
@Suite struct OperatorTruthTests {
  /// Official tests whose outputs are not wholly known although the values of small inputs are, by operator.
  static let unknownWithValues: [String: Int] = [
    // Streams of more than 1,024 bytes, whose content no table holds.
    "ImageDecoder": 7,
    // An overlap that is the threshold but for rounding.
    "NonMaxSuppression": 1,
  ]

  /// The same of the runs of onnxruntime.
  static let unknownWithValuesOnRuntime: [String: Int] = [
    "BifurcationDetector": 1, "DynamicTimeWarping": 1, "Tokenizer": 2,
  ]

  /// Operators of the official table that no rule is known for. To be zero.
  static let mostUnknownOperators = 200

  @Test func everyOperatorIsKnown() throws {
    let unknown = Set(try OperatorTruth.all(.official).filter { !$0.isKnown }.map(\.op))
    #expect(unknown.count <= Self.mostUnknownOperators, "not known: \(unknown.sorted())")
    #expect(try OperatorTruth.all(.measured).allSatisfy(\.isKnown))
  }

  @Test(arguments: [true, false]) func officialTests(withElements: Bool) throws {
    let unknown = try hold(.official, withElements: withElements)
    // An operator that no rule is known for yet is counted above.
    let known = Set(try OperatorTruth.all(.official).filter(\.isKnown).map(\.op))
    if withElements { #expect(unknown == Self.unknownWithValues.filter { known.contains($0.key) }) }
  }

  @Test(arguments: [true, false]) func runsOfOnnxruntime(withElements: Bool) throws {
    let unknown = try hold(.measured, withElements: withElements)
    if withElements { #expect(unknown == Self.unknownWithValuesOnRuntime) }
  }

  /// Fails for each line where something false is inferred, and counts those where something is not known.
  private func hold(_ table: OperatorTruth.Table, withElements: Bool) throws -> [String: Int] {
    var unknown: [String: Int] = [:]
    var counts = (lines: 0, exact: 0)
    for truth in try OperatorTruth.all(table) where truth.isKnown {
      counts.lines += 1
      switch truth.verdict(withElements: withElements) {
      case .exact: counts.exact += 1
      case .unknown: unknown[truth.op, default: 0] += 1
      case .wrong(let why): Issue.record("\(truth.test): \(why)")
      }
    }
    print("\(table) with\(withElements ? "" : "out") values: \(counts); not known:", unknown.sorted { $0.key < $1.key })
    return unknown
  }
}

extension OperatorTruth {
  var isKnown: Bool { OperatorRegistry.rule(domain: domain, name: op) != nil }
}
