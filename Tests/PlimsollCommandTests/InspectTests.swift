import Foundation
import Testing

@Suite struct InspectTests {
  /// Parameter counts as the models' authors publish them, or as PEFT reports them.
  @Test(arguments: [
    ("tiny-gpt2", 9_664, 28, 2), ("tiny-llama", 32_928, 21, 2), ("gpt2", 124_439_808, 148, 12),
    ("opt-1.3b", 1_315_758_080, 388, 24), ("Qwen2.5-0.5B", 494_032_768, 290, 24),
    ("Llama-3-8B", 8_030_261_248, 291, 32), ("Llama-3.2-1B-lora-r16", 11_272_192, 224, 16),
  ])
  func countsOfPublishedModels(model: String, parameters: Int, tensors: Int, layers: Int) throws {
    let document = try document("inspect", model)
    #expect(document["schema"] as? String == "plimsoll.inspect/1")
    #expect(document["parameterCount"] as? Int == parameters)
    #expect(document["tensorCount"] as? Int == tensors)
    #expect(document["layerCount"] as? Int == layers)
  }

  @Test func factsOfALargeModel() throws {
    let document = try document("inspect", "Llama-3-8B")
    #expect(document["bytes"] as? Int == 16_060_522_496)
    #expect(document["bytesByDtype"] as? [String: Int] == ["BF16": 16_060_522_496])
    #expect(document["hiddenSize"] as? Int == 4096)
    #expect(document["vocabularySize"] as? Int == 128_256)
    #expect(document["tiedEmbeddings"] as? Bool == false)
    #expect(document["family"] as? String == "llama")
    #expect((document["files"] as? [String])?.count == 4)
  }

  @Test func packedStorage() throws {
    let document = try document("inspect", "Llama-3.2-1B-GPTQ")
    #expect(document["tensorCount"] as? Int == 482)
    #expect(document["bytes"] as? Int == 1_032_327_168)
    #expect(document["bytesByDtype"] as? [String: Int] == ["I32": 491_651_072, "F16": 540_676_096])
  }

  @Test func tensorsInDetail() throws {
    let document = try document("inspect", "tiny-llama", "--by", "tensor")
    let tensors = try #require(document["tensors"] as? [[String: Any]])
    #expect(tensors.count == 21)
    let query = try #require(tensors.first { $0["name"] as? String == "model.layers.1.self_attn.k_proj.weight" })
    #expect(query["dtype"] as? String == "BF16")
    #expect(query["shape"] as? [Int] == [16, 32])
    #expect(query["logicalShape"] as? [Int] == [16, 32])
    #expect(query["file"] as? String == "model-00001-of-00002.safetensors")
    #expect(query["bytes"] as? Int == 1024)
    #expect(query["component"] as? String == "attention")
    #expect(query["layer"] as? Int == 1)
    #expect((query["offset"] as? Int ?? 0) > 8)
  }

  /// The listing's name in JSON, and the first name in CSV's head line.
  @Test(arguments: [
    (nil, "patterns", "pattern"), ("layer", "layers", "layer"), ("component", "components", "component"),
    ("dtype", "dtypes", "dtype"), ("tensor", "tensors", "name"), ("shard", "shards", "shard"),
  ])
  func everyListingInEveryForm(grouping: String?, list: String, column: String) throws {
    let by = grouping.map { ["--by", $0] } ?? []
    let rows = try #require(try document(["inspect", "tiny-gpt2"] + by)[list] as? [[String: Any]])
    #expect(!rows.isEmpty)
    #expect(rows.compactMap { $0["bytes"] as? Int }.reduce(0, +) == 38_656)

    let csv = try Program.run(["inspect", "tiny-gpt2", "--format", "csv"] + by).output
    let lines = csv.components(separatedBy: "\r\n")
    #expect(lines.count == rows.count + 2)
    #expect(lines.first?.hasPrefix(column + ",") == true)

    for form in ["table", "markdown"] {
      let answer = try Program.run(["inspect", "tiny-gpt2", "--format", form] + by)
      #expect(answer.status == 0)
      #expect(answer.output.contains("9,664"))
      #expect(!answer.output.contains(" \n"), "a line ends in a space")
    }
  }

  @Test(arguments: [
    ("gpt2", ["gpt2"], "inspect-gpt2.txt"),
    ("by layer", ["tiny-llama", "--by", "layer"], "inspect-by-layer.txt"),
    ("by component", ["tiny-llama", "--by", "component", "--format", "markdown"], "inspect-by-component.md"),
    ("by shard", ["Llama-3-8B", "--by", "shard", "--format", "csv"], "inspect-by-shard.csv"),
    ("by tensor", ["tiny-gpt2", "--by", "tensor", "--format", "csv"], "inspect-by-tensor.csv"),
    ("json", ["tiny-llama", "--format", "json"], "inspect.json"),
    ("adapter", ["Llama-3.2-1B-lora-r16"], "inspect-adapter.txt"),
  ])
  func snapshots(_: String, arguments: [String], file: String) throws {
    let answer = try Program.run(["inspect"] + arguments)
    #expect(answer.status == 0)
    #expect(answer.errors.isEmpty)
    try expectSnapshot(answer.output, file)
  }

  @Test func oneFileOfAFolder() throws {
    let document = try document("inspect", "tiny-llama/model-00002-of-00002.safetensors")
    #expect(document["tensorCount"] as? Int == 7)
  }

  private func document(_ arguments: String...) throws -> [String: Any] { try document(arguments) }

  private func document(_ arguments: [String]) throws -> [String: Any] {
    let answer = try Program.run(arguments + ["--format", "json"])
    #expect(answer.status == 0)
    return try #require(JSONSerialization.jsonObject(with: Data(answer.output.utf8)) as? [String: Any])
  }
}
