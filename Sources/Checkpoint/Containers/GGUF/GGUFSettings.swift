/// The keys of a GGUF file in the words of a `config.json`, as transformers 5.17 translates them
/// (`integrations/ggml.py`, `GGUF_CONFIG_MAPPING`).
struct GGUFSettings {
  var pairs: [String: Configuration.Node]
  /// How long each array is.
  var counts: [String: Int]

  /// Settings as a document; nil for a file that does not say what it holds, as the later files of a split model.
  func configuration(file: String) -> Configuration? {
    guard case .string(let architecture)? = pairs["general.architecture"] else { return nil }
    var root: [String: Configuration.Node] = [:]
    root["model_type"] = .string(modelType(architecture))
    for (key, setting) in Self.settings {
      if let value = value("\(architecture).\(key)") { root[setting] = value }
    }
    if root["head_dim"] == nil, Self.turnsWholeHeads.contains(architecture) {
      root["head_dim"] = value("\(architecture).rope.dimension_count")
    }
    if root["vocab_size"] == nil, let count = counts["tokenizer.ggml.tokens"] { root["vocab_size"] = .integer(count) }
    for (setting, value) in Self.defaults[architecture] ?? [:] where root[setting] == nil { root[setting] = value }
    if let experts = root["num_local_experts"] { root["num_experts"] = experts }
    return Configuration(file: file, root: root)
  }

  /// A value; of one per layer that all layers have, that one.
  private func value(_ key: String) -> Configuration.Node? {
    guard case .array(let values)? = pairs[key] else { return pairs[key] }
    guard let first = values.first, values.allSatisfy({ $0 == first }) else { return nil }
    return first
  }

  /// ggml's name of an architecture as transformers' `model_type`.
  private func modelType(_ architecture: String) -> String {
    if architecture == "llama", case .integer(let experts)? = pairs["llama.expert_count"], experts > 0 {
      return "mixtral"
    }
    return Self.modelTypes[architecture] ?? architecture.replacing("-", with: "_")
  }

  /// What the class takes where the file is silent (`models/gemma2/configuration_gemma2.py`).
  private static let defaults: [String: [String: Configuration.Node]] = [
    "gemma2": ["attn_logit_softcapping": .number(50), "final_logit_softcapping": .number(30)]
  ]

  private static let turnsWholeHeads: Set<String> = ["llama", "mistral"]

  private static let settings: KeyValuePairs<String, String> = [
    "context_length": "max_position_embeddings", "block_count": "num_hidden_layers",
    "embedding_length": "hidden_size", "feed_forward_length": "intermediate_size",
    "attention.head_count": "num_attention_heads", "attention.head_count_kv": "num_key_value_heads",
    "attention.key_length": "head_dim", "attention.layer_norm_rms_epsilon": "rms_norm_eps",
    "attention.layer_norm_epsilon": "layer_norm_eps", "attention.sliding_window": "sliding_window",
    "attn_logit_softcapping": "attn_logit_softcapping", "final_logit_softcapping": "final_logit_softcapping",
    "rope.freq_base": "rope_theta", "vocab_size": "vocab_size", "expert_count": "num_local_experts",
    "expert_used_count": "num_experts_per_tok", "expert_feed_forward_length": "moe_intermediate_size",
    "expert_shared_feed_forward_length": "shared_expert_intermediate_size",
  ]

  /// Those that are not spelled alike, but for a dash.
  private static let modelTypes: [String: String] = [
    "qwen2moe": "qwen2_moe", "qwen3moe": "qwen3_moe", "qwen2vl": "qwen2_vl", "gemma3": "gemma3_text", "phi2": "phi",
    "gptneox": "gpt_neox", "gptj": "gptj", "command-r": "cohere", "deepseek2": "deepseek_v2",
    "granitemoe": "granitemoe", "hunyuan-dense": "hunyuan_v1_dense", "mistral3": "ministral3", "phimoe": "phimoe",
    "modern-bert": "modernbert", "starcoder": "gpt_bigcode",
  ]
}
