extension Family {
  /// What a block of BERT calls its modules.
  static let bertLayer: [String: Role] = [
    "attention.self.query": .query, "attention.self.key": .key, "attention.self.value": .value,
    "attention.output.dense": .attentionOutput, "attention.output.LayerNorm": .postAttentionNorm,
    "intermediate.dense": .up, "output.dense": .down, "output.LayerNorm": .postMLPNorm,
  ]

  static let bertOutside: [String: Role] = [
    "embeddings.word_embeddings": .inputEmbedding, "embeddings.position_embeddings": .positionEmbedding,
    "embeddings.token_type_embeddings": .tokenTypeEmbedding, "embeddings.LayerNorm": .embeddingNorm,
    "pooler.dense": .pooler,
  ]

  /// transformers 5.17, `models/bert/modeling_bert.py`.
  static let bert = Family(
    name: "bert", modelTypes: ["bert"], layerPaths: ["encoder.layer"], layer: bertLayer,
    outside: names(bertOutside, ["cls.predictions": .head]), tiesByDefault: true,
    adapterTargets: ["query", "value"], forward: .transformer(.bert))

  /// transformers 5.17, `models/roberta/modeling_roberta.py`, and its likes: BERT's blocks, positions counted from the
  /// token that is no padding.
  static let roberta = Family(
    name: "roberta", modelTypes: ["roberta", "xlm-roberta", "camembert"], layerPaths: ["encoder.layer"],
    layer: bertLayer, outside: names(bertOutside, ["lm_head": .head]), tiesByDefault: true, positionOffset: 2,
    adapterTargets: ["query", "value"], forward: .transformer(.roberta))

  /// transformers 5.17, `models/electra/modeling_electra.py`: BERT's blocks behind embeddings that may be narrower.
  static let electra = Family(
    name: "electra", modelTypes: ["electra"], layerPaths: ["encoder.layer"], layer: bertLayer,
    outside: names(bertOutside, ["embeddings_project": .embeddingProjection]), tiesByDefault: true,
    adapterTargets: ["query", "value"], forward: .transformer(.electra))

  /// transformers 5.17, `models/distilbert/modeling_distilbert.py`.
  static let distilBERT = Family(
    name: "distilbert", modelTypes: ["distilbert"], layerPaths: ["transformer.layer"],
    layer: [
      "attention.q_lin": .query, "attention.k_lin": .key, "attention.v_lin": .value,
      "attention.out_lin": .attentionOutput, "sa_layer_norm": .postAttentionNorm, "ffn.lin1": .up,
      "ffn.lin2": .down, "output_layer_norm": .postMLPNorm,
    ],
    outside: bertOutside,
    keys: ConfigurationKeys(
      layers: ["n_layers"], hidden: ["dim"], heads: ["n_heads"], intermediate: ["hidden_dim"]),
    tiesByDefault: true, adapterTargets: ["q_lin", "v_lin"], forward: .transformer(.distilBERT))
}

extension TransformerChoices {
  static let bert = TransformerChoices(
    heads: [
      .maskedLM: HeadChoices(steps: [
        .linear(.init(.headTransform, "cls.predictions.transform.dense")), .activation(Setting("hidden_act", "gelu")),
        .norm(.headTransformNorm, "cls.predictions.transform.LayerNorm"),
        .vocabulary(.init(.head, "cls.predictions.decoder", .vocabulary)),
      ]),
      .sequenceClassification: HeadChoices(steps: [
        .firstToken, .linear(.init(.pooler, "pooler.dense")), .activation("tanh"),
        .dropout(["classifier_dropout", "hidden_dropout_prob"], 0.1),
        .linear(.init(.classifier, "classifier", .labels)),
      ]),
      .tokenClassification: .encoderTokens,
    ],
    norm: .layerNorm, positions: .learnedWithTypes(.read), attention: .interface(softmax: .uncast), isCausal: false,
    keepsSummed: true, holdsInner: true, embeddingDropout: Setting("hidden_dropout_prob", 0.1),
    attentionDropout: Setting("attention_probs_dropout_prob", 0.1),
    residualDropout: Setting("hidden_dropout_prob", 0.1), activation: Setting("hidden_act", "gelu"))

  static let roberta = {
    var choices = bert
    choices.positions = .learnedWithTypes(.counted)
    choices.heads[.maskedLM] = HeadChoices(steps: [
      .linear(.init(.headTransform, "lm_head.dense")), .activation("gelu"),
      .norm(.headTransformNorm, "lm_head.layer_norm"), .vocabulary(.init(.head, "lm_head.decoder", .vocabulary)),
    ])
    choices.heads[.sequenceClassification] = .denseClassifier("tanh")
    return choices
  }()

  static let electra = {
    var choices = bert
    choices.heads = [
      .maskedLM: HeadChoices(steps: [
        .linear(.init(.headTransform, "generator_predictions.dense", .embedding)), .activation("gelu"),
        .norm(.headTransformNorm, "generator_predictions.LayerNorm"),
        .vocabulary(.init(.head, "generator_lm_head", .vocabulary)),
      ]),
      .replacedTokenDetection: HeadChoices(steps: [
        .linear(.init(.classifierTransform, "discriminator_predictions.dense")),
        .activation(Setting("hidden_act", "gelu")),
        .linear(.init(.classifier, "discriminator_predictions.dense_prediction", .one)), .squeezed,
      ]),
      .sequenceClassification: .denseClassifier("gelu"),
      .tokenClassification: .encoderTokens,
    ]
    return choices
  }()

  static let distilBERT = TransformerChoices(
    heads: [
      .maskedLM: HeadChoices(steps: [
        .linear(.init(.headTransform, "vocab_transform")), .activation(Setting("activation", "gelu")),
        .norm(.headTransformNorm, "vocab_layer_norm"),
        .vocabulary(.init(.head, "vocab_projector", .vocabulary)),
      ]),
      .sequenceClassification: HeadChoices(steps: [
        .firstToken, .linear(.init(.classifierTransform, "pre_classifier")), .activation("relu"),
        .dropout("seq_classif_dropout", 0.2), .linear(.init(.classifier, "classifier", .labels)),
      ]),
      .tokenClassification: HeadChoices(steps: [
        .dropout("dropout", 0.1), .linear(.init(.classifier, "classifier", .labels)),
      ]),
    ],
    norm: .layerNorm, positions: .learnedWithTypes(.untyped), attention: .interface(softmax: .uncast),
    isCausal: false, keepsSummed: true, embeddingDropout: Setting("dropout", 0.1),
    attentionDropout: Setting("attention_dropout", 0.1), attentionOutputDropout: .none,
    residualDropout: Setting("dropout", 0.1), activation: Setting("activation", "gelu"))
}
