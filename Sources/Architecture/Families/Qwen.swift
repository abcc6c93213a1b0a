extension Family {
  /// transformers 5.17, `models/qwen2/modeling_qwen2.py`: Llama's names; query, key and value carry a bias.
  static let qwen2 = Family(
    name: "qwen2", modelTypes: ["qwen2"], layerPaths: ["layers"], layer: names(splitAttention, gatedMLP, preNorms),
    outside: decoderOutside, forward: .transformer(.qwen2))

  /// transformers 5.17, `models/qwen3/modeling_qwen3.py`: a norm on each head's query and key.
  static let qwen3 = Family(
    name: "qwen3", modelTypes: ["qwen3", "qwen3_vl", "qwen3_vl_text"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, forward: .transformer(.qwen2))

  /// The first Qwen, remote code: `modeling_qwen.py` of the published folders. Its `intermediate_size` is twice
  /// the width of the MLP; `w2` is the gate, since the MLP computes `c_proj(w1(x) * silu(w2(x)))`.
  static let qwen = Family(
    name: "qwen", modelTypes: ["qwen"], layerPaths: ["h"],
    layer: [
      "ln_1": .inputNorm, "attn.c_attn": .fusedQKV, "attn.c_proj": .attentionOutput, "ln_2": .preMLPNorm,
      "mlp.w1": .up, "mlp.w2": .gate, "mlp.c_proj": .down,
    ],
    outside: ["wte": .inputEmbedding, "ln_f": .finalNorm, "lm_head": .head],
    keys: ConfigurationKeys(
      headDimension: ["kv_channels"], intermediate: [], positions: ["max_position_embeddings", "seq_length"]),
    adapterTargets: ["c_attn"], forward: .transformer(.qwen))

  /// transformers 5.17, `models/qwen2_moe/modeling_qwen2_moe.py`: an expert that every token passes.
  static let qwen2MoE = Family(
    name: "qwen2_moe", modelTypes: ["qwen2_moe"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms, experts, sharedExperts), outside: decoderOutside,
    keys: ConfigurationKeys(experts: ["num_experts", "num_local_experts"]), forward: .transformer(.qwen2MoE))

  /// transformers 5.17, `models/qwen3_moe/modeling_qwen3_moe.py`.
  static let qwenMoE = Family(
    name: "qwen_moe", modelTypes: ["qwen3_moe", "qwen3_vl_moe", "qwen3_vl_moe_text"],
    layerPaths: ["layers"], layer: names(splitAttention, gatedMLP, preNorms, experts, sharedExperts),
    outside: decoderOutside, keys: ConfigurationKeys(experts: ["num_experts", "num_local_experts"]),
    forward: .transformer(.qwenMoE))
}

extension TransformerChoices {
  static let qwen = TransformerChoices(
    heads: [.causalLM: HeadChoices(steps: HeadChoices.nextToken.steps, cutsLogits: true)],
    attention: .ownMask, rejoinsRotated: true, keepsAngles: true,
    turningType: .wideEach,
    embeddingDropout: Setting("emb_dropout_prob", 0), attentionDropout: Setting("attn_dropout_prob", 0))

  static let qwen2MoE = TransformerChoices(
    window: .alternatingWhereUsed,
    experts: ExpertChoices(
      routing: .softmaxThenTopKCast, shared: .gatedFirst,
      loop: .init(kind: .narrow, names: ExpertChoices.usualNames)))

  static let qwenMoE = TransformerChoices(
    experts: ExpertChoices(
      routing: .softmaxThenTopKCast, ownsExpertsFirst: true, adapted: ExpertChoices.usualNames,
      loop: .init(kind: .narrow, names: ExpertChoices.usualNames)))
}

extension TransformerChoices {
  static let qwen2 = TransformerChoices(window: .last, usualWindow: 4096)
}
