extension Family {
  /// transformers 5.17, `models/gpt_neox/modeling_gpt_neox.py`. The head is `embed_out`, and `lm_head` since
  /// version 5.
  static let gptNeoX = Family(
    name: "gpt_neox", modelTypes: ["gpt_neox", "gpt_neox_japanese"], layerPaths: ["layers"],
    layer: names(
      preNorms,
      [
        "attention.query_key_value": .fusedQKV, "attention.dense": .attentionOutput, "mlp.dense_h_to_4h": .up,
        "mlp.dense_4h_to_h": .down,
      ]),
    outside: [
      "embed_in": .inputEmbedding, "final_layer_norm": .finalNorm, "embed_out": .head, "lm_head": .head,
      "score": .head,
    ], adapterTargets: ["query_key_value"], forward: .transformer(.gptNeoX))
}

extension TransformerChoices {
  static let gptNeoX = TransformerChoices(
    heads: [
      .causalLM: .nextToken, .sequenceClassification: .lastTokenScore,
      .tokenClassification: HeadChoices(
        steps: [.dropout("classifier_dropout", 0.1), .linear(.init(.classifier, "classifier", .labels))],
        upcastsLogits: true),
    ], norm: .layerNorm, fused: .heads, parallel: .mlpFirst, parallelKey: Setting("use_parallel_residual", true),
    rotaryFraction: 0.25, rejoinsRotated: true, embeddingDropout: Setting("hidden_dropout", 0),
    residualDropout: Setting("hidden_dropout", 0), activation: Setting("hidden_act", "gelu"))
}
