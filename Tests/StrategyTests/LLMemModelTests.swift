import Architecture
import Checkpoint
import Strategy
import Testing
import Units

@Suite("LLMem's symbols from a checkpoint")
struct LLMemModelTests {
  static func weightSet(_ tensors: [(String, Shape)], type: DataType = .float16) -> WeightSet {
    let stored = tensors.map {
      StoredTensor(name: $0.0, dataType: type, shape: $0.1, fileIndex: 0, range: FileRange(offset: 0, length: 0))
    }
    return WeightSet(label: "test", kind: .model, files: ["model.safetensors"], tensors: stored)
  }

  static func configuration(_ modelType: String, _ fields: [String: Configuration.Node]) -> Configuration {
    Configuration(file: "config.json", root: fields.merging(["model_type": .string(modelType)]) { $1 })
  }

  /// OPT with 2 layers of width 8, 100 tokens, 16 + 2 positions.
  static func opt(storedHead: Bool) -> [(String, Shape)] {
    var tensors: [(String, Shape)] = storedHead ? [("lm_head.weight", [100, 8])] : []
    for index in 0..<2 {
      let path = "model.decoder.layers.\(index)"
      tensors += [
        ("\(path).fc1.bias", [32]), ("\(path).fc1.weight", [32, 8]), ("\(path).fc2.bias", [8]),
        ("\(path).fc2.weight", [8, 32]),
      ]
      for norm in ["final_layer_norm", "self_attn_layer_norm"] {
        tensors += [("\(path).\(norm).bias", [8]), ("\(path).\(norm).weight", [8])]
      }
      for projection in ["k_proj", "out_proj", "q_proj", "v_proj"] {
        tensors += [
          ("\(path).self_attn.\(projection).bias", [8]), ("\(path).self_attn.\(projection).weight", [8, 8]),
        ]
      }
    }
    tensors += [
      ("model.decoder.embed_positions.weight", [18, 8]), ("model.decoder.embed_tokens.weight", [100, 8]),
      ("model.decoder.final_layer_norm.bias", [8]), ("model.decoder.final_layer_norm.weight", [8]),
    ]
    return tensors
  }

  /// A layer has 4 * (64 + 8) + 256 + 32 + 256 + 8 + 4 * 8 = 872; all but the tokens: 144 + 2 * 872 + 16 = 1,904.
  @Test(arguments: [false, true]) func tiedHeadCountsOnce(isStored: Bool) throws {
    let set = Self.weightSet(Self.opt(storedHead: isStored))
    let configuration = Self.configuration(
      "opt", ["hidden_size": .integer(8), "tie_word_embeddings": .boolean(true), "vocab_size": .integer(100)])
    let model = try LLMemModel(ModelDescription(weightSet: set, configuration: configuration), weightSet: set)
    #expect(model.embeddingParameters == 800)
    #expect(model.otherParameters == 1904)
    #expect(model.headBytes == 1600)
    #expect(model.operatorParameterCounts.sorted() == [64, 64, 64, 64, 64, 64, 64, 64, 144, 256, 256, 256, 256, 800])
    #expect(model.embeddingLayerCount == 2)
    #expect(model.layerCount == 2)
    #expect(model.hiddenSize == 8)
    #expect(model.vocabularySize == 100)
    #expect(!model.computesHeadInFP32)
    #expect(model.parameterCounts.prefix(2) == [144, 800])
    #expect(model.parameterCounts.suffix(2) == [8, 8])
  }

  @Test func untiedHeadIsAnOperator() throws {
    let set = Self.weightSet(Self.opt(storedHead: true))
    let configuration = Self.configuration(
      "opt", ["hidden_size": .integer(8), "tie_word_embeddings": .boolean(false), "vocab_size": .integer(100)])
    let model = try LLMemModel(ModelDescription(weightSet: set, configuration: configuration), weightSet: set)
    #expect(model.otherParameters == 2704)
    #expect(model.operatorParameterCounts.filter { $0 == 800 }.count == 2)
    #expect(model.parameterCounts.last == 800)
  }

  @Test func packedWeightsAreRefused() {
    let set = Self.weightSet(
      [
        ("model.embed_tokens.weight", [100, 8]), ("model.layers.0.self_attn.q_proj.qweight", [1, 8]),
        ("model.layers.0.self_attn.q_proj.qzeros", [1, 1]), ("model.layers.0.self_attn.q_proj.scales", [1, 8]),
        ("model.layers.0.self_attn.q_proj.g_idx", [8]),
      ], type: .int32)
    let description = ModelDescription(weightSet: set, configuration: Self.configuration("llama", [:]))
    #expect(throws: LLMemModelError(.packedWeights, message: "")) { try LLMemModel(description, weightSet: set) }
  }

  static let others: [[(String, Shape)]] = [
    [("a.weight", [3, 3])],
    [("model.embed_tokens.weight", []), ("model.layers.0.mlp.up_proj.weight", [4, 2])],
    [
      ("model.embed_tokens.weight", [4, 2]), ("model.layers.0.mlp.up_proj.weight", [4, 2]),
      ("lm_head.weight", []),
    ],
  ]

  @Test(arguments: others) func othersAreRefused(tensors: [(String, Shape)]) {
    let set = Self.weightSet(tensors)
    let configuration = Self.configuration(
      "llama", ["tie_word_embeddings": .boolean(false), "hidden_size": .integer(2)])
    let description = ModelDescription(weightSet: set, configuration: configuration)
    #expect(throws: LLMemModelError(.notATransformer, message: "")) { try LLMemModel(description, weightSet: set) }
  }
}
