import Checkpoint
import Units

/// Writes down a model's tensors as its class would store them, for tests that need a real architecture.
struct Blueprint {
  private(set) var tensors: [StoredTensor] = []
  var dataType = DataType.bfloat16

  mutating func add(_ name: String, _ shape: Int..., as type: DataType? = nil) {
    tensors.append(
      StoredTensor(
        name: name, dataType: type ?? dataType, shape: Shape(shape), fileIndex: 0,
        range: FileRange(offset: 0, length: 0)))
  }

  mutating func add(_ tensor: StoredTensor) { tensors.append(tensor) }

  /// Other words for parts of names.
  mutating func rename(_ words: [Substring: Substring]) {
    for index in tensors.indices {
      tensors[index].name = tensors[index].name.split(separator: ".").map { words[$0] ?? $0 }.joined(separator: ".")
    }
  }

  mutating func linear(_ path: String, _ output: Int, _ input: Int, bias: Bool = false) {
    add(path + ".weight", output, input)
    if bias { add(path + ".bias", output) }
  }

  mutating func layerNorm(_ path: String, _ width: Int) {
    add(path + ".weight", width)
    add(path + ".bias", width)
  }

  func weightSet(kind: WeightSet.Kind = .model) -> WeightSet {
    WeightSet(label: "model.safetensors", kind: kind, files: ["model.safetensors"], tensors: tensors)
  }
}

func configuration(_ fields: [String: Configuration.Node]) -> Configuration {
  Configuration(file: "config.json", root: fields)
}

extension Configuration.Node: ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByStringLiteral {
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(stringLiteral value: String) { self = .string(value) }
}

extension Blueprint {
  static func gpt2(prefix: String = "transformer.", layers: Int = 12, hidden: Int = 768) -> Blueprint {
    var model = Blueprint(dataType: .float32)
    model.add(prefix + "wte.weight", 50257, hidden)
    model.add(prefix + "wpe.weight", 1024, hidden)
    for layer in 0..<layers {
      let block = "\(prefix)h.\(layer)."
      model.layerNorm(block + "ln_1", hidden)
      model.add(block + "attn.c_attn.weight", hidden, 3 * hidden)
      model.add(block + "attn.c_attn.bias", 3 * hidden)
      model.linear(block + "attn.c_proj", hidden, hidden, bias: true)
      model.layerNorm(block + "ln_2", hidden)
      model.add(block + "mlp.c_fc.weight", hidden, 4 * hidden)
      model.add(block + "mlp.c_fc.bias", 4 * hidden)
      model.add(block + "mlp.c_proj.weight", 4 * hidden, hidden)
      model.add(block + "mlp.c_proj.bias", hidden)
    }
    model.layerNorm(prefix + "ln_f", hidden)
    return model
  }

  static let gpt2Configuration = configuration([
    "model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "n_positions": 1024, "vocab_size": 50257,
    "architectures": .array(["GPT2LMHeadModel"]),
  ])

  /// Llama-3-8B unless told otherwise.
  static func llama(
    prefix: String = "model.", layers: Int = 32, hidden: Int = 4096, keys: Int = 1024, intermediate: Int = 14336,
    vocabulary: Int = 128256, head: Bool = true, attentionBias: Bool = false
  ) -> Blueprint {
    var model = Blueprint()
    model.add(prefix + "embed_tokens.weight", vocabulary, hidden)
    for layer in 0..<layers {
      let block = "\(prefix)layers.\(layer)."
      model.add(block + "input_layernorm.weight", hidden)
      model.linear(block + "self_attn.q_proj", hidden, hidden, bias: attentionBias)
      model.linear(block + "self_attn.k_proj", keys, hidden, bias: attentionBias)
      model.linear(block + "self_attn.v_proj", keys, hidden, bias: attentionBias)
      model.linear(block + "self_attn.o_proj", hidden, hidden)
      model.add(block + "post_attention_layernorm.weight", hidden)
      model.linear(block + "mlp.gate_proj", intermediate, hidden)
      model.linear(block + "mlp.up_proj", intermediate, hidden)
      model.linear(block + "mlp.down_proj", hidden, intermediate)
    }
    model.add(prefix + "norm.weight", hidden)
    if head { model.linear("lm_head", vocabulary, hidden) }
    return model
  }

  static func llamaConfiguration(_ more: [String: Configuration.Node] = [:]) -> Configuration {
    configuration(
      [
        "model_type": "llama", "num_hidden_layers": 32, "hidden_size": 4096, "num_attention_heads": 32,
        "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192,
        "tie_word_embeddings": false, "architectures": .array(["LlamaForCausalLM"]),
      ].merging(more) { $1 })
  }

  static func opt(
    layers: Int, hidden: Int, embedding: Int, normsBefore: Bool, prefix: String = "model.decoder."
  ) -> Blueprint {
    var model = Blueprint(dataType: .float16)
    model.add(prefix + "embed_tokens.weight", 50272, embedding)
    model.add(prefix + "embed_positions.weight", 2050, hidden)
    if embedding != hidden {
      model.linear(prefix + "project_in", hidden, embedding)
      model.linear(prefix + "project_out", embedding, hidden)
    }
    for layer in 0..<layers {
      let block = "\(prefix)layers.\(layer)."
      for name in ["q_proj", "k_proj", "v_proj", "out_proj"] {
        model.linear(block + "self_attn." + name, hidden, hidden, bias: true)
      }
      model.layerNorm(block + "self_attn_layer_norm", hidden)
      model.linear(block + "fc1", 4 * hidden, hidden, bias: true)
      model.linear(block + "fc2", hidden, 4 * hidden, bias: true)
      model.layerNorm(block + "final_layer_norm", hidden)
    }
    if normsBefore { model.layerNorm(prefix + "final_layer_norm", hidden) }
    return model
  }

  /// The blocks of BLOOM, GPT-NeoX and Falcon, which share their names but not their norms.
  mutating func fusedBlock(
    _ block: String, hidden: Int, fused: Int, attention: String, norms: [String], bias: Bool
  ) {
    for norm in norms { layerNorm(block + norm, hidden) }
    linear(block + attention + ".query_key_value", fused, hidden, bias: bias)
    linear(block + attention + ".dense", hidden, hidden, bias: bias)
    linear(block + "mlp.dense_h_to_4h", 4 * hidden, hidden, bias: bias)
    linear(block + "mlp.dense_4h_to_h", hidden, 4 * hidden, bias: bias)
  }
}
