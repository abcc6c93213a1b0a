package import Architecture
package import Checkpoint

/// The answer of `plimsoll audit`: everything that was noticed about a checkpoint, and what an unknown model's modules
/// were taken for.
package struct Audit: Answer {
  package static let command = "audit"

  let path: String
  let isStrict: Bool
  /// The gravest first, otherwise in the order in which they were made.
  let findings: [Finding]
  let model: ModelDescription?

  /// - Parameters:
  ///   - model: what the tensors were taken for.
  ///   - isStrict: whether a warning is as bad as an error.
  package init(_ path: String, _ findings: [Finding], _ model: ModelDescription? = nil, isStrict: Bool) {
    self.path = path
    self.isStrict = isStrict
    self.model = model
    self.findings = [Finding.Severity.error, .warning, .note].flatMap { severity in
      findings.filter { $0.severity == severity }
    }
  }

  package var holds: Bool {
    !findings.contains { $0.severity >= (isStrict ? .warning : .error) }
  }

  package var fields: [JSONValue.Field] {
    [
      .init("path", .string(path)),
      .init("passed", .boolean(holds)),
      .init(
        "counts",
        ["error": .integer(count(.error)), "warning": .integer(count(.warning)), "note": .integer(count(.note))]),
      .init("findings", .array(findings.map(JSONValue.init))),
      .init("architecture", model?.architectureSource ?? .null),
      .init("parts", .array(inferred.map(\.fields).map(JSONValue.object))),
    ]
  }

  package var log: JSONValue { StaticAnalysisLog.document(findings, path: path) }

  package var page: Page {
    let counts = [Finding.Severity.error, .warning, .note].map { severity in
      let number = count(severity)
      return "\(number) \(severity.rawValue)\(number == 1 ? "" : "s")"
    }
    let summary = "\(holds ? "passed" : "failed"): \(counts.joined(separator: ", "))"
    let tree = inferred.isEmpty ? [] : [Page.Block.paragraph("Inferred parts"), .table(PartTree(inferred).table)]
    return Page([.heading(path)] + (findings.isEmpty ? [] : [.findings(findings)]) + tree + [.paragraph(summary)])
  }

  /// The parts of a model whose family is not known by its names.
  private var inferred: [ModelDescription.Part] { model.map { $0.isRecognised ? [] : $0.parts } ?? [] }

  private func count(_ severity: Finding.Severity) -> Int {
    findings.count { $0.severity == severity }
  }
}
