import Architecture
import Checkpoint
import Testing
import Units

/// Quantised storage, adapters, and files that do not agree with their configuration.
@Suite struct StorageTests {
  @Test func blockScalesAreNotParameters() {
    var blueprint = Blueprint.llama(layers: 2)
    let plain = ModelDescription(weightSet: blueprint.weightSet(), configuration: Blueprint.llamaConfiguration())
    blueprint = Blueprint()
    for tensor in Blueprint.llama(layers: 2).tensors {
      let isMatrix = tensor.name.hasSuffix("proj.weight")
      blueprint.dataType = isMatrix ? .float8e4m3 : .bfloat16
      if tensor.shape.rank == 1 {
        blueprint.add(tensor.name, tensor.shape[0])
      } else {
        blueprint.add(tensor.name, tensor.shape[0], tensor.shape[1])
        guard isMatrix else { continue }
        blueprint.add(
          tensor.name + "_scale_inv", (tensor.shape[0] + 127) / 128, (tensor.shape[1] + 127) / 128, as: .float32)
      }
    }
    let model = ModelDescription(
      weightSet: blueprint.weightSet(), configuration: Blueprint.llamaConfiguration(["num_hidden_layers": 2]))
    #expect(model.parameterCount == plain.parameterCount)
    #expect(model.placements.filter { $0.component == .quantization }.count == 14)
    #expect(model.findings.isEmpty)
    #expect(model.layers[1].modules[.gate]?.weight == [14336, 4096])
  }

  /// A linear layer [4096, 4096] as a scheme stores it.
  struct PackedLayer: Sendable, CustomTestStringConvertible {
    /// As the finding names it.
    var scheme: String
    var tensors: [(String, DataType, Shape)]
    var configuration: [String: Configuration.Node] = [:]
    /// Whether the shape follows from what is stored.
    var tellsShape = true

    var testDescription: String { scheme }
  }

  static let packedLayers = [
    PackedLayer(
      scheme: "GPTQ",
      tensors: [
        ("qweight", .int32, [512, 4096]), ("qzeros", .int32, [32, 512]), ("scales", .float16, [32, 4096]),
        ("g_idx", .int32, [4096]),
      ]),
    // Three bits: 32 elements in three words.
    PackedLayer(
      scheme: "GPTQ or AWQ",
      tensors: [("qweight", .int32, [384, 4096]), ("qzeros", .int32, [32, 384]), ("scales", .float16, [32, 4096])]),
    PackedLayer(
      scheme: "AWQ",
      tensors: [("qweight", .int32, [4096, 512]), ("qzeros", .int32, [32, 512]), ("scales", .float16, [32, 4096])],
      configuration: ["quantization_config": .object(["quant_method": "awq"])]),
    PackedLayer(
      scheme: "bitsandbytes 8-bit",
      tensors: [("weight", .int8, [4096, 4096]), ("SCB", .float32, [4096]), ("weight_format", .uint8, [])]),
    PackedLayer(
      scheme: "bitsandbytes NF4",
      tensors: [
        ("weight", .uint8, [8_388_608, 1]), ("weight.absmax", .float32, [262_144]),
        ("weight.quant_map", .float32, [16]),
        ("weight.quant_state.bitsandbytes__nf4", .uint8, [120]),
      ], tellsShape: false),
    PackedLayer(
      scheme: "compressed-tensors pack-quantized",
      tensors: [
        ("weight_packed", .int32, [4096, 512]), ("weight_scale", .bfloat16, [4096, 32]), ("weight_shape", .int64, [2]),
      ],
      configuration: [
        "quantization_config": .object([
          "config_groups": .object(["group_0": .object(["weights": .object(["group_size": 128])])])
        ])
      ]),
    PackedLayer(
      scheme: "NVFP4",
      tensors: [
        ("weight", .uint8, [4096, 2048]), ("weight_scale", .float8e4m3, [4096, 256]), ("weight_scale_2", .float32, []),
        ("input_scale", .float32, []),
      ]),
    PackedLayer(
      scheme: "MLX",
      tensors: [
        ("weight", .uint32, [4096, 512]), ("scales", .bfloat16, [4096, 64]), ("biases", .bfloat16, [4096, 64]),
      ], configuration: ["quantization": .object(["group_size": 64, "bits": 4])]),
  ]

  /// Two layers of Llama, the last of which has its output projection packed.
  static func model(
    packing tensors: [(String, DataType, Shape)], _ configuration: [String: Configuration.Node] = [:]
  ) -> ModelDescription {
    var set = Blueprint.llama(layers: 2).weightSet()
    set.tensors.removeAll { $0.name == "model.layers.1.self_attn.o_proj.weight" }
    for (name, type, shape) in tensors {
      set.tensors.append(
        StoredTensor(
          name: "model.layers.1.self_attn.o_proj.\(name)", dataType: type, shape: shape, fileIndex: 0,
          range: FileRange(offset: 0, length: 0)))
    }
    return ModelDescription(
      weightSet: set,
      configuration: Blueprint.llamaConfiguration(["num_hidden_layers": 2].merging(configuration) { $1 }))
  }

