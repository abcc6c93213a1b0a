extension Family {
  /// transformers 5.17, `models/vit/modeling_vit.py`: the names that it writes, and the ones that it runs with since
  /// version 5 (`layers.0.attention.q_proj`).
  static let vit = Family(
    name: "vit", modelTypes: ["vit", "deit"], layerPaths: ["encoder.layer", "layers"],
    layer: [
      "layernorm_before": .inputNorm, "attention.attention.query": .query, "attention.attention.key": .key,
      "attention.attention.value": .value, "attention.output.dense": .attentionOutput,
      "attention.q_proj": .query, "attention.k_proj": .key, "attention.v_proj": .value,
      "attention.o_proj": .attentionOutput, "mlp.fc1": .up, "mlp.fc2": .down, "layernorm_after": .preMLPNorm,
      "intermediate.dense": .up, "output.dense": .down,
    ],
    outside: [
      "embeddings.patch_embeddings.projection": .patchEmbedding, "embeddings.position_embeddings": .positionEmbedding,
      "layernorm": .finalNorm, "pooler.dense": .pooler, "classifier": .head,
    ],
    keys: ConfigurationKeys(vocabulary: [], positions: []))

  /// transformers 5.17, `models/clip/modeling_clip.py`: a text and a vision tower.
  static let clip = Family(
    name: "clip", modelTypes: ["clip", "clip_text_model", "clip_vision_model"], layerPaths: ["encoder.layers"],
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
