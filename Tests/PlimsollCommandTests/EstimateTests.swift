import Foundation
import Testing

@Suite struct EstimateTests {
  /// Peaks of real runs: torch 2.11 and transformers 5.17, every allocation traced on fake CUDA tensors.
  @Test(arguments: [
    ("gpt2", ["--batch-size", "4", "--sequence-length", "512", "--precision", "fp32"], 4_895_866_880, "backward"),
    (
      "gpt2",
      [
        "--batch-size", "8", "--sequence-length", "512", "--precision", "bf16-mixed", "--checkpointing",
        "non-reentrant",
      ], 4_213_822_976, "backward"
    ),
    (
      "Qwen2.5-0.5B",
      ["--batch-size", "8", "--sequence-length", "512", "--precision", "bf16", "--optimizer", "adamw-fused"],
      16_105_432_064, "backward"
    ),
  ])
  func tracedPeaks(model: String, flags: [String], peak: Int, phase: String) throws {
    let answer = try document("estimate", arguments: [model, "--loop", "plain"] + flags)
    let peaks = try #require(answer["peak"] as? [String: Any])
    let allocated = try #require(peaks["allocated"] as? Int)
    #expect(abs(Double(allocated) / Double(peak) - 1) < 0.0005)
    #expect(peaks["phase"] as? String == phase)
    #expect(answer["recognised"] as? Bool == true)
    let parts = try #require(answer["atPeak"] as? [String: Int])
    #expect(parts.values.reduce(0, +) == allocated)
  }

  /// Full fine-tuning in pure 16 bit with AdamW in its foreach form: measured at 10 bytes a parameter in the optimizer
  /// step (2 for weights, gradients, both moments and the root of one), and a few inputs.
  @Test func tenBytesAParameter() throws {
    let answer = try document("estimate", arguments: ["Llama-3-8B", "--precision", "bf16", "--sequence-length", "512"])
    let peaks = try #require(answer["peak"] as? [String: Any])
    let rest = try #require(peaks["allocated"] as? Int) - 10 * 8_030_261_248
    #expect((0..<1 << 20).contains(rest))
    #expect(peaks["phase"] as? String == "optimizer")
  }

  @Test func fitsOrNot() throws {
    let workload = ["Llama-3-8B", "--precision", "bf16", "--sequence-length", "512"]
    let small = try Program.run(["estimate"] + workload + ["--gpu", "a100-40gb"])
    #expect(small.status == 1)
    #expect(small.output.contains("does not fit"))
    let large = try Program.run(["estimate"] + workload + ["--gpu", "h200"])
    #expect(large.status == 0)
  }

  @Test(arguments: [
    (["tiny-gpt2", "--quantize", "nf4"], 64), (["tiny-encoder", "--loss", "fused"], 64),
    (["tiny-gpt2", "--method", "s2a"], 64), (["tiny-gpt2", "--method", "convbn-tune"], 65),
    (["tiny-gpt2", "--gpu", "abacus"], 64), (["tiny-gpt2", "--gpus", "3", "--tensor-parallel", "2"], 64),
    (["Llama-3.2-1B-GPTQ"], 65), (["Llama-3.2-1B-lora-r16"], 65), (["nowhere"], 66),
    (["tiny-gpt2", "--batch-size", "1000000", "--sequence-length", "1000000000"], 65),
  ])
  func refusals(arguments: [String], status: Int) throws {
    let answer = try Program.run(["estimate"] + arguments)
    #expect(Int(answer.status) == status)
    #expect(answer.errors.hasPrefix("plimsoll: error: "))
    #expect(answer.output.isEmpty)
  }

  /// What each way to train stands for is said beside the figure.
  @Test(arguments: [
    (["--method", "prefix", "--virtual-tokens", "5"], "keys and values of 5 virtual tokens, in fp32"),
    (["--method", "prefix", "--prefix-projection"], "of 20 virtual tokens, by a network of two layers"),
    (["--method", "lamda", "--lora-rank", "8"], "A frozen, S and B trained"),
  ])
  func techniques(flags: [String], assumption: String) throws {
    let answer = try Program.run(["estimate", "tiny-llama", "--sequence-length", "16"] + flags)
    #expect(answer.status == 0)
    #expect(answer.output.contains(assumption))
  }

