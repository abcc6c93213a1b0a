extension Family {
  /// transformers 5.17, `models/bert/modeling_bert.py`.
  static let bert = Family(
    name: "bert", modelTypes: ["bert"], layerPaths: ["encoder.layer"],
    layer: [
      "attention.self.query": .query, "attention.self.key": .key, "attention.self.value": .value,
      "attention.output.dense": .attentionOutput, "attention.output.LayerNorm": .postAttentionNorm,
      "intermediate.dense": .up, "output.dense": .down, "output.LayerNorm": .postMLPNorm,
    ],
    outside: [
      "embeddings.word_embeddings": .inputEmbedding, "embeddings.position_embeddings": .positionEmbedding,
      "embeddings.token_type_embeddings": .tokenTypeEmbedding, "embeddings.LayerNorm": .embeddingNorm,
      "pooler.dense": .pooler, "cls.predictions.transform.dense": .headTransform,
      "cls.predictions.transform.LayerNorm": .headTransformNorm, "cls.predictions.decoder": .head,
      "cls.predictions": .head, "lm_head.dense": .headTransform, "lm_head.layer_norm": .headTransformNorm,
      "lm_head.decoder": .head, "lm_head": .head,
    ],
    tiesByDefault: true, adapterTargets: ["query", "value"], forward: .transformer(.bert))

  /// RoBERTa and ELECTRA spell their blocks as BERT does, and embed tokens in ways of their own.
  static let roberta: Family = {
    var row = bert
    row.name = "roberta"
    row.modelTypes = ["roberta", "xlm-roberta", "camembert", "electra"]
    row.forward = nil
    return row
  }()
}

extension TransformerChoices {
  static let bert = TransformerChoices(
    norm: .layerNorm, positions: .learnedWithTypes, attention: .interface(softmax: .uncast), isCausal: false,
    keepsSummed: true, embeddingDropout: Setting("hidden_dropout_prob", 0.1),
    attentionDropout: Setting("attention_probs_dropout_prob", 0.1),
    residualDropout: Setting("hidden_dropout_prob", 0.1), activation: Setting("hidden_act", "gelu"))
}
