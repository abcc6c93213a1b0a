extension Family {
  /// transformers 5.17, `models/bert/modeling_bert.py` (RoBERTa and ELECTRA spell their blocks alike).
  static let bert = Family(
    name: "bert", modelTypes: ["bert", "roberta", "xlm-roberta", "camembert", "electra"], layerPaths: ["encoder.layer"],
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
    tiesByDefault: true)
}
