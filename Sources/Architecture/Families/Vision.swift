extension Family {
  /// transformers 5.17, `models/vit/modeling_vit.py`.
  static let vit = Family(
    name: "vit", modelTypes: ["vit", "deit"], layerPath: "encoder.layer",
    layer: [
      "layernorm_before": .inputNorm, "attention.attention.query": .query, "attention.attention.key": .key,
      "attention.attention.value": .value, "attention.output.dense": .attentionOutput,
      "layernorm_after": .preMLPNorm, "intermediate.dense": .up, "output.dense": .down,
    ],
    outside: [
      "embeddings.patch_embeddings.projection": .patchEmbedding, "embeddings.position_embeddings": .positionEmbedding,
      "layernorm": .finalNorm, "pooler.dense": .pooler, "classifier": .head,
    ],
    keys: ConfigurationKeys(vocabulary: [], positions: []))

  /// transformers 5.17, `models/clip/modeling_clip.py`: a text and a vision tower.
  static let clip = Family(
    name: "clip", modelTypes: ["clip", "clip_text_model", "clip_vision_model"], layerPath: "encoder.layers",
    layer: names(
      fairseqAttention,
      ["layer_norm1": .inputNorm, "layer_norm2": .preMLPNorm, "mlp.fc1": .up, "mlp.fc2": .down]),
    outside: [
      "embeddings.token_embedding": .inputEmbedding, "embeddings.position_embedding": .positionEmbedding,
      "embeddings.patch_embedding": .patchEmbedding, "pre_layrnorm": .embeddingNorm, "post_layernorm": .finalNorm,
      "final_layer_norm": .finalNorm, "text_projection": .outputProjection,
    ],
    principal: "text_model", hasEmbeddingPair: false)
}
