import Architecture
import Graph
import Strategy
import Testing
import TrainingStep
import Units

/// An encoder-decoder whose configuration names its family and whose tensors bear names of their own.
@Suite("Renamed encoder-decoders")
struct RenamedColumnsTests {
  /// How names are replaced; numbers, `weight` and `bias` stay.
  enum Naming: CaseIterable {
    /// The same word always by the same one, in both columns.
    case words
    /// A word of the encoder's by another than the same word of the decoder's.
    case columns
    /// The same, and of a block's modules the whole name by one word.
    case flat

    func callAsFunction(_ name: String) -> String {
      let parts = name.split(separator: ".").map(String.init)
      let side = self == .words ? "" : parts.contains("encoder") ? "e" : parts.contains("decoder") ? "d" : ""
      guard self == .flat, let index = parts.firstIndex(where: isNumber), ["weight", "bias"].contains(parts.last) else {
        return parts.map { opaque($0, side) }.joined(separator: ".")
      }
      let module = parts[(index + 1)...].dropLast().joined()
      return (parts[..<index].map { opaque($0, side) } + [parts[index], opaque(module, side), parts.last ?? ""])
        .joined(separator: ".")
    }

    private func isNumber(_ part: String) -> Bool { part.allSatisfy(\.isNumber) }

    /// Letters that say nothing, the same for the same word.
    private func opaque(_ part: String, _ side: String) -> String {
      if isNumber(part) || ["weight", "bias", "#"].contains(part) { return part }
      var hash: UInt64 = 14_695_981_039_346_656_037
      for byte in (side + part).utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
      return "z" + String(hash % (1 << 40), radix: 36)
    }
  }

  private static let ofTokens = [
    "t5-reduced", "flan-t5-reduced", "mt5-reduced", "bart-reduced", "mbart-reduced", "marian-reduced",
    "pegasus-reduced",
  ]

  private static let workloads = [
    Workload(forward: ForwardSettings(batchSize: 2, sequenceLength: 48, precision: .fp32)),
    Workload(
      forward: ForwardSettings(batchSize: 3, sequenceLength: 32, precision: .bf16), optimizer: .sgd,
      checkpointing: .nonReentrant),
  ]

  /// - Parameter share: by how much of a peak the other may differ.
  private func expectTheSame(_ name: String, _ naming: Naming, within share: Double = 0) throws {
    let known = try #require(TracedModel.named(name)).estimator
    let renamed = try #require(TracedModel.named(name, renaming: naming.callAsFunction)).estimator
    let (before, after) = (known.description, renamed.description)
    let (isRenamed, family) = (after.isRenamed && !after.isRecognised, after.family)
    #expect(isRenamed && family == before.family)
    #expect(after.layerCount?.value == before.layerCount?.value)
    #expect(after.otherStacks.map(\.layers.count) == before.otherStacks.map(\.layers.count))
    #expect(after.parameterCount == before.parameterCount)
    #expect(after.tiedEmbeddings == before.tiedEmbeddings)
    #expect(after.findings.map(\.rule) == ["family-not-recognised"])
    for workload in Self.workloads {
      let (first, second) = try (known.estimate(workload).peak.bytes, renamed.estimate(workload).peak.bytes)
      #expect(abs(Double(second - first)) <= share * Double(first))
    }
  }

  @Test(arguments: ofTokens, Naming.allCases)
  func theEstimateIsTheSame(name: String, naming: Naming) throws { try expectTheSame(name, naming) }

  /// Its keys have no bias, which of all four is taken for the mark of the output.
  @Test func theEstimateOfSpeechIsNearlyTheSame() throws {
    try expectTheSame("whisper-reduced", .words, within: 0.001)
  }

  /// Of parts whose shapes are alike and whose order says nothing, one may stand for the other.
  private func kind(_ role: Role?) -> String {
    switch role {
    case .query?, .key?, .value?, .attentionOutput?: "attention"
    case .crossQuery?, .crossKey?, .crossValue?, .crossAttentionOutput?: "attention over the encoder"
    case .inputNorm?, .preMLPNorm?: "norm before"
    case .postAttentionNorm?, .postMLPNorm?: "norm behind"
    case .embeddingNorm?, .finalNorm?: "norm beside the blocks"
    case .gate?, .up?: "into the MLP"
    case let role: role?.rawValue ?? "none"
    }
  }

  @Test(arguments: ofTokens + ["whisper-reduced"])
  func bothColumnsHaveTheirParts(name: String) throws {
    let known = try #require(TracedModel.named(name)).estimator.description
    let renamed = try #require(TracedModel.named(name, renaming: Naming.words.callAsFunction)).estimator.description
    let parts = Dictionary(renamed.parts.map { ($0.pattern, $0.role) }) { first, _ in first }
    #expect(parts.count == known.parts.count)
    for part in known.parts {
      let role = try #require(parts[Naming.words(part.pattern)], "\(part.pattern)")
      #expect(kind(role) == kind(part.role), "\(part.pattern)")
    }
    // A part of the attention over the encoder plays what its namesake plays in the other attention.
    let names: [(Role, Role)] = [
      (.query, .crossQuery), (.key, .crossKey), (.value, .crossValue), (.attentionOutput, .crossAttentionOutput),
    ]
    let block = try #require(renamed.otherStacks.first?.layers.first).modules
    for (role, over) in names {
      #expect(block[role]?.path.split(separator: ".").last == block[over]?.path.split(separator: ".").last)
    }
  }

  private static let puzzles: [[String: String]] = [
    // An encoder that attends twice, as its decoder does.
    [
      "encoder.block.{0..1}.layer.1.EncDecAttention.{0..3}.weight": "F32 128x128",
      "encoder.block.{0..1}.layer.1.middle_norm.weight": "F32 128",
    ],
    // A decoder with a matrix and a norm more than a second attention has.
    ["decoder.block.{0..2}.layer.1.EncDecAttention.more.weight": "F32 128x128"],
    ["decoder.block.{0..2}.layer.1.more.weight": "F32 128"],
    // A part beside the columns that could be anything.
    ["decoder.gain.weight": "F32 128"],
  ]

  @Test(arguments: puzzles)
  func whatCannotBeToldIsRefused(extra: [String: String]) throws {
    let model = try #require(TracedModel.named("t5-reduced", adding: extra, renaming: Naming.words.callAsFunction))
    let isRenamed = model.estimator.description.isRenamed
    #expect(!isRenamed)
    let error = #expect(throws: EstimationError.self) { try model.estimator.estimate(Self.workloads[0]) }
    #expect(error?.reason.contains("second column of layers") == true)
  }
}
