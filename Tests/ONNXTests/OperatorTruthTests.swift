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

  @Test func everyOperatorIsKnown() throws {
    #expect(try OperatorTruth.all(.official).allSatisfy(\.isKnown))
    #expect(try OperatorTruth.all(.measured).allSatisfy(\.isKnown))
  }

  @Test(arguments: [true, false]) func officialTests(withElements: Bool) throws {
    let unknown = try hold(.official, withElements: withElements)
    if withElements { #expect(unknown == Self.unknownWithValues) }
  }

  @Test(arguments: [true, false]) func runsOfOnnxruntime(withElements: Bool) throws {
    let unknown = try hold(.measured, withElements: withElements)
    if withElements { #expect(unknown == Self.unknownWithValuesOnRuntime) }
  }

  /// Fails for each line where something false is inferred, and counts those where something is not known.
  private func hold(_ table: OperatorTruth.Table, withElements: Bool) throws -> [String: Int] {
    var unknown: [String: Int] = [:]
    for truth in try OperatorTruth.all(table) {
      switch truth.verdict(withElements: withElements) {
      case .exact: break
      case .unknown: unknown[truth.op, default: 0] += 1
      case .wrong(let why): Issue.record("\(truth.test): \(why)")
      }
    }
    return unknown
  }
}

extension OperatorTruth {
  var isKnown: Bool { OperatorRegistry.rule(domain: domain, name: op) != nil }
}
