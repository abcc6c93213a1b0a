package import Checkpoint

/// Findings as a log of the Static Analysis Results Interchange Format (SARIF 2.1.0, OASIS standard of 27 March 2020),
/// which code hosts and editors show beside files.
package enum StaticAnalysisLog {
  /// A run that came to its end.
  ///
  /// - Parameter path: the checkpoint, to which the places of files are relative.
  package static func document(_ findings: [Finding], path: String) -> JSONValue {
    document(
      base: path, invocation: ["executionSuccessful": .boolean(true)], results: findings.map(result))
  }

  /// A run that came to no answer.
  package static func document(_ error: ErrorReport, exitCode: Int) -> JSONValue {
    var notification: [JSONValue.Field] = [
      .init("level", "error"), .init("message", text([error.message, error.help])),
      .init("descriptor", ["id": .string(error.code)]),
    ]
    if let file = error.file {
      notification.append(.init("locations", [place(["uri": .string(reference(file))], logical: error.tensor)]))
    }
    return document(
      base: nil,
      invocation: [
        "executionSuccessful": .boolean(false), "exitCode": .integer(exitCode),
        "toolExecutionNotifications": [.object(notification)],
      ], results: [])
  }

  private static func document(base: String?, invocation: JSONValue, results: [JSONValue]) -> JSONValue {
    var run: [JSONValue.Field] = [
      .init(
        "tool",
        [
          "driver": [
            "name": "plimsoll", "semanticVersion": .string(Release.version),
            "rules": .array(RuleCatalogue.all.map(descriptor)),
          ]
        ]),
      .init("invocations", [invocation]),
    ]
    if let base {
      run.append(
        .init(
          "originalUriBaseIds", .object([.init(baseName, ["description": ["text": .string("the folder of \(base)")]])]))
      )
    }
    run.append(.init("results", .array(results)))
    return [
      "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
      "version": "2.1.0", "runs": [.object(run)],
    ]
  }

  private static let baseName = "CHECKPOINT"

  private static func descriptor(_ entry: RuleCatalogue.Entry) -> JSONValue {
    [
      "id": .string(entry.id), "shortDescription": text([entry.row.summary]), "help": text([entry.row.help]),
      "defaultConfiguration": ["level": .string((entry.row.severities.first ?? .note).rawValue)],
    ]
  }

  private static func result(_ finding: Finding) -> JSONValue {
    var fields: [JSONValue.Field] = [.init("ruleId", .string(finding.rule))]
    if let position = positions[finding.rule] { fields.append(.init("ruleIndex", .integer(position))) }
    fields.append(.init("level", .string(finding.severity.rawValue)))
    fields.append(.init("message", text([finding.message])))
    if finding.file != nil || finding.tensor != nil {
      let file = finding.file.map {
        JSONValue.object([.init("uri", .string(reference($0))), .init("uriBaseId", .string(baseName))])
      }
      fields.append(.init("locations", [place(file, logical: finding.tensor)]))
    }
    if let help = finding.help { fields.append(.init("properties", ["help": .string(help)])) }
    return .object(fields)
  }

  private static let positions = Dictionary(
    RuleCatalogue.all.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })

  private static func text(_ sentences: [String?]) -> JSONValue {
    ["text": .string(sentences.compactMap(\.self).joined(separator: "\n"))]
  }

  private static func place(_ file: JSONValue?, logical tensor: String?) -> JSONValue {
    var fields: [JSONValue.Field] = []
    if let file { fields.append(.init("physicalLocation", ["artifactLocation": file])) }
    if let tensor {
      fields.append(.init("logicalLocations", [["fullyQualifiedName": .string(tensor), "kind": "variable"]]))
    }
    return .object(fields)
  }

  /// A path as a relative reference (RFC 3986): every byte percent-encoded that is not unreserved or a separator.
  static func reference(_ path: String) -> String {
    let digits = Array("0123456789ABCDEF")
    return path.utf8.reduce(into: "") { result, byte in
      let scalar = Unicode.Scalar(byte)
      let isPlain = byte < 0x80 && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
      if isPlain || "-._~/".unicodeScalars.contains(scalar) {
        result.unicodeScalars.append(scalar)
      } else {
        result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
  }
}