  @Test(arguments: packedLayers)
  func packedWeightsAreCountedUnpacked(_ layer: PackedLayer) throws {
    let plain = ModelDescription(
      weightSet: Blueprint.llama(layers: 2).weightSet(), configuration: Blueprint.llamaConfiguration())
    let model = Self.model(packing: layer.tensors, layer.configuration)
    #expect(model.parameterCount?.value == plain.parameterCount?.value)
    #expect(model.parameterCount?.provenance == .derived)
    #expect(model.findings.map(\.rule) == ["packed-quantization"])
    #expect(try #require(model.findings.first).message.contains("(\(layer.scheme))"))
    #expect(model.layers[0].modules[.attentionOutput]?.weight == [4096, 4096])
    let packed = try #require(model.layers[1].modules[.attentionOutput])
    #expect(packed.path == "model.layers.1.self_attn.o_proj")
    #expect(packed.weight == (layer.tellsShape ? [4096, 4096] : nil))
    #expect(model.layerCount?.value == 2 && model.hiddenSize?.value == 4096)
    let helpers = model.placements.suffix(layer.tensors.count - 1)
    #expect(helpers.allSatisfy { $0.component == .quantization && !$0.isParameter && $0.layer == 1 })
  }

  /// What lies beside a packed weight must fit it; without a group size nothing tells a row's length.
  @Test(
    arguments: [
      [("qweight", .int32, [512, 4096]), ("qzeros", .int32, [32, 512]), ("scales", .float16, [16, 4096])],
      [("qweight", .int32, [512, 4096]), ("qzeros", .int32, [32, 0]), ("scales", .float16, [32, 4096])],
      [("qweight", .int32, [.max, 4096]), ("qzeros", .int32, [32, 512]), ("scales", .float16, [32, 4096])],
      [
        ("qweight", .int32, [512, 4096]), ("qzeros", .int32, [32, 512]), ("scales", .float16, [32, 4096]),
        ("g_idx", .int32, [4095]),
      ],
      [("qweight", .int32, [4096, 512]), ("qzeros", .int32, [32, 512]), ("scales", .float16, [32])],
      [("weight_packed", .int32, [4096, 512]), ("weight_scale", .bfloat16, [4096, 32])],
      [("weight", .uint32, [4096, 512]), ("scales", .bfloat16, [4096, 64])],
      [("codes", .int16, [4096, 512, 1]), ("codebooks", .float16, [2, 256, 1, 8])],
    ] as [[(String, DataType, Shape)]])
  func packingThatHidesTheCount(_ tensors: [(String, DataType, Shape)]) {
    let model = Self.model(packing: tensors)
    #expect(model.parameterCount == nil)
    #expect(model.findings.map(\.rule) == ["packed-quantization"])
    #expect(model.layers[1].modules[.attentionOutput]?.weight == nil)
  }

  @Test func mxfp4Experts() {
    var blueprint = Blueprint.llama(layers: 2)
    for layer in 0..<2 {
      let experts = "model.layers.\(layer).mlp.experts."
      blueprint.add(experts + "gate_up_proj_blocks", 4, 512, 8, 16, as: .uint8)
      blueprint.add(experts + "gate_up_proj_scales", 4, 512, 8, as: .uint8)
      blueprint.add(experts + "gate_up_proj_bias", 4, 512)
    }
    let model = ModelDescription(
      weightSet: blueprint.weightSet(), configuration: configuration(["model_type": "gpt_oss"]))
    let plain = ModelDescription(
      weightSet: Blueprint.llama(layers: 2).weightSet(), configuration: Blueprint.llamaConfiguration())
    // Two layers of four experts, 512 by 8 blocks of 32, and their biases.
    let experts = 2 * (4 * 512 * 8 * 32 + 4 * 512)
    #expect(model.parameterCount?.value == plain.parameterCount.map { $0.value + experts })
    #expect(model.layers[0].modules[.expertFusedGateUp]?.bias == [4, 512])
    #expect(model.layers[0].modules[.expertFusedGateUp]?.path == "model.layers.0.mlp.experts.gate_up_proj")
  }

