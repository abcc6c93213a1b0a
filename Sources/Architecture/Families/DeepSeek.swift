extension Family {
  /// transformers 5.17, `models/deepseek_v2` and `models/deepseek_v3`. The block behind the last layer (`eh_proj`,
  /// `shared_head`) predicts a second token and is no layer of the model; transformers leaves it out.
  static let deepseek = Family(
    name: "deepseek", modelTypes: ["deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2"], layerPaths: ["layers"],
    layer: names(
      gatedMLP, preNorms, experts, sharedExperts,
      [
        "self_attn.q_proj": .query, "self_attn.q_a_proj": .queryDown, "self_attn.q_a_layernorm": .queryDownNorm,
        "self_attn.q_b_proj": .queryUp, "self_attn.kv_a_proj_with_mqa": .keyValueDown,
        "self_attn.kv_a_layernorm": .keyValueDownNorm, "self_attn.kv_b_proj": .keyValueUp,
        "self_attn.o_proj": .attentionOutput,
      ]),
    outside: decoderOutside, keys: ConfigurationKeys(headDimension: [], experts: ["n_routed_experts"]))
}
