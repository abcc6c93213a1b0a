/// The linear layers that (IA)³ scales in a family, as PEFT 0.21 chooses them (peft/utils/constants.py).
struct ScaledModules: Sendable {
  /// Modules whose path is, or ends in, one of these names.
  var targets: [String]
  /// Those of them whose input is scaled in place of their output.
  var feedForward: [String]

  private init(_ targets: [String], feedForward: [String]) {
    self.targets = targets
    self.feedForward = feedForward
  }

  /// Nil for a model type that PEFT has no choice for.
  static func usual(of modelType: String) -> ScaledModules? { table[modelType] }

  func reach(_ path: String) -> Bool { targets.contains { path == $0 || path.hasSuffix(".\($0)") } }
  func scaleInput(of path: String) -> Bool { feedForward.contains(where: path.hasSuffix) }

  private static let table: [String: ScaledModules] = {
    let llama = ScaledModules(["k_proj", "v_proj", "down_proj"], feedForward: ["down_proj"])
    let qwen = ScaledModules(["q_proj", "v_proj", "down_proj"], feedForward: ["down_proj"])
    let gpt2 = ScaledModules(["c_attn", "mlp.c_proj"], feedForward: ["mlp.c_proj"])
    let fused = ScaledModules(["query_key_value", "dense_4h_to_h"], feedForward: ["dense_4h_to_h"])
    let bert = ScaledModules(["key", "value", "output.dense"], feedForward: ["output.dense"])
    return [
      "llama": llama, "mistral": llama, "llama4": qwen, "gemma": qwen, "gemma2": qwen, "gemma3_text": qwen,
      "qwen2": qwen, "qwen3": qwen, "gpt2": gpt2, "gpt_bigcode": gpt2, "gpt_neox": fused, "falcon": fused,
      "bloom": ScaledModules(["query_key_value", "mlp.dense_4h_to_h"], feedForward: ["mlp.dense_4h_to_h"]),
      "bert": bert, "roberta": bert,
      "deberta": ScaledModules(["in_proj", "output.dense"], feedForward: ["output.dense"]),
      "deberta-v2": ScaledModules(["key_proj", "value_proj", "output.dense"], feedForward: ["output.dense"]),
      "opt": ScaledModules(["q_proj", "k_proj", "fc2"], feedForward: ["fc2"]),
      "bart": ScaledModules(["q_proj", "v_proj", "fc2"], feedForward: ["fc2"]),
      "phi": ScaledModules(["q_proj", "v_proj", "fc2"], feedForward: ["fc2"]),
      "gptj": ScaledModules(["q_proj", "v_proj", "fc_out"], feedForward: ["fc_out"]),
      "gpt_neo": ScaledModules(["q_proj", "v_proj", "c_proj"], feedForward: ["c_proj"]),
      "mixtral": ScaledModules(["k_proj", "v_proj", "w2"], feedForward: ["w2"]),
      "t5": ScaledModules(["k", "v", "wo"], feedForward: ["wo"]),
      "mt5": ScaledModules(["k", "v", "wi_1"], feedForward: []),
    ]
  }()
}
