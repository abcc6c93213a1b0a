@testable import Checkpoint
import Testing
import Units

/// GGUF files: what they hold, and what is refused.
@Suite struct GGUFTests {
  private func open(_ text: GGUFText, _ name: String = "model.gguf") throws -> Checkpoint {
    let folder = TemporaryFolder()
    try folder.write(name, text)
    return try Checkpoint.open(folder.path)
  }

  private func code(_ bytes: [UInt8], hole: Int = 0) throws -> CheckpointError.Code? {
    let folder = TemporaryFolder()
    try folder.write("model.gguf", bytes, hole: hole)
    return #expect(throws: CheckpointError.self) { try Checkpoint.open(folder.path) }?.code
  }

  private func code(_ change: (inout GGUFText) -> Void) throws -> CheckpointError.Code? {
    var text = GGUFText()
    text.pairs = [("general.architecture", GGUFText.text("llama"))]
    text.add("a", 2, [32, 2], 36)
    change(&text)
    let (header, data) = text.parts
    return try code(header, hole: data)
  }

  @Test(arguments: [2, 3]) func aModel(_ version: Int) throws {
    var text = GGUFText.llama()
    text.version = version
    let checkpoint = try open(text)
    #expect(checkpoint.findings == [])
    let set = try checkpoint.primaryWeightSet()
    #expect(set.container == .gguf)
    #expect(set.tensors.count == text.tensors.count)
    let down = try #require(set.tensors.first { $0.name == "blk.1.ffn_down.weight" })
    // The file has the dimensions in the other order.
    #expect(down.shape == [256, 512])
    #expect(down.dataType == .q4K)
    #expect(down.range.length == 256 * 512 / 256 * 144)
    let configuration = try #require(checkpoint.configuration)
    #expect(configuration.string("model_type") == "llama")
    #expect(configuration.integer("num_hidden_layers") == 2)
    #expect(configuration.integer("num_key_value_heads") == 2)
    #expect(configuration.integer("vocab_size") == 32)
    #expect(configuration.boolean("tie_word_embeddings") == false)
  }

  @Test func aModelWithoutAHeadIsTied() throws {
    #expect(try open(.llama(tied: true)).configuration?.boolean("tie_word_embeddings") == true)
  }

  @Test func aLongVocabularyIsReadThrough() throws {
    var text = GGUFText.llama()
    text.pairs.append(("tokenizer.ggml.merges", GGUFText.texts((0..<20_000).map { "merge number \($0)" })))
    #expect(try open(text).primaryWeightSet().tensors.count == text.tensors.count)
  }

