import Architecture
import Checkpoint
import Testing
import Units

/// What containers other than safetensors say of a model besides names and shapes.
@Suite struct ContainerTests {
  private static func decoder() -> Blueprint {
    var blueprint = Blueprint()
    blueprint.add("model.embed_tokens.weight", 64, 16)
    for layer in 0..<2 {
      for name in ["q_proj", "k_proj", "v_proj", "o_proj"] {
        blueprint.linear("model.layers.\(layer).self_attn.\(name)", 16, 16)
      }
    }
    return blueprint
  }

  /// PyTorch's archives keep a tied head as a second name of the embedding.
  @Test func aHeadThatSharesTheEmbedding() {
    var set = Self.decoder().weightSet()
    set.container = .pytorch
    set.metadata = [["lm_head.weight": "model.embed_tokens.weight"]]
    let untold = ModelDescription(weightSet: set, configuration: configuration(["model_type": "qwen2"]))
    #expect(untold.tiedEmbeddings?.value == true)
    #expect(untold.tiedEmbeddings?.provenance == .exact)
    // The head is in the files, whatever the configuration makes of it.
    let settings = configuration(["model_type": "qwen2", "tie_word_embeddings": false])
    let untied = ModelDescription(weightSet: set, configuration: settings)
    #expect(untied.tiedEmbeddings?.value == false)
    #expect(!untied.findings.contains { $0.rule == "head-not-stored" })
    // Another module that shares it is no head.
    set.metadata = [["encoder.embed_tokens.weight": "model.embed_tokens.weight"]]
    let other = ModelDescription(weightSet: set, configuration: configuration(["model_type": "qwen2"]))
    #expect(other.tiedEmbeddings?.value == false)
  }

  /// ggml's types say what they pack, so that integers are integers, and its tables for the rotation no parameters.
  @Test func whatCountsInAGGUFFile() {
    var blueprint = Blueprint()
    blueprint.add("token_embd.weight", 64, 256, as: .q6K)
    blueprint.add("rope_freqs.weight", 32, as: .float32)
    for layer in 0..<2 {
      blueprint.add("blk.\(layer).attn_q.weight", 256, 256, as: layer == 0 ? .q4K : .q80)
      blueprint.add("blk.\(layer).table.weight", 4, 4, as: .int8)
    }
    var set = blueprint.weightSet()
    set.container = .gguf
    let description = ModelDescription(weightSet: set, configuration: configuration(["model_type": "llama"]))
    #expect(description.parameterCount?.value == 64 * 256 + 2 * (256 * 256 + 16))
  }
}
