import Checkpoint

/// The models of Tests/Truth/images.tsv that read images and text.
extension Sketch {
  static let clipTiny = Sketch(
    "clip-tiny", layers: 1,
    [
      "model_type": .string("clip"), "projection_dim": .integer(48), "logit_scale_init_value": .number(2.6592),
      "text_config": .object([
        "model_type": .string("clip_text_model"), "hidden_size": .integer(64), "intermediate_size": .integer(160),
        "num_hidden_layers": .integer(3), "num_attention_heads": .integer(4), "vocab_size": .integer(300),
        "max_position_embeddings": .integer(40), "hidden_act": .string("quick_gelu"), "projection_dim": .integer(48),
      ]),
      "vision_config": .object([
        "model_type": .string("clip_vision_model"), "hidden_size": .integer(96), "intermediate_size": .integer(200),
        "num_hidden_layers": .integer(2), "num_attention_heads": .integer(3), "image_size": .integer(64),
        "patch_size": .integer(8), "hidden_act": .string("quick_gelu"), "projection_dim": .integer(48),
      ]),
      "architectures": .array([.string("CLIPModel")]),
    ],
    """
    logit_scale 1 P
    text_model.embeddings.position_embedding 40x64
    text_model.embeddings.token_embedding 300x64
    text_model.encoder.layers.#.layer_norm1 64 + *3
    text_model.encoder.layers.#.layer_norm2 64 + *3
    text_model.encoder.layers.#.mlp.fc1 160x64 + *3
    text_model.encoder.layers.#.mlp.fc2 64x160 + *3
    text_model.encoder.layers.#.self_attn.k_proj 64x64 + *3
    text_model.encoder.layers.#.self_attn.out_proj 64x64 + *3
    text_model.encoder.layers.#.self_attn.q_proj 64x64 + *3
    text_model.encoder.layers.#.self_attn.v_proj 64x64 + *3
    text_model.final_layer_norm 64 +
    text_projection 48x64
    vision_model.embeddings.class_embedding 96 P
    vision_model.embeddings.patch_embedding 96x3x8x8
    vision_model.embeddings.position_embedding 65x96
    vision_model.encoder.layers.#.layer_norm1 96 + *2
    vision_model.encoder.layers.#.layer_norm2 96 + *2
    vision_model.encoder.layers.#.mlp.fc1 200x96 + *2
    vision_model.encoder.layers.#.mlp.fc2 96x200 + *2
    vision_model.encoder.layers.#.self_attn.k_proj 96x96 + *2
    vision_model.encoder.layers.#.self_attn.out_proj 96x96 + *2
    vision_model.encoder.layers.#.self_attn.q_proj 96x96 + *2
    vision_model.encoder.layers.#.self_attn.v_proj 96x96 + *2
    vision_model.post_layernorm 96 +
    vision_model.pre_layrnorm 96 +
    visual_projection 48x96
    """)

  static let siglipTiny = Sketch(
    "siglip-tiny", layers: 1,
    [
      "model_type": .string("siglip"),
      "text_config": .object([
        "model_type": .string("siglip_text_model"), "hidden_size": .integer(96), "intermediate_size": .integer(160),
        "num_hidden_layers": .integer(2), "num_attention_heads": .integer(4), "vocab_size": .integer(300),
        "max_position_embeddings": .integer(64),
      ]),
      "vision_config": .object([
        "model_type": .string("siglip_vision_model"), "hidden_size": .integer(96),
        "intermediate_size": .integer(200), "num_hidden_layers": .integer(3), "num_attention_heads": .integer(4),
        "image_size": .integer(64), "patch_size": .integer(8),
      ]),
      "architectures": .array([.string("SiglipModel")]),
    ],
    """
    logit_bias 1 P
    logit_scale 1 P
    text_model.embeddings.position_embedding 64x96
    text_model.embeddings.token_embedding 300x96
    text_model.encoder.layers.#.layer_norm1 96 + *2
    text_model.encoder.layers.#.layer_norm2 96 + *2
    text_model.encoder.layers.#.mlp.fc1 160x96 + *2
    text_model.encoder.layers.#.mlp.fc2 96x160 + *2
    text_model.encoder.layers.#.self_attn.k_proj 96x96 + *2
    text_model.encoder.layers.#.self_attn.out_proj 96x96 + *2
    text_model.encoder.layers.#.self_attn.q_proj 96x96 + *2
    text_model.encoder.layers.#.self_attn.v_proj 96x96 + *2
    text_model.final_layer_norm 96 +
    text_model.head 96x96 +
    vision_model.embeddings.patch_embedding 96x3x8x8 +
    vision_model.embeddings.position_embedding 64x96
    vision_model.encoder.layers.#.layer_norm1 96 + *3
    vision_model.encoder.layers.#.layer_norm2 96 + *3
    vision_model.encoder.layers.#.mlp.fc1 200x96 + *3
    vision_model.encoder.layers.#.mlp.fc2 96x200 + *3
    vision_model.encoder.layers.#.self_attn.k_proj 96x96 + *3
    vision_model.encoder.layers.#.self_attn.out_proj 96x96 + *3
    vision_model.encoder.layers.#.self_attn.q_proj 96x96 + *3
    vision_model.encoder.layers.#.self_attn.v_proj 96x96 + *3
    vision_model.head.attention.in_proj_bias 288 P
    vision_model.head.attention.in_proj_weight 288x96 P
    vision_model.head.attention.out_proj 96x96 +
    vision_model.head.layernorm 96 +
    vision_model.head.mlp.fc1 200x96 +
    vision_model.head.mlp.fc2 96x200 +
    vision_model.head.probe 1x1x96 P
    vision_model.post_layernorm 96 +
    """)