  @Test func filesOfASplitModel() throws {
    let whole = GGUFText.llama()
    let folder = TemporaryFolder()
    for number in 1...2 {
      var part = whole
      part.tensors = whole.tensors.enumerated().filter { ($0.offset < 5) == (number == 1) }.map(\.element)
      if number == 2 { part.pairs = [("split.no", GGUFText.integer(1))] }
      try folder.write("x-0000\(number)-of-00002.gguf", part)
    }
    let checkpoint = try Checkpoint.open(folder.path)
    #expect(checkpoint.findings == [])
    #expect(checkpoint.weightSets.map(\.label) == ["x (2 shards)"])
    #expect(try checkpoint.primaryWeightSet().tensors.count == whole.tensors.count)
    #expect(checkpoint.configuration?.boolean("tie_word_embeddings") == false)
    try folder.write("config.json", text: #"{"model_type":"mistral"}"#)
    #expect(try Checkpoint.open(folder.path).configuration?.string("model_type") == "mistral")
  }

  @Test func aPartThatIsMissing() throws {
    #expect(try open(.llama(), "x-00001-of-00002.gguf").findings.map(\.rule) == ["shard-missing"])
  }

  @Test func aNameWithoutASuffix() throws {
    let folder = TemporaryFolder()
    let path = try folder.write("blob", GGUFText.llama())
    #expect(try Checkpoint.open(path).primaryWeightSet().container == .gguf)
  }

  /// ggml's table as the package gguf 0.17 prints it; Q8_1, which no file holds, as ggml-common.h has it.
  @Test func theTableOfTypes() {
    let table: [(Int, String, Int, Int)] = [
      (0, "F32", 1, 4), (1, "F16", 1, 2), (2, "Q4_0", 32, 18), (3, "Q4_1", 32, 20), (6, "Q5_0", 32, 22),
      (7, "Q5_1", 32, 24), (8, "Q8_0", 32, 34), (9, "Q8_1", 32, 36), (10, "Q2_K", 256, 84), (11, "Q3_K", 256, 110),
      (12, "Q4_K", 256, 144), (13, "Q5_K", 256, 176), (14, "Q6_K", 256, 210), (15, "Q8_K", 256, 292),
      (16, "IQ2_XXS", 256, 66), (17, "IQ2_XS", 256, 74), (18, "IQ3_XXS", 256, 98), (19, "IQ1_S", 256, 50),
      (20, "IQ4_NL", 32, 18), (21, "IQ3_S", 256, 110), (22, "IQ2_S", 256, 82), (23, "IQ4_XS", 256, 136),
      (24, "I8", 1, 1), (25, "I16", 1, 2), (26, "I32", 1, 4), (27, "I64", 1, 8), (28, "F64", 1, 8),
      (29, "IQ1_M", 256, 56), (30, "BF16", 1, 2), (34, "TQ1_0", 256, 54), (35, "TQ2_0", 256, 66),
      (39, "MXFP4", 32, 17), (40, "NVFP4", 64, 36), (41, "Q1_0", 128, 18),
    ]
    for number in 0..<42 {
      let row = table.first { $0.0 == number }
      let block = GGUFFile.block(ofType: number)
      #expect(block?.name == row?.1)
      #expect(block?.elements == row?.2)
      #expect(block?.bytes == row?.3)
      guard let row else { continue }
      let type = GGUFFile.dataTypes[number]
      #expect(type.rawValue == row.1)
      if row.2 > 1 {
        #expect(type.block?.elements == row.2)
        #expect(type.block?.bytes == row.3)
      } else {
        #expect(type.bitWidth == 8 * row.3)
      }
    }
  }

  @Test func whatIsRefused() throws {
    #expect(try code { $0.version = 1 } == .ggufVersion)
    #expect(try code { $0.version = 3 << 24 } == .ggufVersion)
    #expect(try code { $0.pairs.append(("general.architecture", GGUFText.text("x"))) } == .ggufDuplicateKey)
    #expect(try code { $0.add("a", 0, [4], 16) } == .ggufDuplicateTensor)
    #expect(try code { $0.pairs.append(("general.alignment", GGUFText.integer(24))) } == .ggufStructure)
    #expect(try code { $0.pairs.append(("x", PickleText.number(13, 4))) } == .ggufStructure)
    #expect(try code { $0.pairs.append(("", GGUFText.integer(1))) } == .ggufStructure)
    #expect(try code { $0.add("b", 4, [32], 18) } == .ggufTensorType)
    #expect(try code { $0.add("b", 1 << 20, [32], 18) } == .ggufTensorType)
    #expect(try code { $0.add("b", 2, [33], 18) } == .ggufTensorShape)
    #expect(try code { $0.add("b", 0, [1, 1, 1, 1, 1], 4) } == .ggufStructure)
    #expect(try code { $0.add("b", 0, [1 << 40, 1 << 40], 4) } == .tensorOverflow)
    #expect(try code { $0.add("b", 0, [4], 16, at: 32) } == .tensorOffset)
    #expect(try code { $0.add("b", 0, [1 << 30], 16) } == .fileNotCovered)
    // An array of arrays, and counts that the file has no room for.
    #expect(
      try code { $0.pairs.append(("x", [9, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])) } == .ggufStructure)
    let most = [UInt8](repeating: 0xFF, count: 8)
    #expect(try code { $0.pairs.append(("x", [9, 0, 0, 0, 8, 0, 0, 0] + most)) } == .ggufStructure)
    #expect(try code { $0.pairs.append(("x", [8, 0, 0, 0] + most)) } == .ggufStructure)
    #expect(try code(Array("GGUF".utf8) + [3, 0, 0, 0] + most + most) == .ggufStructure)
    #expect(try code(Array("GGUF".utf8) + [3, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0]) == .ggufTruncated)
    #expect(try code(Array("GGML".utf8) + [3, 0, 0, 0]) == .ggufMagic)
  }
}
