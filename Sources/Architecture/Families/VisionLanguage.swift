extension Family {
  /// transformers 5.17, `models/llava/modeling_llava.py`: a CLIP tower, two linear layers, and a decoder of another
  /// family with Llama's names.
  static let llava = Family(
    name: "llava", modelTypes: ["llava"], layerPaths: ["layers"],
    layer: names(
      fairseqAttention, splitAttention, gatedMLP, preNorms,
      ["layer_norm1": .inputNorm, "layer_norm2": .preMLPNorm, "mlp.fc1": .up, "mlp.fc2": .down]),
    outside: names(
      decoderOutside,
      [
        "embeddings.patch_embedding": .patchEmbedding, "embeddings.class_embedding": .classToken,
        "embeddings.position_embedding": .positionEmbedding, "pre_layrnorm": .embeddingNorm,
        "post_layernorm": .finalNorm, "multi_modal_projector.linear_1": .projectorUp,
        "multi_modal_projector.linear_2": .projectorDown,
      ]),
    forward: .visionLanguage(
      VisionLanguageChoices(text: .llama, vision: .tower(VisionChoices(blocks: .clip, positions: .table)))))

  /// transformers 5.17, `models/qwen2_vl` and `models/qwen2_5_vl`: Qwen2 with positions along the sides of images, and a
  /// tower over the patches of all images in one row.
  static let qwen2VL = Family(
    name: "qwen2_vl", modelTypes: ["qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text"],
    layerPaths: ["layers", "blocks"],
    layer: names(
      splitAttention, gatedMLP, preNorms,
      [
        "norm1": .inputNorm, "norm2": .preMLPNorm, "attn.qkv": .fusedQKV, "attn.proj": .attentionOutput,
        "mlp.fc1": .up, "mlp.fc2": .down,
      ]),
    outside: names(decoderOutside, ["patch_embed.proj": .patchEmbedding, "merger.ln_q": .projectorNorm]),
    forward: .visionLanguage(VisionLanguageChoices(text: .qwen2VL, vision: .packed(.qwen2VLTower))))
}

extension TransformerChoices {
  static let qwen2VL = TransformerChoices(positions: .rotaryGrid)

  /// The tower's blocks; version 2.5 norms and gates as its decoder does.
  static let qwen2VLTower = TransformerChoices(
    norm: .layerNorm, isCausal: false, activation: Setting("hidden_act", "quick_gelu"))
}
