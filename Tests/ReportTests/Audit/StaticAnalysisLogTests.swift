import Checkpoint
import Testing

@testable import Report

/// The structure that the schema of SARIF 2.1.0 demands (sarif-schema-2.1.0.json, OASIS): which fields an object must have,
/// which it may have, and of what kind they are.
@Suite struct StaticAnalysisLogTests {
  private indirect enum Kind: Sendable {
    case text, boolean, integer
    case word(Set<String>)
    case list(Kind)
    /// A map whose values are of one kind.
    case map(Kind)
    case object(required: [String: Kind], optional: [String: Kind] = [:])
    /// Whatever stands there.
    case bag
  }

  private static let level = Kind.word(["none", "note", "warning", "error"])
  private static let message = Kind.object(required: ["text": .text])
  private static let artifact = Kind.object(
    required: [:], optional: ["uri": .text, "uriBaseId": .text, "description": message])
  private static let location = Kind.object(
    required: [:],
    optional: [
      "physicalLocation": .object(required: ["artifactLocation": artifact]),
      "logicalLocations": .list(.object(required: [:], optional: ["fullyQualifiedName": .text, "kind": .text])),
    ])
  private static let rule = Kind.object(
    required: ["id": .text],
    optional: [
      "shortDescription": message, "help": message,
      "defaultConfiguration": .object(required: [:], optional: ["level": level]),
    ])
  private static let result = Kind.object(
    required: ["message": message],
    optional: [
      "ruleId": .text, "ruleIndex": .integer, "level": level, "locations": .list(location), "properties": .bag,
    ])
  private static let notification = Kind.object(
    required: ["message": message],
    optional: ["level": level, "descriptor": .object(required: ["id": .text]), "locations": .list(location)])
  private static let invocation = Kind.object(
    required: ["executionSuccessful": .boolean],
    optional: ["exitCode": .integer, "toolExecutionNotifications": .list(notification)])
  private static let run = Kind.object(
    required: [
      "tool": .object(
        required: [
          "driver": .object(required: ["name": .text], optional: ["semanticVersion": .text, "rules": .list(rule)])
        ])
    ],
    optional: ["invocations": .list(invocation), "originalUriBaseIds": .map(artifact), "results": .list(result)])
  private static let log = Kind.object(
    required: ["version": .word(["2.1.0"]), "runs": .list(run)], optional: ["$schema": .text])

  /// What is wrong with a value, with the path to it.
  private func faults(_ value: JSONValue, _ kind: Kind, at path: String = "$") -> [String] {
    switch (value, kind) {
    case (.string, .text), (.boolean, .boolean), (.integer, .integer), (.object, .bag): []
    case (.string(let word), .word(let words)): words.contains(word) ? [] : ["\(path) is \(word)"]
    case (.array(let elements), .list(let element)):
      elements.enumerated().flatMap { faults($1, element, at: "\(path)[\($0)]") }
    case (.object(let fields), .map(let element)):
      fields.flatMap { faults($0.value, element, at: "\(path).\($0.name)") }
    case (.object(let fields), .object(let required, let optional)):
      required.keys.filter { name in !fields.contains { $0.name == name } }.map { "\(path) lacks \($0)" }
        + fields.flatMap { field in
          (required[field.name] ?? optional[field.name]).map { faults(field.value, $0, at: "\(path).\(field.name)") }
            ?? ["\(path) has \(field.name)"]
        }
    default: ["\(path) is of another kind"]
    }
  }

  private static let findings = [
    Finding(
      .error, rule: "shard-missing", file: "ünï code/model 00001#%.safetensors", message: "a \"quoted\"\nmessage",
      help: "h"),
    Finding(.warning, rule: "layer-incomplete", tensor: "model.layers.3", message: "m"),
    Finding(.note, rule: "no-rule-of-the-catalogue", message: "m"),
  ]

  @Test func aLogHasTheStructureOfTheSchema() {
    #expect(faults(StaticAnalysisLog.document(Self.findings, path: "folder"), Self.log) == [])
    #expect(faults(StaticAnalysisLog.document([], path: "folder"), Self.log) == [])
    let error = ErrorReport(code: "header-too-small", file: "a b", message: "m", help: "h", tensor: "t")
    #expect(faults(StaticAnalysisLog.document(error, exitCode: 65), Self.log) == [])
    #expect(faults(StaticAnalysisLog.document(ErrorReport(code: "c", message: "m"), exitCode: 66), Self.log) == [])
  }

  /// The first run of a log.
  private func run(_ log: JSONValue) throws -> JSONValue {
    guard case .array(let runs)? = log["runs"] else { throw Missing() }
    return try #require(runs.first)
  }

  private struct Missing: Error {}

  private func elements(_ value: JSONValue?) throws -> [JSONValue] {
    guard case .array(let elements)? = value else { throw Missing() }
    return elements
  }

  @Test func resultsPointAtTheirRules() throws {
    let run = try run(StaticAnalysisLog.document(Self.findings, path: "folder"))
    let rules = try elements(run["tool"]?["driver"]?["rules"])
    #expect(rules.count == RuleCatalogue.all.count)
    let results = try elements(run["results"])
    #expect(results.count == 3)
    for (result, finding) in zip(results, Self.findings) {
      #expect(result["ruleId"] == .string(finding.rule))
      #expect(result["level"] == .string(finding.severity.rawValue))
      guard case .integer(let position)? = result["ruleIndex"] else { continue }
      #expect(rules[position]["id"] == .string(finding.rule))
    }
    #expect(results[2]["ruleIndex"] == nil)
  }

  @Test func placesAreRelativeReferences() throws {
    let run = try run(StaticAnalysisLog.document(Self.findings, path: "folder"))
    let location = try #require(try elements(try elements(run["results"])[0]["locations"]).first)
    let file = location["physicalLocation"]?["artifactLocation"]
    #expect(file?["uri"] == "%C3%BCn%C3%AF%20code/model%2000001%23%25.safetensors")
    guard case .string(let base)? = file?["uriBaseId"] else { throw Missing() }
    #expect(run["originalUriBaseIds"]?[base] != nil)
  }

  @Test(arguments: [
    ("a-b_c.~/d", "a-b_c.~/d"), ("a:b", "a%3Ab"), ("a\\b", "a%5Cb"), ("a\u{1}?", "a%01%3F"), ("²", "%C2%B2"),
  ]) func referencesAreEncoded(_ path: String, _ reference: String) {
    #expect(StaticAnalysisLog.reference(path) == reference)
  }

  @Test func anErrorIsANotification() throws {
    let error = ErrorReport(code: "header-too-small", file: "m.safetensors", message: "too small", help: "again")
    let run = try run(StaticAnalysisLog.document(error, exitCode: 65))
    #expect(try elements(run["results"]) == [])
    let invocation = try #require(try elements(run["invocations"]).first)
    #expect(invocation["executionSuccessful"] == false && invocation["exitCode"] == 65)
    let notification = try #require(try elements(invocation["toolExecutionNotifications"]).first)
    #expect(notification["descriptor"]?["id"] == "header-too-small")
    #expect(notification["message"]?["text"] == "too small\nagain")
  }
}