  @Test func adapterTakesItsBaseFromTheTable() {
    var blueprint = Blueprint(dataType: .float32)
    for layer in 0..<16 {
      for (name, output, input) in [("self_attn.q_proj", 2048, 2048), ("self_attn.v_proj", 512, 2048)] {
        let path = "base_model.model.model.layers.\(layer).\(name)"
        blueprint.add("\(path).lora_A.weight", 16, input)
        blueprint.add("\(path).lora_B.weight", output, 16)
      }
    }
    let adapter = configuration(["base_model_name_or_path": "meta-llama/Llama-3.2-1B", "r": 16])
    let model = ModelDescription(
      weightSet: blueprint.weightSet(kind: .adapter), configuration: nil, adapterConfiguration: adapter)
    #expect(model.layerCount?.value == 16)
    #expect(model.hiddenSize?.value == 2048)
    #expect(model.vocabularySize?.value == 128256)
    #expect(model.vocabularySize?.provenance == .assumed)
    #expect(model.tiedEmbeddings?.value == true)
    #expect(model.parameterCount?.value == 16 * 16 * (2048 + 2048 + 2048 + 512))
    #expect(model.placements.allSatisfy { $0.component == .adapter && $0.isParameter })
    #expect(model.layers[3].modules[.value]?.weight == [512, 2048])

    let stranger = ModelDescription(
      weightSet: blueprint.weightSet(kind: .adapter), configuration: nil,
      adapterConfiguration: configuration(["base_model_name_or_path": "someone/gpt2"]))
    #expect(stranger.vocabularySize == nil && stranger.tiedEmbeddings == nil)
  }

  @Test func theTensorsWin() {
    let model = ModelDescription(
      weightSet: Blueprint.llama(layers: 3).weightSet(),
      configuration: Blueprint.llamaConfiguration(["vocab_size": 128000, "hidden_size": 5120]))
    #expect(model.layerCount?.value == 3)
    #expect(model.hiddenSize?.value == 4096)
    #expect(model.vocabularySize?.value == 128256)
    #expect(
      model.findings.map(\.rule) == ["layer-count-mismatch", "hidden-size-mismatch", "vocabulary-size-mismatch"])
  }

  @Test func tying() {
    func model(stored: Bool, _ fields: [String: Configuration.Node]) -> ModelDescription {
      ModelDescription(
        weightSet: Blueprint.llama(layers: 1, head: stored).weightSet(),
        configuration: configuration(["model_type": "gemma"].merging(fields) { $1 }))
    }
    #expect(model(stored: false, [:]).tiedEmbeddings?.value == true)
    let copy = model(stored: true, ["tie_word_embeddings": true])
    #expect(copy.tiedEmbeddings?.value == true && copy.findings.map(\.rule) == ["tied-head-stored"])
    let missing = model(stored: false, ["tie_word_embeddings": false])
    #expect(missing.tiedEmbeddings?.value == false && missing.findings.map(\.rule) == ["head-not-stored"])
  }

  @Test func secondTokenBlockIsNoLayer() {
    var blueprint = Blueprint.llama(layers: 3)
    blueprint.linear("model.layers.2.eh_proj", 4096, 8192)
    blueprint.add("model.layers.2.embed_tokens.weight", 128256, 4096)
    let model = ModelDescription(
      weightSet: blueprint.weightSet(),
      configuration: configuration(["model_type": "deepseek_v3", "num_hidden_layers": 2]))
    #expect(model.layerCount?.value == 2)
    #expect(model.otherStacks.map { $0.layers.map(\.index) } == [[2]])
    #expect(model.findings.filter { $0.rule == "layer-count-mismatch" }.isEmpty)
  }

  @Test func nothingAbsurdCrashes() {
    let huge = configuration([
      "model_type": "llama", "num_hidden_layers": .integer(.max), "num_attention_heads": .integer(.max),
      "hidden_size": .integer(.min), "num_key_value_heads": 0, "head_dim": -1, "vocab_size": .number(1e300),
    ])
    let empty = ModelDescription(weightSet: Blueprint().weightSet(), configuration: huge)
    #expect(empty.layerCount == nil && empty.parameterCount?.value == 0)

    var zero = Blueprint()
    for layer in [0, 7, 999_999_999] {
      zero.add("model.layers.\(layer).input_layernorm.weight", 0)
      zero.add("model.layers.\(layer).self_attn.q_proj.weight", 0, 0)
      zero.add("model.layers.\(layer).self_attn.k_proj.weight", .max, 0)
      zero.add("model.layers.\(layer).self_attn.q_norm.weight", 0)
      zero.add("model.layers.\(layer).self_attn.o_proj.weight")
      zero.add("model.layers.\(layer).mlp.up_proj.weight", .max, .max)
      zero.add("model.layers.\(layer).mlp.gate.weight", .max, 1)
    }
    for name in ["", ".", "..weight", "12345", "1.2.3.4", "12345.layer.67890.", ".lora_A", "weight", "é.0.ü"] {
      zero.add(name, .max)
    }
    for type in ["llama", "nobody knows", "gpt2", "t5"] {
      let model = ModelDescription(
        weightSet: zero.weightSet(),
        configuration: configuration(["model_type": .string(type), "num_attention_heads": 3]))
      #expect(model.placements.count == zero.tensors.count)
      #expect(model.parameterCount == nil)
    }
  }
}
