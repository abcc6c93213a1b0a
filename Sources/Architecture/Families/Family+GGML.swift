extension Family {
  /// The same family under the names that ggml gives its modules in GGUF files (`gguf-py/gguf/tensor_mapping.py`), which
  /// are the same for all families.
  var namedByGGML: Family {
    var row = self
    row.layerPaths = ["blk"]
    row.layer = Self.ggmlLayer
    row.outside = Self.ggmlOutside
    row.crossLayer = [:]
    row.principal = nil
    // A gate and what it weighs in one matrix keep the plain name.
    let roles = Set(layer.values)
    if roles.contains(.fusedGateUp), !roles.contains(.up) { row.layer["ffn_up"] = .fusedGateUp }
    // Weights lie as a linear layer of PyTorch has them, whatever the family does elsewhere.
    row.isTransposed = false
    row.runningNames = Self.runningNames(from: row.layer, to: layer)
      .merging(Self.runningNames(from: row.outside, to: outside)) { first, _ in first }
    return row
  }

  /// For each module of one table the name that another has for its role.
  private static func runningNames(from stored: [String: Role], to running: [String: Role]) -> [String: String] {
    let names = Dictionary(running.sorted { $0.key < $1.key }.map { ($1, $0) }) { first, _ in first }
    return stored.compactMapValues { names[$0] }
  }

  private static let ggmlLayer: [String: Role] = [
    "attn_norm": .inputNorm, "attn_q": .query, "attn_k": .key, "attn_v": .value, "attn_qkv": .fusedQKV,
    "attn_output": .attentionOutput, "attn_q_norm": .queryNorm, "attn_k_norm": .keyNorm, "attn_sinks": .sinks,
    "post_attention_norm": .postAttentionNorm, "ffn_norm": .preMLPNorm, "post_ffw_norm": .postMLPNorm,
    "attn_q_a": .queryDown, "attn_q_a_norm": .queryDownNorm, "attn_q_b": .queryUp, "attn_kv_a_mqa": .keyValueDown,
    "attn_kv_a_norm": .keyValueDownNorm, "attn_kv_b": .keyValueUp,
    "ffn_gate": .gate, "ffn_up": .up, "ffn_down": .down,
    "ffn_gate_inp": .router, "ffn_gate_exps": .expertGate, "ffn_up_exps": .expertUp, "ffn_down_exps": .expertDown,
    "ffn_gate_shexp": .sharedExpertGate, "ffn_up_shexp": .sharedExpertUp, "ffn_down_shexp": .sharedExpertDown,
    "ffn_gate_inp_shexp": .sharedExpertWeight, "exp_probs_b": .routerCorrection,
  ]

  private static let ggmlOutside: [String: Role] = [
    "token_embd": .inputEmbedding, "position_embd": .positionEmbedding, "token_types": .tokenTypeEmbedding,
    "token_embd_norm": .embeddingNorm, "output_norm": .finalNorm, "output": .head,
  ]
}
