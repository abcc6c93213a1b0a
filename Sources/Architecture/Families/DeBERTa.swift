extension Family {
  /// transformers 5.17, `models/deberta_v2/modeling_deberta_v2.py`, which DeBERTa v3 is too.
  static let debertaV2 = Family(
    name: "deberta-v2", modelTypes: ["deberta-v2"], layerPaths: ["encoder.layer"],
    layer: names(
      bertLayer,
      [
        "attention.self.query_proj": .query, "attention.self.key_proj": .key, "attention.self.value_proj": .value,
        "attention.self.pos_key_proj": .positionKey, "attention.self.pos_query_proj": .positionQuery,
      ]),
    outside: names(
      bertOutside,
      [
        "cls.predictions": .head, "embeddings.embed_proj": .embeddingProjection,
        "encoder.rel_embeddings": .relativeEmbedding, "encoder.LayerNorm": .relativeNorm,
        "encoder.conv.conv": .convolution, "encoder.conv.LayerNorm": .convolutionNorm,
      ]),
    tiesByDefault: true, adapterTargets: ["query_proj", "value_proj"], forward: .transformer(.debertaV2))
}

extension TransformerChoices {
  static let debertaV2 = {
    var choices = bert
    choices.heads[.sequenceClassification] = HeadChoices(
      steps: [
        .firstToken, .dropout("pooler_dropout", 0), .linear(.init(.pooler, "pooler.dense")),
        .activation(Setting("pooler_hidden_act", "gelu")), .dropout(["cls_dropout", "hidden_dropout_prob"], 0.1),
        .linear(.init(.classifier, "classifier", .labels)),
      ], upcastsLogits: true)
    choices.heads[.tokenClassification] = HeadChoices(steps: [
      .dropout("hidden_dropout_prob", 0.1), .linear(.init(.classifier, "classifier", .labels)),
    ])
    choices.positions = .relative
    choices.attention = .disentangled
    choices.holdsHiddenStates = true
    return choices
  }()
}
