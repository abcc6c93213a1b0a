import Checkpoint

// Mixtures of experts whose attention, or whose experts, are of another kind than Llama's.
extension Sketch {
  static let deepseekV2Tiny = Sketch(
    "deepseek-v2-tiny", layers: 3,
    [
      "architectures": .array([.string("DeepseekV2ForCausalLM")]), "attention_bias": .boolean(false),
      "attention_dropout": .number(0), "first_k_dense_replace": .integer(1), "head_dim": .integer(8),
      "hidden_act": .string("silu"), "hidden_size": .integer(96), "intermediate_size": .integer(200),
      "kv_lora_rank": .integer(32), "max_position_embeddings": .integer(512), "mlp_bias": .boolean(false),
      "model_type": .string("deepseek_v2"), "moe_intermediate_size": .integer(56), "n_group": .integer(4),
      "n_routed_experts": .integer(8), "n_shared_experts": .integer(2), "norm_topk_prob": .boolean(false),
      "num_attention_heads": .integer(6), "num_experts_per_tok": .integer(3), "num_hidden_layers": .integer(3),
      "num_key_value_heads": .integer(6), "q_lora_rank": .integer(40), "qk_head_dim": .integer(24),
      "qk_nope_head_dim": .integer(16), "qk_rope_head_dim": .integer(8), "rms_norm_eps": .number(1e-06),
      "routed_scaling_factor": .number(1), "tie_word_embeddings": .boolean(false), "topk_group": .integer(2),
      "topk_method": .string("group_limited_greedy"), "v_head_dim": .integer(16), "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.input_layernorm 96
    model.layers.0.mlp.down_proj 96x200
    model.layers.0.mlp.gate_proj 200x96
    model.layers.0.mlp.up_proj 200x96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.kv_a_layernorm 32
    model.layers.#.self_attn.kv_a_proj_with_mqa 40x96
    model.layers.#.self_attn.kv_b_proj 192x32
    model.layers.#.self_attn.o_proj 96x96
    model.layers.#.self_attn.q_a_layernorm 40
    model.layers.#.self_attn.q_a_proj 40x96
    model.layers.#.self_attn.q_b_proj 144x40
    model.layers.1.mlp.experts.@.down_proj 96x56 of 8
    model.layers.2.mlp.experts.@.down_proj 96x56 of 8
    model.layers.1.mlp.experts.@.gate_proj 56x96 of 8
    model.layers.2.mlp.experts.@.gate_proj 56x96 of 8
    model.layers.1.mlp.experts.@.up_proj 56x96 of 8
    model.layers.2.mlp.experts.@.up_proj 56x96 of 8
    model.layers.1.mlp.gate 8x96
    model.layers.2.mlp.gate 8x96
    model.layers.1.mlp.shared_experts.down_proj 96x112
    model.layers.2.mlp.shared_experts.down_proj 96x112
    model.layers.1.mlp.shared_experts.gate_proj 112x96
    model.layers.2.mlp.shared_experts.gate_proj 112x96
    model.layers.1.mlp.shared_experts.up_proj 112x96
    model.layers.2.mlp.shared_experts.up_proj 112x96
    model.norm 96
    """)

  static let deepseekV3Tiny = Sketch(
    "deepseek-v3-tiny", layers: 3,
    [
      "architectures": .array([.string("DeepseekV3ForCausalLM")]), "attention_bias": .boolean(false),
      "attention_dropout": .number(0), "first_k_dense_replace": .integer(1), "head_dim": .integer(8),
      "hidden_act": .string("silu"), "hidden_size": .integer(96), "intermediate_size": .integer(200),
      "kv_lora_rank": .integer(32), "max_position_embeddings": .integer(512), "model_type": .string("deepseek_v3"),
      "moe_intermediate_size": .integer(56), "n_group": .integer(4), "n_routed_experts": .integer(8),
      "n_shared_experts": .integer(1), "norm_topk_prob": .boolean(true), "num_attention_heads": .integer(6),
      "num_experts_per_tok": .integer(3), "num_hidden_layers": .integer(3), "num_key_value_heads": .integer(6),
      "num_nextn_predict_layers": .integer(1), "q_lora_rank": .integer(40), "qk_head_dim": .integer(24),
      "qk_nope_head_dim": .integer(16), "qk_rope_head_dim": .integer(8), "rms_norm_eps": .number(1e-06),
      "rope_interleave": .boolean(true), "routed_scaling_factor": .number(2.5),
      "tie_word_embeddings": .boolean(false), "topk_group": .integer(2), "v_head_dim": .integer(16),
      "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.input_layernorm 96
    model.layers.0.mlp.down_proj 96x200
    model.layers.0.mlp.gate_proj 200x96
    model.layers.0.mlp.up_proj 200x96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.kv_a_layernorm 32
    model.layers.#.self_attn.kv_a_proj_with_mqa 40x96
    model.layers.#.self_attn.kv_b_proj 192x32
    model.layers.#.self_attn.o_proj 96x96
    model.layers.#.self_attn.q_a_layernorm 40
    model.layers.#.self_attn.q_a_proj 40x96
    model.layers.#.self_attn.q_b_proj 144x40
    model.layers.1.mlp.experts.@.down_proj 96x56 of 8
    model.layers.2.mlp.experts.@.down_proj 96x56 of 8
    model.layers.1.mlp.experts.@.gate_proj 56x96 of 8
    model.layers.2.mlp.experts.@.gate_proj 56x96 of 8
    model.layers.1.mlp.experts.@.up_proj 56x96 of 8
    model.layers.2.mlp.experts.@.up_proj 56x96 of 8
    model.layers.1.mlp.gate.e_score_correction_bias 8 whole
    model.layers.2.mlp.gate.e_score_correction_bias 8 whole
    model.layers.1.mlp.gate 8x96
    model.layers.2.mlp.gate 8x96
    model.layers.1.mlp.shared_experts.down_proj 96x56
    model.layers.2.mlp.shared_experts.down_proj 96x56
    model.layers.1.mlp.shared_experts.gate_proj 56x96
    model.layers.2.mlp.shared_experts.gate_proj 56x96
    model.layers.1.mlp.shared_experts.up_proj 56x96
    model.layers.2.mlp.shared_experts.up_proj 56x96
    model.norm 96
    """)

  static let gptOssTiny = Sketch(
    "gpt-oss-tiny", layers: 3,
    [
      "architectures": .array([.string("GptOssForCausalLM")]), "attention_bias": .boolean(true),
      "attention_dropout": .number(0), "head_dim": .integer(16), "hidden_act": .string("silu"),
      "hidden_size": .integer(96), "intermediate_size": .integer(80),
      "layer_types": .array([.string("sliding_attention"), .string("full_attention"), .string("sliding_attention")]),
      "max_position_embeddings": .integer(512), "model_type": .string("gpt_oss"), "num_attention_heads": .integer(6),
      "num_experts_per_tok": .integer(2), "num_hidden_layers": .integer(3), "num_key_value_heads": .integer(2),
      "num_local_experts": .integer(4), "output_router_logits": .boolean(false), "rms_norm_eps": .number(1e-05),
      "sliding_window": .integer(24), "tie_word_embeddings": .boolean(false), "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.input_layernorm 96
    model.layers.#.mlp.experts.down_proj 4x80x96 whole
    model.layers.#.mlp.experts.down_proj_bias 4x96 whole
    model.layers.#.mlp.experts.gate_up_proj 4x96x160 whole
    model.layers.#.mlp.experts.gate_up_proj_bias 4x160 whole
    model.layers.#.mlp.router 4x96 +
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.k_proj 32x96 +
    model.layers.#.self_attn.o_proj 96x96 +
    model.layers.#.self_attn.q_proj 96x96 +
    model.layers.#.self_attn.sinks 6 whole
    model.layers.#.self_attn.v_proj 32x96 +
    model.norm 96
    """)

  static let llama4Tiny = Sketch(
    "llama4-tiny", layers: 4,
    [
      "architectures": .array([.string("Llama4ForCausalLM")]), "attention_bias": .boolean(false),
      "attention_chunk_size": .integer(24), "attention_dropout": .number(0), "attn_scale": .number(0.1),
      "attn_temperature_tuning": .boolean(true), "floor_scale": .integer(8192), "head_dim": .integer(16),
      "hidden_act": .string("silu"), "hidden_size": .integer(96), "interleave_moe_layer_step": .integer(1),
      "intermediate_size": .integer(160), "intermediate_size_mlp": .integer(240),
      "layer_types": .array([
        .string("chunked_attention"), .string("chunked_attention"), .string("chunked_attention"),
        .string("full_attention"),
      ]),
      "max_position_embeddings": .integer(512), "model_type": .string("llama4_text"),
      "moe_layers": .array([.integer(0), .integer(1), .integer(2), .integer(3)]),
      "no_rope_layer_interval": .integer(4),
      "no_rope_layers": .array([.integer(1), .integer(1), .integer(1), .integer(0)]),
      "num_attention_heads": .integer(6), "num_experts_per_tok": .integer(1), "num_hidden_layers": .integer(4),
      "num_key_value_heads": .integer(2), "num_local_experts": .integer(4), "output_router_logits": .boolean(false),
      "rms_norm_eps": .number(1e-05), "router_jitter_noise": .number(0), "tie_word_embeddings": .boolean(false),
      "use_qk_norm": .boolean(true), "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.feed_forward.experts.down_proj 4x160x96 whole
    model.layers.#.feed_forward.experts.gate_up_proj 4x96x320 whole
    model.layers.#.feed_forward.router 4x96
    model.layers.#.feed_forward.shared_expert.down_proj 96x160
    model.layers.#.feed_forward.shared_expert.gate_proj 160x96
    model.layers.#.feed_forward.shared_expert.up_proj 160x96
    model.layers.#.input_layernorm 96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.k_proj 32x96
    model.layers.#.self_attn.o_proj 96x96
    model.layers.#.self_attn.q_proj 96x96
    model.layers.#.self_attn.v_proj 32x96
    model.norm 96
    """)
}
