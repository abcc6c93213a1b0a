import Foundation
import Testing

/// `audit --explain-architecture` and `--architecture`.
@Suite struct ArchitectureTests {
  @Test(arguments: ["tiny-llama", "tiny-gpt2", "Llama-3.2-1B-GPTQ", "Llama-3.2-1B-lora-r16", "opt-1.3b"])
  func whatIsPrintedCanBeGivenBack(sample: String) throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("parts.json").path
    let printed = try Program.run("audit", sample, "--explain-architecture", "--output", file)
    #expect(printed.status == 0 && printed.output.isEmpty && printed.errors.isEmpty)
    let told = try Program.run("inspect", sample, "--format", "json")
    let said = try Program.run("inspect", sample, "--architecture", file, "--format", "json")
    let source = "\"architecture\": {\"file\": \"\(file)\"}"
    #expect(said.output.contains(source))
    #expect(said.output.replacingOccurrences(of: source, with: "\"architecture\": null") == told.output)
  }

  @Test func everyCommandTakesIt() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("parts.json")
    try Data(#"{"family": "generic"}"#.utf8).write(to: file)
    let flags = ["--architecture", file.path]
    let audit = try Program.run(["audit", "tiny-llama"] + flags)
    #expect(audit.status == 0 && audit.output.contains("Inferred parts") && audit.output.contains("layers.#"))
    #expect(try Program.run(["inspect", "tiny-llama"] + flags).output.contains("generic"))
    #expect(try Program.run(["estimate", "tiny-llama"] + flags).output.contains("parts as \(file.path) says"))
    #expect(try Program.run(["compare", "tiny-llama"] + flags).status == 0)
    #expect(try Program.run(["plan", "tiny-llama", "--gpu", "a100-40gb"] + flags).status == 0)
  }

  @Test func whatIsWrongWithIt() throws {
    let folder = try TemporaryFolder()
    let file = folder.url.appendingPathComponent("parts.json")
    try Data(#"{"family": "#.utf8).write(to: file)
    let answer = try Program.run("inspect", "tiny-llama", "--architecture", file.path)
    #expect(answer.status == 65 && answer.errors.contains("parts.json: the document is not valid JSON"))
    #expect(answer.errors.contains("hint: `plimsoll audit CHECKPOINT --explain-architecture`"))
    try Data(#"{"family": "generic", "family": "llama"}"#.utf8).write(to: file)
    #expect(try Program.run("inspect", "tiny-llama", "--architecture", file.path).status == 65)
    #expect(try Program.run("inspect", "tiny-llama", "--architecture", "no-such-file").status == 66)
    #expect(try Program.run("audit", "tiny-llama", "--explain-architecture", "--format", "sarif").status == 64)
  }
}
