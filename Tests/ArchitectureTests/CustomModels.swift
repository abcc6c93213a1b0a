import Architecture
import Checkpoint
import Testing
import Units

/// Ten models that no row describes, as their authors might have saved them, and what is true of each.
struct CustomModel: Sendable, CustomTestStringConvertible {
  var name: String
  var blueprint: Blueprint
  var settings: Configuration?
  var layers: Int
  var hidden: Int
  var vocabulary: Int?
  var experts: Int?
  /// Names of modules in patterns, and the roles that they play; `other` for those that play none.
  var roles: [String: Role]
  /// The other columns of blocks, with the blocks of each.
  var towers: [String: Int] = [:]

  var testDescription: String { name }
}

extension CustomModel {
  static let all = [
    renamedLlama, hybrid, twoTowers, dualEncoder, uneven, extraHeads, withoutBiases, stackedExperts, encoderDecoder,
    fused, convolutional, adapted,
  ]

  private static func said(_ type: String, _ sizes: [String: Configuration.Node] = [:]) -> Configuration {
    configuration(sizes.merging(["model_type": .string(type)]) { $1 })
  }

  // MARK: - Decoders

  /// Queries wider than the model, norms on queries and keys, every name opaque and no configuration.
  static let renamedLlama: CustomModel = {
    var model = Blueprint()
    model.add("net.words.weight", 32000, 1024)
    for layer in 0..<6 {
      let block = "net.stage.\(layer)."
      model.add(block + "n1.weight", 1024)
      model.linear(block + "mix.a", 2048, 1024)
      model.linear(block + "mix.b", 512, 1024)
      model.linear(block + "mix.c", 512, 1024)
      model.linear(block + "mix.d", 1024, 2048)
      model.add(block + "mix.e.weight", 128)
      model.add(block + "mix.f.weight", 128)
      model.add(block + "n2.weight", 1024)
      model.linear(block + "wide.a", 3072, 1024)
      model.linear(block + "wide.b", 3072, 1024)
      model.linear(block + "wide.c", 1024, 3072)
    }
    model.add("net.last.weight", 1024)
    model.linear("words_out", 32000, 1024)
    return CustomModel(
      name: "renamed Llama", blueprint: model, layers: 6, hidden: 1024, vocabulary: 32000,
      roles: [
        "net.stage.#.mix.a": .query, "net.stage.#.mix.b": .key, "net.stage.#.mix.c": .value,
        "net.stage.#.mix.d": .attentionOutput, "net.stage.#.wide.a": .gate, "net.stage.#.wide.b": .up,
        "net.stage.#.wide.c": .down, "net.words": .inputEmbedding,
      ])
  }()

  /// Jamba's layout under other names: attention in every fourth block, Mamba in the others, experts in every second.
  static let hybrid: CustomModel = {
    var model = Blueprint()
    model.add("core.tokens.weight", 65536, 512)
    for layer in 0..<8 {
      let block = "core.cells.\(layer)."
      model.add(block + "pre.weight", 512)
      model.add(block + "post.weight", 512)
      if layer % 4 == 2 {
        model.linear(block + "look.in_q", 512, 512)
        model.linear(block + "look.in_k", 128, 512)
        model.linear(block + "look.in_v", 128, 512)
        model.linear(block + "look.out", 512, 512)
      } else {
        model.add(block + "scan.A_log", 1024, 16)
        model.add(block + "scan.D", 1024)
        model.add(block + "scan.conv.weight", 1024, 1, 4)
        model.add(block + "scan.conv.bias", 1024)
        model.linear(block + "scan.in_proj", 2048, 512)
        model.linear(block + "scan.step", 1024, 32, bias: true)
        model.linear(block + "scan.select", 64, 1024)
        model.linear(block + "scan.out_proj", 512, 1024)
      }
      if layer % 2 == 1 {
        model.linear(block + "ff.pick", 4, 512)
        for expert in 0..<4 {
          model.linear(block + "ff.pool.\(expert).x", 1792, 512)
          model.linear(block + "ff.pool.\(expert).y", 1792, 512)
          model.linear(block + "ff.pool.\(expert).z", 512, 1792)
        }
      } else {
        model.linear(block + "ff.x", 1792, 512)
        model.linear(block + "ff.y", 1792, 512)
        model.linear(block + "ff.z", 512, 1792)
      }
    }
    model.add("core.end.weight", 512)
    model.linear("out", 65536, 512)
    return CustomModel(
      name: "hybrid of Mamba and attention", blueprint: model, settings: said("my-hybrid"), layers: 8, hidden: 512,
      vocabulary: 65536, experts: 4,
      roles: [
        "core.cells.#.look.in_k": .key, "core.cells.#.look.in_v": .value, "core.cells.#.scan.conv": .mixerConvolution,
        "core.cells.#.scan.in_proj": .mixerInput, "core.cells.#.scan.out_proj": .mixerOutput,
        "core.cells.#.scan.A_log": .decay, "core.cells.#.scan.step": .timeStepProjection,
        "core.cells.#.ff.pick": .router, "core.cells.#.ff.pool.#.x": .expertGate,
        "core.cells.#.ff.pool.#.z": .expertDown, "core.cells.#.ff.x": .gate, "core.cells.#.ff.z": .down,
      ])
  }()

