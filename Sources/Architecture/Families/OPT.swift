extension Family {
  /// transformers 5.17, `models/opt/modeling_opt.py`. Positions start at 2; the 350m has projections around the
  /// blocks and norms behind attention and MLP (`do_layer_norm_before: false`).
  static let opt = Family(
    name: "opt", modelTypes: ["opt"], layerPaths: ["layers"],
    layer: names(
      fairseqAttention,
      ["self_attn_layer_norm": .inputNorm, "fc1": .up, "fc2": .down, "final_layer_norm": .preMLPNorm]),
    outside: [
      "embed_tokens": .inputEmbedding, "embed_positions": .positionEmbedding, "project_in": .embeddingProjection,
      "project_out": .outputProjection, "final_layer_norm": .finalNorm, "lm_head": .head, "score": .head,
    ],
    keys: ConfigurationKeys(intermediate: ["ffn_dim"]), tiesByDefault: true, positionOffset: 2,
    preNormKey: "do_layer_norm_before", forward: .transformer(.opt))

  /// transformers 5.17, `models/biogpt/modeling_biogpt.py`. Positions start at 2; the head is `output_projection`.
  static let bioGPT = Family(
    name: "biogpt", modelTypes: ["biogpt"], layerPaths: ["layers"],
    layer: names(
      fairseqAttention,
      ["self_attn_layer_norm": .inputNorm, "fc1": .up, "fc2": .down, "final_layer_norm": .preMLPNorm]),
    outside: [
      "embed_tokens": .inputEmbedding, "embed_positions": .positionEmbedding, "layer_norm": .finalNorm,
      "output_projection": .head, "score": .head,
    ],
    tiesByDefault: true, positionOffset: 2, forward: .transformer(.bioGPT))
}

extension TransformerChoices {
  static let opt = TransformerChoices(
    heads: HeadChoices.withoutTokens, norm: .layerNorm, positions: .learnedWithMask(counted: true), scalesQueries: true,
    inlineMLP: .byStep, flattensMLP: true,
    residualDropout: Setting("dropout", 0.1),
    activation: Setting("activation_function", "relu"))

  static let bioGPT = TransformerChoices(
    heads: [
      .causalLM: .nextToken, .sequenceClassification: .lastTokenScore, .tokenClassification: .encoderTokens,
    ], norm: .layerNorm, positions: .learnedWithMask(counted: false), attention: .interface(softmax: .uncast),
    inlineMLP: .byStep, embeddingScale: .number(flag: "scale_embedding"),
    embeddingDropout: Setting("hidden_dropout_prob", 0.1),
    attentionDropout: Setting("attention_probs_dropout_prob", 0.1),
    residualDropout: Setting("hidden_dropout_prob", 0.1), activationDropout: Setting("activation_dropout", 0),
    activation: Setting("hidden_act", "gelu"))
}