  static let llavaTiny = Sketch(
    "llava-tiny", layers: 1,
    [
      "model_type": .string("llava"), "image_token_id": .integer(299), "image_seq_length": .integer(64),
      "projector_hidden_act": .string("gelu"), "vision_feature_layer": .integer(-2),
      "vision_feature_select_strategy": .string("default"),
      "text_config": .object([
        "model_type": .string("llama"), "hidden_size": .integer(96), "intermediate_size": .integer(256),
        "num_hidden_layers": .integer(3), "num_attention_heads": .integer(4), "num_key_value_heads": .integer(2),
        "vocab_size": .integer(300), "max_position_embeddings": .integer(512),
      ]),
      "vision_config": .object([
        "model_type": .string("clip_vision_model"), "hidden_size": .integer(64), "intermediate_size": .integer(160),
        "num_hidden_layers": .integer(4), "num_attention_heads": .integer(4), "image_size": .integer(64),
        "patch_size": .integer(8), "hidden_act": .string("quick_gelu"),
      ]),
      "architectures": .array([.string("LlavaForConditionalGeneration")]),
    ],
    """
    language_model.lm_head 300x96
    language_model.model.embed_tokens 300x96
    language_model.model.layers.#.input_layernorm 96 *3
    language_model.model.layers.#.mlp.down_proj 96x256 *3
    language_model.model.layers.#.mlp.gate_proj 256x96 *3
    language_model.model.layers.#.mlp.up_proj 256x96 *3
    language_model.model.layers.#.post_attention_layernorm 96 *3
    language_model.model.layers.#.self_attn.k_proj 48x96 *3
    language_model.model.layers.#.self_attn.o_proj 96x96 *3
    language_model.model.layers.#.self_attn.q_proj 96x96 *3
    language_model.model.layers.#.self_attn.v_proj 48x96 *3
    language_model.model.norm 96
    multi_modal_projector.linear_1 96x64 +
    multi_modal_projector.linear_2 96x96 +
    vision_tower.embeddings.class_embedding 64 P
    vision_tower.embeddings.patch_embedding 64x3x8x8
    vision_tower.embeddings.position_embedding 65x64
    vision_tower.encoder.layers.#.layer_norm1 64 + *4
    vision_tower.encoder.layers.#.layer_norm2 64 + *4
    vision_tower.encoder.layers.#.mlp.fc1 160x64 + *4
    vision_tower.encoder.layers.#.mlp.fc2 64x160 + *4
    vision_tower.encoder.layers.#.self_attn.k_proj 64x64 + *4
    vision_tower.encoder.layers.#.self_attn.out_proj 64x64 + *4
    vision_tower.encoder.layers.#.self_attn.q_proj 64x64 + *4
    vision_tower.encoder.layers.#.self_attn.v_proj 64x64 + *4
    vision_tower.post_layernorm 64 +
    vision_tower.pre_layrnorm 64 +
    """)

  static let qwen2VlTiny = Sketch(
    "qwen2-vl-tiny", layers: 1,
    [
      "model_type": .string("qwen2_vl"), "image_token_id": .integer(298), "video_token_id": .integer(299),
      "vision_start_token_id": .integer(297), "vision_end_token_id": .integer(296),
      "tie_word_embeddings": .boolean(false), "image_size": .integer(112),
      "text_config": .object([
        "model_type": .string("qwen2_vl_text"), "hidden_size": .integer(96), "intermediate_size": .integer(256),
        "num_hidden_layers": .integer(3), "num_attention_heads": .integer(4), "num_key_value_heads": .integer(2),
        "vocab_size": .integer(300), "max_position_embeddings": .integer(512),
        "rope_parameters": .object([
          "rope_type": .string("default"), "rope_theta": .number(1000000.0),
          "mrope_section": .array([.integer(4), .integer(4), .integer(4)]),
        ]),
      ]),
      "vision_config": .object([
        "model_type": .string("qwen2_vl"), "depth": .integer(3), "embed_dim": .integer(64),
        "hidden_size": .integer(96), "mlp_ratio": .integer(3), "num_heads": .integer(4), "patch_size": .integer(14),
        "spatial_merge_size": .integer(2), "temporal_patch_size": .integer(2),
      ]),
      "architectures": .array([.string("Qwen2VLForConditionalGeneration")]),
    ],
    """
    lm_head 300x96
    model.embed_tokens 300x96
    model.layers.#.input_layernorm 96 *3
    model.layers.#.mlp.down_proj 96x256 *3
    model.layers.#.mlp.gate_proj 256x96 *3
    model.layers.#.mlp.up_proj 256x96 *3
    model.layers.#.post_attention_layernorm 96 *3
    model.layers.#.self_attn.k_proj 48x96 + *3
    model.layers.#.self_attn.o_proj 96x96 *3
    model.layers.#.self_attn.q_proj 96x96 + *3
    model.layers.#.self_attn.v_proj 48x96 + *3
    model.norm 96
    visual.blocks.#.attn.proj 64x64 + *3
    visual.blocks.#.attn.qkv 192x64 + *3
    visual.blocks.#.mlp.fc1 192x64 + *3
    visual.blocks.#.mlp.fc2 64x192 + *3
    visual.blocks.#.norm1 64 + *3
    visual.blocks.#.norm2 64 + *3
    visual.merger.ln_q 64 +
    visual.merger.mlp.0 256x256 +
    visual.merger.mlp.2 96x256 +
    visual.patch_embed.proj 64x3x2x14x14
    """)
}