  /// Pruned: MLPs of unlike widths, and two blocks that have lost their attention.
  static let uneven: CustomModel = {
    var model = Blueprint()
    model.add("m.emb.weight", 50000, 768)
    for layer in 0..<10 {
      let block = "m.b.\(layer)."
      let width = [2048, 1536, 1920, 1024, 2048][layer % 5]
      if layer != 4, layer != 7 {
        model.add(block + "na.weight", 768)
        model.linear(block + "at.one", 768, 768)
        model.linear(block + "at.two", 192, 768)
        model.linear(block + "at.three", 192, 768)
        model.linear(block + "at.four", 768, 768)
      }
      model.add(block + "nm.weight", 768)
      model.linear(block + "ml.g", width, 768)
      model.linear(block + "ml.u", width, 768)
      model.linear(block + "ml.w", 768, width)
    }
    model.add("m.end.weight", 768)
    return CustomModel(
      name: "uneven layers", blueprint: model, settings: said("pruned", ["num_hidden_layers": 10]), layers: 10,
      hidden: 768, vocabulary: 50000,
      roles: [
        "m.b.#.at.two": .key, "m.b.#.at.three": .value, "m.b.#.ml.g": .gate, "m.b.#.ml.w": .down,
        "m.emb": .inputEmbedding,
      ])
  }()

  /// A value head, two classifiers, and a block behind the last that predicts a token further on.
  static let extraHeads: CustomModel = {
    var model = Blueprint.llama(
      prefix: "policy.body.", layers: 4, hidden: 256, keys: 64, intermediate: 688, vocabulary: 8192, head: false)
    model.linear("policy.lm_out", 8192, 256)
    model.linear("value_head.0", 256, 256, bias: true)
    model.linear("value_head.2", 1, 256, bias: true)
    model.linear("cls.sentiment", 3, 256, bias: true)
    model.linear("cls.topic", 41, 256, bias: true)
    var ahead = Blueprint.llama(
      prefix: "ahead.", layers: 1, hidden: 256, keys: 64, intermediate: 688, vocabulary: 8192, head: false)
    ahead.linear("ahead.join", 256, 512)
    for tensor in ahead.tensors where !tensor.name.contains("embed") { model.add(tensor) }
    model.rename([
      "embed_tokens": "table", "layers": "rounds", "self_attn": "aim", "mlp": "grow", "input_layernorm": "first",
      "post_attention_layernorm": "second",
    ])
    return CustomModel(
      name: "extra heads", blueprint: model, settings: said("actor-critic"), layers: 4, hidden: 256, vocabulary: 8192,
      roles: [
        "policy.body.rounds.#.aim.q_proj": .query, "policy.lm_out": .head, "value_head.#": .other,
        "cls.topic": .other, "policy.body.table": .inputEmbedding,
      ], towers: ["ahead.rounds": 1])
  }()

  /// A GPT whose linear layers and norms lost their biases, attention and MLP in lists whose numbers tell them apart.
  static let withoutBiases: CustomModel = {
    var model = Blueprint()
    model.add("wte.weight", 50304, 384)
    model.add("wpe.weight", 1024, 384)
    for layer in 0..<6 {
      let block = "trunk.\(layer)."
      model.add(block + "0.norm.weight", 384)
      model.linear(block + "0.fn.to_qkv", 1152, 384)
      model.linear(block + "0.fn.to_out.0", 384, 384)
      model.add(block + "1.norm.weight", 384)
      model.linear(block + "1.fn.net.0", 1536, 384)
      model.linear(block + "1.fn.net.2", 384, 1536)
    }
    model.add("ln.weight", 384)
    return CustomModel(
      name: "missing biases", blueprint: model, layers: 6, hidden: 384, vocabulary: 50304,
      roles: [
        "trunk.#.0.fn.to_qkv": .fusedQKV, "trunk.#.0.fn.to_out.0": .attentionOutput, "trunk.#.1.fn.net.0": .up,
        "trunk.#.1.fn.net.2": .down, "wte": .inputEmbedding, "wpe": .positionEmbedding, "trunk.#.0.norm": .inputNorm,
        "trunk.#.1.norm": .preMLPNorm,
      ])
  }()

