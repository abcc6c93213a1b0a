extension Family {
  /// transformers 5.17, `models/modernbert/modeling_modernbert.py`: rotated positions, one angle for layers that see
  /// everything and one for those that see a window.
  static let modernBERT = Family(
    name: "modernbert", modelTypes: ["modernbert"], layerPaths: ["layers"],
    layer: [
      "attn_norm": .inputNorm, "attn.Wqkv": .fusedQKV, "attn.Wo": .attentionOutput, "mlp_norm": .preMLPNorm,
      "mlp.Wi": .fusedGateUp, "mlp.Wo": .down,
    ],
    outside: [
      "embeddings.tok_embeddings": .inputEmbedding, "embeddings.norm": .embeddingNorm, "final_norm": .finalNorm,
    ],
    tiesByDefault: true, adapterTargets: ["Wqkv"], forward: .transformer(.modernBERT))
}

extension TransformerChoices {
  /// `ModernBertPredictionHead`.
  private static let modernBERTHead: [HeadChoices.Step] = [
    .linear(.init(.headTransform, "head.dense", bias: Setting("classifier_bias", false))),
    .activation(Setting("classifier_activation", "gelu")),
    .norm(.headTransformNorm, "head.norm", bias: Setting("norm_bias", false)),
  ]
  private static let modernBERTClassifier: [HeadChoices.Step] = [
    .dropout("classifier_dropout", 0), .linear(.init(.classifier, "classifier", .labels)),
  ]

  static let modernBERT = TransformerChoices(
    heads: [
      .maskedLM: HeadChoices(
        steps: modernBERTHead + [
          .vocabulary(.init(.head, "decoder", .vocabulary, bias: Setting("decoder_bias", true)))
        ], upcastsLogits: true),
      .sequenceClassification: HeadChoices(
        steps: [.pooled(Setting("classifier_pooling", "cls"))] + modernBERTHead + modernBERTClassifier),
      .tokenClassification: HeadChoices(steps: modernBERTHead + modernBERTClassifier),
    ],
    norm: .layerNorm, positions: .rotaryByKind, fused: .stacked, isCausal: false, holdsAttended: true,
    turningType: .wideTwice, window: .byKind, embeddingDropout: Setting("embedding_dropout", 0),
    attentionOutputDropout: .own(Setting("attention_dropout", 0)), activationDropout: Setting("mlp_dropout", 0),
    activation: Setting("hidden_activation", "gelu"))
}
