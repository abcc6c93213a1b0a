extension Family {
  /// transformers 5.17, `models/bloom/modeling_bloom.py`. Old folders say `n_embed` and `num_attention_heads`.
  static let bloom = Family(
    name: "bloom", modelTypes: ["bloom"], layerPaths: ["h"],
    layer: names(
      preNorms,
      [
        "self_attention.query_key_value": .fusedQKV, "self_attention.dense": .attentionOutput,
        "mlp.dense_h_to_4h": .up, "mlp.dense_4h_to_h": .down,
      ]),
    outside: [
      "word_embeddings": .inputEmbedding, "word_embeddings_layernorm": .embeddingNorm, "ln_f": .finalNorm,
      "lm_head": .head, "score": .head,
    ],
    keys: ConfigurationKeys(
      layers: ["n_layer", "num_hidden_layers"], hidden: ["hidden_size", "n_embed"],
      heads: ["n_head", "num_attention_heads"], positions: []),
    tiesByDefault: true, adapterTargets: ["query_key_value"], forward: .transformer(.bloom))

  /// transformers 5.17, `models/falcon/modeling_falcon.py`. The 40B has a norm for each of attention and MLP
  /// (`ln_attn`, `ln_mlp`), the 7B one for both, the RW models two in turn.
  static let falcon = Family(
    name: "falcon", modelTypes: ["falcon", "RefinedWeb", "RefinedWebModel"], layerPaths: ["h"],
    layer: names(
      preNorms,
      [
        "ln_attn": .inputNorm, "ln_mlp": .preMLPNorm, "self_attention.query_key_value": .fusedQKV,
        "self_attention.dense": .attentionOutput, "mlp.dense_h_to_4h": .up, "mlp.dense_4h_to_h": .down,
      ]),
    outside: [
      "word_embeddings": .inputEmbedding, "ln_f": .finalNorm, "lm_head": .head, "score": .head,
    ],
    keys: ConfigurationKeys(
      layers: ["num_hidden_layers", "n_layer"], heads: ["num_attention_heads", "n_head"],
      keyValueHeads: ["num_kv_heads", "n_head_kv"], intermediate: ["ffn_hidden_size"]),
    tiesByDefault: true, adapterTargets: ["query_key_value"], forward: .transformer(.falcon))
}

extension TransformerChoices {
  static let falcon = TransformerChoices(
    heads: HeadChoices.gpt2, norm: .layerNorm, attention: .falcon, fused: .multiQuery, holdsAttended: true,
    parallel: .intoMLP, parallelKey: Setting("parallel_attn", true), holdsInputNorm: true, alwaysMasks: true,
    returnsWeights: true,
    multipliesTransposedWeights: true, attentionOutputDropout: .own(Setting("attention_dropout", 0)),
    residualDropout: Setting("hidden_dropout", 0),
    activation: Setting("activation", "gelu"))

  static let bloom = TransformerChoices(
    heads: HeadChoices.gpt2, norm: .layerNorm, positions: .alibi, attention: .bloom, fused: .selectedHeads,
    returnsWeights: true,
    residualDropout: Setting("hidden_dropout", 0), activation: Setting("", "bloom_gelu"))
}
