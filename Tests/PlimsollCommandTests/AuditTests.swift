import Foundation
import Testing

@Suite struct AuditTests {
  @Test func aSoundCheckpointPasses() throws {
    let answer = try Program.run("audit", "tiny-llama", "--strict")
    #expect(answer.status == 0)
    #expect(answer.output.hasSuffix("passed: 0 errors, 0 warnings, 0 notes\n"))
  }

  @Test func findingsAreListed() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", Headers.file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4))
    // The configuration claims layers that no tensor belongs to.
    try folder.write(
      "config.json", Array(#"{"model_type":"llama","hidden_size":-1,"num_hidden_layers":2}"#.utf8))
    let answer = try Program.run("audit", folder.url.path, "--format", "json")
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
    let findings = try #require(document["findings"] as? [[String: Any]])
    #expect(!findings.isEmpty)
    #expect(findings.allSatisfy { $0["severity"] is String && $0["rule"] is String && $0["message"] is String })
    let hasError = findings.contains { $0["severity"] as? String == "error" }
    #expect(answer.status == (hasError ? 1 : 0))

    let strict = try Program.run("audit", folder.url.path, "--strict")
    let isGrave = findings.contains { $0["severity"] as? String != "note" }
    #expect(strict.status == (isGrave ? 1 : 0))
  }

  @Test func warningsFailWhereTheyAreToCount() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", Headers.file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4))
    #expect(try Program.run("audit", folder.url.path).status == 0)
    let strict = try Program.run("audit", folder.url.path, "--strict")
    #expect(strict.status == 1)
    #expect(strict.output.contains("warning[config-missing]"))
  }

  @Test func aLogForOtherTools() throws {
    let answer = try Program.run("audit", "Llama-3.2-1B-GPTQ", "--format", "sarif")
    #expect(answer.status == 0)
    let log = try #require(JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
    #expect(log["version"] as? String == "2.1.0")
    let run = try #require((log["runs"] as? [[String: Any]])?.first)
    let results = try #require(run["results"] as? [[String: Any]])
    #expect(results.map { $0["ruleId"] as? String } == ["packed-quantization"])

    let failed = try Program.run("audit", "cut", "--format", "sarif")
    #expect(failed.status == 65)
    #expect(failed.output.contains("\"executionSuccessful\": false"))
  }

  @Test func aGraphThatCannotBeRead() throws {
    let folder = try TemporaryFolder()
    try folder.write("model.safetensors", Headers.file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4))
    try folder.write("config.json", Array(#"{"model_type":"a"}"#.utf8))
    try folder.write("onnx/model.onnx", [0xFF])
    let answer = try Program.run("audit", folder.url.path)
    #expect(answer.status == 1)
    #expect(answer.output.contains("error[graph-unreadable]: onnx/model.onnx"))
  }

  @Test func nothingIsExecuted() throws {
    // A pickle that makes a folder when it is loaded: `os.mkdir(...)`, called by REDUCE.
    let folder = try TemporaryFolder()
    let trace = folder.url.appendingPathComponent("executed").path
    let pickle = "\u{80}\u{2}cos\nmkdir\n(X"
    var bytes = Array(pickle.unicodeScalars.map { UInt8($0.value) })
    bytes += [UInt8(trace.utf8.count), 0, 0, 0] + Array(trace.utf8) + Array("tR.".utf8)
    try folder.write("pytorch_model.bin", bytes)
    try folder.write("model.safetensors", Headers.file(#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4))
    let answer = try Program.run("audit", folder.url.path)
    #expect(answer.output.contains("note[pickle-present]: pytorch_model.bin"))
    #expect(!FileManager.default.fileExists(atPath: trace))
  }

  @Test func whatCannotBeReadIsAnError() throws {
    #expect(try Program.run("audit", "no-such-folder").status == 66)
  }
}

/// Files made by hand.
enum Headers {
  static func file(_ header: String, _ dataLength: Int) -> [UInt8] {
    let length = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: dataLength)
  }
}
