import Architecture
import Foundation
import Graph
import Strategy
import Testing
import TrainingStep

/// The table of verified families is what the traced runs say; `UPDATE_VERIFICATION=1` writes it anew.
@Suite("Verified families")
struct VerificationTests {
  private static func measured() throws -> [VerifiedFamily] {
    var errors: [String: [Double]] = [:]
    var settings: [String: Set<String>] = [:]
    for simulated in SimulatedRun.all where simulated.run.layout.strategy == .single {
      let run = simulated.run
      let family = run.estimator.description.family
      let peak = try #require(try simulated.phases.get().values.max())
      errors[family, default: []].append(abs(Double(peak) / Double(run.peak) - 1))
      settings[family, default: []].formUnion(run.workload.verifiableSettings)
    }
    return errors.keys.sorted().map { family in
      let sorted = (errors[family] ?? []).sorted()
      return VerifiedFamily(
        family: family, runs: sorted.count, median: Self.roundedUp(sorted[sorted.count / 2]),
        worst: Self.roundedUp(sorted[sorted.count - 1]), settings: settings[family] ?? [])
    }
  }

  /// To millionths, so that the table does not depend on the last bits of a division.
  private static func roundedUp(_ share: Double) -> Double { (share * 1_000_000).rounded(.up) / 1_000_000 }

  @Test func tableSaysWhatTheRunsShow() throws {
    let measured = try Self.measured()
    if ProcessInfo.processInfo.environment["UPDATE_VERIFICATION"] == "1" {
      try Self.source(of: measured).write(to: Self.file, atomically: true, encoding: .utf8)
    } else {
      #expect(measured == VerifiedFamily.all, "run the tests with UPDATE_VERIFICATION=1, and then again")
    }
  }

  @Test func everySimulatedFamilyIsKnown() {
    let known = Set(KnownFamily.all.filter(\.isSimulated).map(\.name))
    for row in VerifiedFamily.all { #expect(known.contains(row.family)) }
  }

  // MARK: - The band

  @Test func bandWidensWithWhatWasNotTraced() throws {
    let estimator = try #require(TracedModel.all["bert-tiny-mlm"]).estimator
    let workload = Workload(forward: ForwardSettings(sequenceLength: 64, precision: .fp32))
    var frozen = workload
    frozen.forward.frozen = ["*.position_embeddings.*"]
    let traced = try estimator.estimate(workload)
    let partly = try estimator.estimate(frozen)
    #expect(traced.uncertainty.share < 0.012)
    #expect(partly.uncertainty.share > traced.uncertainty.share)
    #expect(partly.uncertainty.basis.contains("freeze"))
    #expect(traced.range.contains(traced.peak))
  }

  /// The engines of which Tests/Truth has runs are vouched for by them, the others not.
  @Test func enginesWithoutTracedRunsSaySo() throws {
    let model = try #require(SampleModels.estimators["opt-1.3b"])
    let workload = Workload(forward: ForwardSettings(batchSize: 1, sequenceLength: 64, precision: .bf16))
    func uncertainty(_ strategy: StrategyKind) throws -> Uncertainty {
      try model.estimate(workload, layout: Layout(strategy, ParallelDegrees(data: 2))).uncertainty
    }
    let traced = Set(TracedRun.all.map(\.layout.strategy))
    for strategy in [StrategyKind.ddp, .fsdp, .zero1, .zero2, .zero3, .gemini] {
      let found = try uncertainty(strategy)
      #expect((found.share < 0.05) == traced.contains(strategy), "\(strategy)")
      #expect(found.basis.contains("none under") != traced.contains(strategy), "\(strategy)")
    }
  }

  // MARK: - Writing

  private static let file = SampleModels.root
    .appendingPathComponent("Sources/Strategy/Verification/VerifiedFamily+Table.swift")

  private static func source(of rows: [VerifiedFamily]) -> String {
    var text = """
      extension VerifiedFamily {
        /// The errors of the simulation over every run in Tests/Truth, by family. Written by `VerificationTests`, which also
        /// hold it against those runs.
        public static let all: [VerifiedFamily] = [

      """
    for row in rows {
      text += """
            VerifiedFamily(
              "\(row.family)", runs: \(row.runs), median: \(decimal(row.median)), worst: \(decimal(row.worst)),
              settings: \"\"\"
                \(lines(row.settings.sorted()).joined(separator: "\\\n        "))
                \"\"\"),

        """
    }
    return text + "  ]\n}\n"
  }

  /// `0.000021`, without an exponent.
  private static func decimal(_ share: Double) -> String {
    let digits = String(Int((share * 1_000_000).rounded()))
    guard share < 1 else { return "\(share)" }
    return "0." + String(repeating: "0", count: 6 - digits.count) + digits
  }

  /// The words with commas between, in lines of up to 100 characters.
  private static func lines(_ words: [String]) -> [String] {
    var lines = [""]
    for (place, word) in words.enumerated() {
      if lines[lines.count - 1].count + word.count > 100 { lines.append("") }
      lines[lines.count - 1] += word + (place == words.count - 1 ? "" : ",")
    }
    return lines
  }
}