  /// All experts of a block in one weight, and one that every token passes.
  static let stackedExperts: CustomModel = {
    var model = Blueprint()
    model.add("tok.weight", 100352, 512)
    for layer in 0..<4 {
      let block = "seq.\(layer)."
      model.add(block + "a.weight", 512)
      model.linear(block + "att.i", 768, 512)
      model.linear(block + "att.j", 512, 512)
      model.add(block + "b.weight", 512)
      model.linear(block + "moe.gatekeeper", 16, 512)
      model.add(block + "moe.bank_in", 16, 1024, 512)
      model.add(block + "moe.bank_out", 16, 512, 512)
      model.linear(block + "moe.always.l", 1408, 512)
      model.linear(block + "moe.always.m", 1408, 512)
      model.linear(block + "moe.always.n", 512, 1408)
    }
    model.add("fin.weight", 512)
    model.linear("unembed", 100352, 512)
    return CustomModel(
      name: "stacked experts", blueprint: model, settings: said("moe-of-mine", ["n_experts": 16]), layers: 4,
      hidden: 512, vocabulary: 100352, experts: 16,
      roles: [
        "seq.#.att.i": .fusedQKV, "seq.#.att.j": .attentionOutput, "seq.#.moe.gatekeeper": .router,
        "seq.#.moe.bank_in": .expertFusedGateUp, "seq.#.moe.bank_out": .expertDown,
        "seq.#.moe.always.n": .sharedExpertDown,
      ])
  }()

  /// One matrix for queries, keys and values of fewer heads, one for gate and up.
  static let fused: CustomModel = {
    var model = Blueprint()
    model.add("vocab_in.weight", 32064, 1536)
    for layer in 0..<5 {
      let block = "tower.blocks.\(layer)."
      model.add(block + "pre_a.weight", 1536)
      model.linear(block + "mixer.packed", 2048, 1536)
      model.linear(block + "mixer.leave", 1536, 1536)
      model.add(block + "pre_b.weight", 1536)
      model.linear(block + "glu.both", 8192, 1536)
      model.linear(block + "glu.back", 1536, 4096)
    }
    model.add("post.weight", 1536)
    model.linear("vocab_out", 32064, 1536)
    return CustomModel(
      name: "fused projections", blueprint: model,
      settings: said("fusedlm", ["n_head": 12, "hidden_size": 1536, "num_kv_heads": 2]), layers: 5, hidden: 1536,
      vocabulary: 32064,
      roles: [
        "tower.blocks.#.mixer.packed": .fusedQKV, "tower.blocks.#.mixer.leave": .attentionOutput,
        "tower.blocks.#.glu.both": .fusedGateUp, "tower.blocks.#.glu.back": .down,
      ])
  }()

  /// Low-rank factors beside the weights that they adapt, as a live model's state has them, and bottlenecks.
  static let adapted: CustomModel = {
    var model = Blueprint()
    model.add("lm.embed.weight", 30000, 512)
    for layer in 0..<3 {
      let block = "lm.layer_list.\(layer)."
      model.layerNorm(block + "norm_a", 512)
      for name in ["wq", "wk", "wv", "wo"] {
        if name == "wq" || name == "wv" {
          model.linear(block + "attn.\(name).base_layer", 512, 512)
          model.add(block + "attn.\(name).lora_A.default.weight", 8, 512)
          model.add(block + "attn.\(name).lora_B.default.weight", 512, 8)
        } else {
          model.linear(block + "attn.\(name)", 512, 512)
        }
      }
      model.linear(block + "adapter.down", 64, 512, bias: true)
      model.linear(block + "adapter.up", 512, 64, bias: true)
      model.layerNorm(block + "norm_b", 512)
      model.linear(block + "ffn.first", 2048, 512, bias: true)
      model.linear(block + "ffn.second", 512, 2048, bias: true)
    }
    model.layerNorm("lm.norm", 512)
    return CustomModel(
      name: "adapters inside", blueprint: model, layers: 3, hidden: 512, vocabulary: 30000,
      roles: [
        "lm.layer_list.#.attn.wq": .query, "lm.layer_list.#.attn.wk": .key, "lm.layer_list.#.attn.wv": .value,
        "lm.layer_list.#.attn.wo": .attentionOutput, "lm.layer_list.#.ffn.first": .up,
        "lm.layer_list.#.ffn.second": .down, "lm.layer_list.#.adapter.down": .other,
      ])
  }()
}