  @Test(arguments: [
    (["estimate", "tiny-llama", "--gpu", "t4"], "estimate.txt"),
    (["estimate", "tiny-llama", "--gpu", "t4", "--format", "json"], "estimate.json"),
    (["estimate", "tiny-gpt2", "--format", "html"], "estimate.html"),
    (
      ["plan", "opt-1.3b", "--gpus", "4", "--gpu", "v100-16gb", "--model", "llmem", "--sequence-length", "512"],
      "plan.txt"
    ),
    (["gpus"], "gpus.txt"), (["families"], "families.txt"),
  ])
  func snapshots(arguments: [String], file: String) throws {
    try expectSnapshot(try Program.run(arguments).output, file)
  }

  /// The choice that the paper reports for OPT-1.3b on four V100s: replicas with sharded states.
  @Test(arguments: ["llmem", "simulate"])
  func planOfThePaper(model: String) throws {
    let answer = try document(
      "plan",
      arguments: [
        "opt-1.3b", "--gpus", "4", "--gpu", "v100-16gb", "--model", model, "--sequence-length", "512", "--precision",
        "fp16-mixed", "--checkpointing", "non-reentrant",
      ])
    let best = try #require(answer["best"] as? [String: Any])
    #expect(best["strategy"] as? String == "gemini")
    let candidates = try #require(answer["candidates"] as? [[String: Any]])
    #expect(candidates.count == 4)
    for candidate in candidates where candidate["fits"] as? Bool == false {
      #expect(candidate["whyNot"] as? String != nil)
    }
  }

  @Test func nothingFits() throws {
    let answer = try Program.run(["plan", "Llama-3-8B", "--gpus", "2", "--gpu", "t4", "--fix", "offload=none"])
    #expect(answer.status == 1)
    #expect(answer.output.contains("Nothing fits"))
  }

  @Test func everyStrategyIsSearched() throws {
    let arguments = [
      "tiny-llama", "--gpus", "4", "--gpu", "t4", "--fix", "batch=2", "--fix", "checkpointing=none", "--all",
    ]
    let answer = try document("plan", arguments: arguments)
    let candidates = try #require(answer["candidates"] as? [[String: Any]])
    #expect(Set(candidates.compactMap { $0["strategy"] as? String }).isSuperset(of: ["ddp", "fsdp", "tp", "pp"]))
    #expect(candidates.allSatisfy { $0["batchSize"] as? Int == 2 && $0["checkpointing"] as? String == "none" })
    let best = try #require(answer["best"] as? [String: Any])
    let speeds = candidates.compactMap { $0["tokensPerSecond"] as? Double }
    #expect(try #require(best["tokensPerSecond"] as? Double) == speeds.max())
    #expect(answer["longestSequence"] as? Int != nil)
  }

  @Test(arguments: ["batch", "batch=0", "colour=red", "strategy=fast"]) func noChoice(_ text: String) throws {
    let answer = try Program.run(["plan", "tiny-llama", "--gpu", "t4", "--fix", text])
    #expect(answer.status == 64)
    #expect(answer.errors.contains("--fix \(text)"))
  }

  /// LLMem's question has nothing to fix and no objective.
  @Test(arguments: [["--fix", "batch=2"], ["--objective", "memory"], ["--all"]])
  func nothingToSearch(_ flags: [String]) throws {
    let answer = try Program.run(["plan", "tiny-llama", "--gpu", "t4", "--model", "simulate"] + flags)
    #expect(answer.status == 64)
    #expect(answer.errors.contains("\(flags[0]) has no effect with --model simulate"))
  }

  private func document(_ command: String, arguments: [String]) throws -> [String: Any] {
    let answer = try Program.run([command] + arguments + ["--format", "json"])
    let object = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
    return try #require(object as? [String: Any])
  }
}
