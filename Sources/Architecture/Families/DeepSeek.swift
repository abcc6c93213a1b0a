extension Family {
  /// transformers 5.17, `models/deepseek_v2/modeling_deepseek_v2.py`.
  static let deepseekV2 = Family(
    name: "deepseek_v2", modelTypes: ["deepseek_v2"], layerPaths: ["layers"], layer: deepseekLayer,
    outside: decoderOutside, keys: deepseekKeys, forward: .transformer(.deepseekV2))

  /// transformers 5.17, `models/deepseek_v3/modeling_deepseek_v3.py`. The block behind the last layer (`eh_proj`,
  /// `shared_head`) predicts a second token and is no layer of the model; transformers leaves it out.
  static let deepseek = Family(
    name: "deepseek", modelTypes: ["deepseek_v3", "kimi_k2"], layerPaths: ["layers"], layer: deepseekLayer,
    outside: decoderOutside, keys: deepseekKeys, forward: .transformer(.deepseekV3))

  /// transformers 5.17, `models/deepseek_v32`: an indexer beside attention picks what is seen.
  static let deepseekV32 = Family(
    name: "deepseek_v32", modelTypes: ["deepseek_v32"], layerPaths: ["layers"], layer: deepseekLayer,
    outside: decoderOutside, keys: deepseekKeys)

  private static let deepseekKeys = ConfigurationKeys(headDimension: [], experts: ["n_routed_experts"])

  private static let deepseekLayer = names(
    gatedMLP, preNorms, experts, sharedExperts,
    [
      "self_attn.q_proj": .query, "self_attn.q_a_proj": .queryDown, "self_attn.q_a_layernorm": .queryDownNorm,
      "self_attn.q_b_proj": .queryUp, "self_attn.kv_a_proj_with_mqa": .keyValueDown,
      "self_attn.kv_a_layernorm": .keyValueDownNorm, "self_attn.kv_b_proj": .keyValueUp,
      "self_attn.o_proj": .attentionOutput, "mlp.gate.e_score_correction_bias": .routerCorrection,
    ])
}

extension TransformerChoices {
  static let deepseekV2 = TransformerChoices(
    turning: .complex,
    experts: ExpertChoices(
      routing: .groupedSoftmax, shared: .last, ownsExpertsFirst: true, adapted: ExpertChoices.usualNames))

  static let deepseekV3 = TransformerChoices(
    turning: .neighboursToHalves,
    experts: ExpertChoices(
      routing: .groupedSigmoid, shared: .last, ownsExpertsFirst: true, adapted: ExpertChoices.usualNames,
      loop: .init(kind: .wide, names: ExpertChoices.usualNames)))
}
