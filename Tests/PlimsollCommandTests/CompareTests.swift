import Foundation
import Testing

@Suite struct CompareTests {
  static let models = [
    "tiny-gpt2", "tiny-llama", "gpt2", "opt-1.3b", "Qwen2.5-0.5B", "Llama-3-8B", "Llama-3.2-1B-GPTQ",
  ]

  /// Every difference that is a number is told to the unit.
  @Test(arguments: models) func causesSumUp(model: String) throws {
    let document = try compared(model, "--sequence-length", "16")
    #expect(document["schema"] as? String == "plimsoll.compare/1")
    let rows = try #require(document["rows"] as? [[String: Any]])
    #expect(rows.count > 5)
    for row in rows {
      guard let difference = row["difference"] as? Int else { continue }
      let causes = try #require(row["causes"] as? [[String: Any]])
      let sum = causes.reduce(0) { $0 + ($1["amount"] as? Int ?? 0) }
      #expect(sum == difference, "\(row["quantity"] ?? ""): \(causes)")
      #expect((row["exact"] as? Int ?? 0) - (row["nominal"] as? Int ?? 0) == difference)
      #expect((row["because"] is String) == (difference != 0))
    }
  }

  /// GPT-2 by hand: a table of 1024 positions, and 3 · 768 + 768, 3072 + 768 and 2 · 768 biases in each of twelve layers,
  /// and 768 behind them.
  @Test func differencesOfGPT2() throws {
    let document = try compared("gpt2", "--sequence-length", "16")
    let rows = try #require(document["rows"] as? [[String: Any]])
    func difference(_ quantity: String) -> Int? {
      rows.first { $0["quantity"] as? String == quantity }?["difference"] as? Int
    }
    #expect(difference("parameters: embedding") == 1024 * 768)
    #expect(difference("parameters: attention") == 12 * 4 * 768)
    #expect(difference("parameters: mlp") == 12 * (3072 + 768))
    #expect(difference("parameters: norm") == 25 * 768)
    #expect(difference("parameters") == 888_576)
  }

  /// The calculator's words for Llama-3-8B in bf16 with AdamW: two bytes of weights and of gradients and eight of states for
  /// each parameter; accelerate's rule; ZeRO's.
  @Test func rulesOfThumb() throws {
    let document = try compared("Llama-3-8B", "--sequence-length", "16")
    let rows = try #require(document["rows"] as? [[String: Any]])
    func nominal(_ start: String) -> Int? {
      rows.first { ($0["quantity"] as? String)?.hasPrefix(start) == true }?["nominal"] as? Int
    }
    let parameters = 8_030_261_248
    #expect(nominal("weights") == 2 * parameters && nominal("gradients") == 2 * parameters)
    #expect(nominal("optimizer states") == 8 * parameters)
    // 34 · s · b · h + 5 · a · s² · b in each of 32 layers.
    #expect(nominal("activations") == 32 * (34 * 16 * 4096 + 5 * 32 * 16 * 16))
    #expect(nominal("4 times") == 8 * parameters)
    #expect(nominal("16 bytes") == 16 * parameters && nominal("18 bytes") == 18 * parameters)
  }

  /// LLMem's four methods beside their simulations.
  @Test func equationsOfSeveralGPUs() throws {
    let document = try compared(
      "opt-1.3b", "--gpus", "4", "--strategy", "ddp", "--sequence-length", "128", "--precision",
      "fp16-mixed", "--checkpointing", "non-reentrant", "--gpu", "v100-16gb")
    let rows = try #require(document["rows"] as? [[String: Any]])
    let equations = rows.filter { ($0["quantity"] as? String)?.hasPrefix("LLMem") == true }
    #expect(equations.count == 4)
    #expect(equations.allSatisfy { ($0["because"] as? String)?.contains("m_out") == true })
  }

  /// A checkpoint and its edition in four bits: as many parameters, other tensors, fewer bytes, less memory.
  @Test func twoCheckpoints() throws {
    let answer = try compared("tiny-gpt2", "tiny-llama", "--sequence-length", "16")
    let rows = try #require(answer["rows"] as? [[String: Any]])
    func row(_ quantity: String) -> [String: Any] { rows.first { $0["quantity"] as? String == quantity } ?? [:] }
    #expect(row("family")["first"] as? String == "gpt2" && row("family")["second"] as? String == "llama")
    #expect(row("parameters")["first"] as? Int == 9_664 && row("parameters")["second"] as? Int == 32_928)
    #expect(row("tensors of one side alone")["first"] as? Int == 28)
    #expect((row("peak allocated")["first"] as? Int ?? 0) > 0)
    #expect(answer["other"] as? String != nil)

    let same = try compared("tiny-gpt2", "tiny-gpt2", "--sequence-length", "16")
    let differences = try #require(same["rows"] as? [[String: Any]]).compactMap { $0["difference"] as? Int }
    #expect(!differences.isEmpty && differences.allSatisfy { $0 == 0 })
  }

  @Test func whatCannotBeCompared() throws {
    let adapter = try Program.run(["compare", "Llama-3.2-1B-lora-r16"])
    #expect(adapter.status == 65 && adapter.errors.contains("no configuration that gives layers"))
    let missing = try Program.run(["compare", "tiny-gpt2", "nowhere"])
    #expect(missing.status == 66)
    // What is stored is compared even where no step can be simulated.
    let packed = try compared("Llama-3.2-1B-GPTQ")
    #expect((packed["notSimulated"] as? String)?.contains("--lora-rank") == true)
  }

  @Test(arguments: ["table", "markdown"]) func forPeople(format: String) throws {
    let answer = try Program.run(["compare", "tiny-llama", "--sequence-length", "16", "--format", format])
    try expectSnapshot(answer.output, format == "table" ? "compare.txt" : "compare.md")
  }

  private func compared(_ arguments: String...) throws -> [String: Any] {
    let answer = try Program.run(["compare"] + arguments + ["--format", "json"])
    #expect(answer.status == 0)
    return try #require(JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
  }
}
