import Architecture
import Checkpoint
import Testing
import Units

/// Published models, rebuilt from their configurations: the counts are those that their makers state.
@Suite struct FamilyTests {
  @Test(arguments: ["transformer.", ""])
  func gpt2(prefix: String) throws {
    let set = Blueprint.gpt2(prefix: prefix).weightSet()
    #expect(set.tensors.count == 148)
    let model = ModelDescription(weightSet: set, configuration: Blueprint.gpt2Configuration)
    #expect(model.isRecognised)
    #expect(model.family == "gpt2")
    #expect(model.parameterCount?.value == 124_439_808)
    #expect(model.layerCount?.value == 12)
    #expect(model.hiddenSize?.value == 768)
    #expect(model.vocabularySize?.value == 50257)
    #expect(model.headCount?.value == 12)
    #expect(model.keyValueHeadCount?.value == 12)
    #expect(model.headDimension?.value == 64)
    #expect(model.intermediateSize?.value == 3072)
    #expect(model.maximumPositions == Sourced(1024, .exact, source: "rows of \(prefix)wpe"))
    #expect(model.tiedEmbeddings == Sourced(true, .assumed, source: "the default of transformers for gpt2"))
    let layer = try #require(model.layers.last)
    #expect(layer.path == "\(prefix)h.11")
    #expect(
      Set(layer.modules.keys) == [.inputNorm, .fusedQKV, .attentionOutput, .preMLPNorm, .up, .down])
    let up = try #require(layer.modules[.up])
    #expect(
      up == ModuleParameters(path: "\(prefix)h.11.mlp.c_fc", weight: [768, 3072], bias: [3072], isTransposed: true))
    #expect(up.features?.output == 3072)
    #expect(layer.others.isEmpty && model.others.isEmpty && model.findings.isEmpty)
  }

  @Test func gpt2MasksAreBuffers() {
    var blueprint = Blueprint.gpt2(prefix: "")
    for layer in 0..<12 {
      blueprint.add("h.\(layer).attn.bias", 1, 1, 1024, 1024)
      blueprint.add("h.\(layer).attn.masked_bias")
    }
    let model = ModelDescription(weightSet: blueprint.weightSet(), configuration: Blueprint.gpt2Configuration)
    #expect(model.parameterCount?.value == 124_439_808)
    #expect(model.placements.filter { $0.component == .buffer && !$0.isParameter }.count == 24)
  }

  @Test func llama3() throws {
    let set = Blueprint.llama().weightSet()
    #expect(set.tensors.count == 291)
    let model = ModelDescription(weightSet: set, configuration: Blueprint.llamaConfiguration())
    #expect(model.family == "llama" && model.isRecognised && model.findings.isEmpty)
    #expect(model.parameterCount?.value == 8_030_261_248)
    #expect(model.keyValueHeadCount?.value == 8)
    #expect(model.headDimension?.value == 128)
    #expect(model.tiedEmbeddings?.value == false)
    #expect(model.modules[.head]?.weight == [128256, 4096])
    #expect(
      Set(try #require(model.layers.first).modules.keys) == [
        .inputNorm, .query, .key, .value, .attentionOutput, .preMLPNorm, .gate, .up, .down,
      ])
    let placement = model.placements[5]
    #expect(placement == ModelDescription.Placement(component: .attention, layer: 0, isParameter: true))
  }

  @Test(arguments: ["", "model.", "model.language_model.", "language_model.model."])
  func prefixesDoNotMatter(prefix: String) {
    let model = ModelDescription(
      weightSet: Blueprint.llama(prefix: prefix).weightSet(), configuration: Blueprint.llamaConfiguration())
    #expect(model.isRecognised)
    #expect(model.modules.keys.count == 3)
    #expect(model.layers.count == 32)
  }

  @Test func qwen2HasBiases() throws {
    let set = Blueprint.llama(
      layers: 24, hidden: 896, keys: 128, intermediate: 4864, vocabulary: 151936, head: false, attentionBias: true
    ).weightSet()
    let model = ModelDescription(
      weightSet: set,
      configuration: configuration([
        "model_type": "qwen2", "num_attention_heads": 14, "tie_word_embeddings": true,
        "architectures": .array(["Qwen2ForCausalLM"]),
      ]))
    #expect(model.parameterCount?.value == 494_032_768)
    #expect(model.tiedEmbeddings?.value == true)
    #expect(model.keyValueHeadCount?.value == 2)
    #expect(model.layers.first?.modules[.key]?.bias == [128])
    #expect(model.layers.first?.modules[.attentionOutput]?.bias == nil)
  }

  @Test func opt350mHasProjectionsAndNormsBehind() throws {
    let set = Blueprint.opt(layers: 24, hidden: 1024, embedding: 512, normsBefore: false).weightSet()
    let model = ModelDescription(
      weightSet: set,
      configuration: configuration([
        "model_type": "opt", "hidden_size": 1024, "word_embed_proj_dim": 512, "ffn_dim": 4096,
        "num_attention_heads": 16, "num_hidden_layers": 24, "do_layer_norm_before": false, "vocab_size": 50272,
      ]))
    #expect(model.parameterCount?.value == 331_196_416)
    #expect(model.hiddenSize?.value == 1024)
    #expect(model.vocabularySize?.value == 50272)
    #expect(model.maximumPositions?.value == 2048)
    #expect(model.modules[.embeddingProjection]?.weight == [1024, 512])
    #expect(model.modules[.outputProjection]?.weight == [512, 1024])
    let modules = try #require(model.layers.first).modules
    #expect(modules[.postAttentionNorm] != nil && modules[.postMLPNorm] != nil && modules[.inputNorm] == nil)
  }

  @Test func opt125mTellsItsTwoFinalNormsApart() {
    let set = Blueprint.opt(layers: 12, hidden: 768, embedding: 768, normsBefore: true).weightSet()
    let model = ModelDescription(weightSet: set, configuration: configuration(["model_type": "opt"]))
    #expect(set.tensors.count == 196)
    #expect(model.parameterCount?.value == 125_239_296)
    #expect(model.modules[.finalNorm]?.path == "model.decoder.final_layer_norm")
    #expect(model.layers.first?.modules[.preMLPNorm]?.path == "model.decoder.layers.0.final_layer_norm")
    #expect(model.headCount?.provenance == .assumed)
  }

  @Test(arguments: ["transformer.", ""])
  func bloom560m(prefix: String) {
    var blueprint = Blueprint(dataType: .float16)
    blueprint.add(prefix + "word_embeddings.weight", 250880, 1024)
    blueprint.layerNorm(prefix + "word_embeddings_layernorm", 1024)
    for layer in 0..<24 {
      blueprint.fusedBlock(
        "\(prefix)h.\(layer).", hidden: 1024, fused: 3072, attention: "self_attention",
        norms: ["input_layernorm", "post_attention_layernorm"], bias: true)
    }
    blueprint.layerNorm(prefix + "ln_f", 1024)
    let model = ModelDescription(
      weightSet: blueprint.weightSet(),
      configuration: configuration(["model_type": "bloom", "n_embed": 1024, "n_layer": 24, "n_head": 16]))
    #expect(model.parameterCount?.value == 559_214_592)
    #expect(model.keyValueHeadCount?.value == 16)
    #expect(model.modules[.embeddingNorm] != nil)
    #expect(model.tiedEmbeddings?.value == true)
    #expect(model.maximumPositions == nil)
  }

  @Test func falcon180BFindsItsKeyHeadsInTheFusedProjection() {
    var blueprint = Blueprint()
    blueprint.add("transformer.word_embeddings.weight", 65024, 14848)
    for layer in 0..<80 {
      blueprint.fusedBlock(
        "transformer.h.\(layer).", hidden: 14848, fused: (232 + 16) * 64, attention: "self_attention",
        norms: ["ln_attn", "ln_mlp"], bias: false)
    }
    blueprint.layerNorm("transformer.ln_f", 14848)
    blueprint.linear("lm_head", 65024, 14848)
    let model = ModelDescription(
      weightSet: blueprint.weightSet(),
      configuration: configuration([
        "model_type": "falcon", "num_hidden_layers": 80, "num_attention_heads": 232, "num_kv_heads": 8,
        "hidden_size": 14848, "tie_word_embeddings": false, "architectures": .array(["FalconForCausalLM"]),
      ]))
    // 359,045,130,240 bytes in the published index.
    #expect(model.parameterCount?.value == 359_045_130_240 / 2)
    #expect(model.keyValueHeadCount?.value == 8)
    #expect(model.tiedEmbeddings?.value == false)
  }

  @Test func pythiaRewardModelIsReadByItsNames() {
    var blueprint = Blueprint(dataType: .float32)
    blueprint.add("gpt_neox.embed_in.weight", 50288, 2048)
    for layer in 0..<24 {
      blueprint.fusedBlock(
        "gpt_neox.layers.\(layer).", hidden: 2048, fused: 6144, attention: "attention",
        norms: ["input_layernorm", "post_attention_layernorm"], bias: true)
    }
    blueprint.layerNorm("gpt_neox.final_layer_norm", 2048)
    blueprint.linear("out_proj", 1, 2048, bias: true)
    let model = ModelDescription(
      weightSet: blueprint.weightSet(),
      configuration: configuration([
        "model_type": "gpt_neox_reward_model", "architectures": .array(["GPTNeoXRewardModel"]),
        "num_attention_heads": 16, "num_hidden_layers": 24, "tie_word_embeddings": false,
      ]))
    // 5,246,377,988 bytes in the published index.
    #expect(model.parameterCount?.value == 5_246_377_988 / 4)
    #expect(model.family == "gpt_neox" && !model.isRecognised)
    #expect(model.findings.map(\.rule) == ["family-not-recognised"])
    #expect(model.tiedEmbeddings?.value == false)
    #expect(model.others.map(\.path) == ["out_proj"])
  }

  @Test func mixtral8x22B() throws {
    var blueprint = Blueprint()
    let hidden = 6144
    blueprint.add("model.embed_tokens.weight", 32000, hidden)
    for layer in 0..<56 {
      let block = "model.layers.\(layer)."
      blueprint.add(block + "input_layernorm.weight", hidden)
      blueprint.add(block + "post_attention_layernorm.weight", hidden)
      blueprint.linear(block + "self_attn.q_proj", hidden, hidden)
      blueprint.linear(block + "self_attn.k_proj", 1024, hidden)
      blueprint.linear(block + "self_attn.v_proj", 1024, hidden)
      blueprint.linear(block + "self_attn.o_proj", hidden, hidden)
      blueprint.linear(block + "block_sparse_moe.gate", 8, hidden)
      for expert in 0..<8 {
        let path = "\(block)block_sparse_moe.experts.\(expert)."
        blueprint.linear(path + "w1", 16384, hidden)
        blueprint.linear(path + "w2", hidden, 16384)
        blueprint.linear(path + "w3", 16384, hidden)
      }
    }
    blueprint.add("model.norm.weight", hidden)
    blueprint.linear("lm_head", 32000, hidden)
    let model = ModelDescription(
      weightSet: blueprint.weightSet(),
      configuration: configuration(["model_type": "mixtral", "num_attention_heads": 48, "num_local_experts": 8]))
    #expect(model.parameterCount?.value == 140_620_634_112)
    #expect(model.expertCount?.value == 8)
    let layer = try #require(model.layers.first)
    #expect(layer.modules[.expertGate]?.path == "model.layers.0.block_sparse_moe.experts.0.w1")
    #expect(layer.modules[.expertDown]?.weight == [6144, 16384])
    #expect(layer.others.isEmpty)
  }

  @Test func t5EncoderAlone() throws {
    var blueprint = Blueprint(dataType: .float16)
    blueprint.add("shared.weight", 32128, 4096)
    for block in 0..<24 {
      let path = "encoder.block.\(block).layer."
      for name in ["q", "k", "v", "o"] { blueprint.linear("\(path)0.SelfAttention.\(name)", 4096, 4096) }
      if block == 0 { blueprint.add("\(path)0.SelfAttention.relative_attention_bias.weight", 32, 64) }
      blueprint.add("\(path)0.layer_norm.weight", 4096)
      blueprint.linear("\(path)1.DenseReluDense.wi_0", 10240, 4096)
      blueprint.linear("\(path)1.DenseReluDense.wi_1", 10240, 4096)
      blueprint.add("\(path)1.DenseReluDense.wo.weight", 4096, 10240, as: .float32)
      blueprint.add("\(path)1.layer_norm.weight", 4096)
    }
    blueprint.add("encoder.final_layer_norm.weight", 4096)
    let set = blueprint.weightSet()
    let bytes = set.tensors.reduce(0) { $0 + ($1.shape.elementCount?.bytes(of: $1.dataType)?.bytes ?? 0) }
    #expect(bytes == 11_537_887_232)
    let model = ModelDescription(
      weightSet: set,
      configuration: configuration([
        "model_type": "t5", "architectures": .array(["T5EncoderModel"]), "d_model": 4096, "d_ff": 10240, "d_kv": 64,
        "num_heads": 64, "num_layers": 24, "num_decoder_layers": 24, "tie_word_embeddings": false,
      ]))
    #expect(model.isRecognised && model.layerCount?.value == 24 && model.vocabularySize?.value == 32128)
    let modules = try #require(model.layers.first).modules
    #expect(modules[.relativePositionBias] != nil && modules[.gate] != nil && modules[.up] != nil)
    #expect(modules[.preMLPNorm]?.path == "encoder.block.0.layer.1.layer_norm")
  }
}
