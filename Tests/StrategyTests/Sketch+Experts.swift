import Checkpoint

/// The models of Tests/Truth/experts.tsv: mixtures of experts with two to four narrow layers.
extension Sketch {
  static let experts = [
    mixtralTiny, qwen2MoeTiny, qwen3MoeTiny, olmoeTiny, phimoeTiny, granitemoesharedTiny, deepseekV2Tiny,
    deepseekV3Tiny, gptOssTiny, llama4Tiny,
  ]

  static let mixtralTiny = Sketch(
    "mixtral-tiny", layers: 2,
    [
      "architectures": .array([.string("MixtralForCausalLM")]), "attention_dropout": .number(0),
      "hidden_act": .string("silu"), "hidden_size": .integer(96), "intermediate_size": .integer(160),
      "max_position_embeddings": .integer(512), "model_type": .string("mixtral"), "num_attention_heads": .integer(6),
      "num_experts_per_tok": .integer(2), "num_hidden_layers": .integer(2), "num_key_value_heads": .integer(2),
      "num_local_experts": .integer(4), "output_router_logits": .boolean(false), "rms_norm_eps": .number(1e-05),
      "router_jitter_noise": .number(0), "sliding_window": .null, "tie_word_embeddings": .boolean(false),
      "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.block_sparse_moe.experts.@.w1 160x96 of 4
    model.layers.#.block_sparse_moe.experts.@.w2 96x160 of 4
    model.layers.#.block_sparse_moe.experts.@.w3 160x96 of 4
    model.layers.#.block_sparse_moe.gate 4x96
    model.layers.#.input_layernorm 96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.k_proj 32x96
    model.layers.#.self_attn.o_proj 96x96
    model.layers.#.self_attn.q_proj 96x96
    model.layers.#.self_attn.v_proj 32x96
    model.norm 96
    """)

  static let qwen2MoeTiny = Sketch(
    "qwen2-moe-tiny", layers: 2,
    [
      "architectures": .array([.string("Qwen2MoeForCausalLM")]), "attention_dropout": .number(0),
      "decoder_sparse_step": .integer(1), "hidden_act": .string("silu"), "hidden_size": .integer(96),
      "intermediate_size": .integer(200),
      "layer_types": .array([.string("full_attention"), .string("full_attention")]),
      "max_position_embeddings": .integer(512), "max_window_layers": .integer(28), "mlp_only_layers": .array([]),
      "model_type": .string("qwen2_moe"), "moe_intermediate_size": .integer(56), "norm_topk_prob": .boolean(false),
      "num_attention_heads": .integer(6), "num_experts": .integer(6), "num_experts_per_tok": .integer(3),
      "num_hidden_layers": .integer(2), "num_key_value_heads": .integer(2), "output_router_logits": .boolean(false),
      "qkv_bias": .boolean(true), "rms_norm_eps": .number(1e-06), "shared_expert_intermediate_size": .integer(88),
      "sliding_window": .integer(0), "tie_word_embeddings": .boolean(false), "use_sliding_window": .boolean(false),
      "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.input_layernorm 96
    model.layers.#.mlp.experts.@.down_proj 96x56 of 6
    model.layers.#.mlp.experts.@.gate_proj 56x96 of 6
    model.layers.#.mlp.experts.@.up_proj 56x96 of 6
    model.layers.#.mlp.gate 6x96
    model.layers.#.mlp.shared_expert.down_proj 96x88
    model.layers.#.mlp.shared_expert.gate_proj 88x96
    model.layers.#.mlp.shared_expert.up_proj 88x96
    model.layers.#.mlp.shared_expert_gate 1x96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.k_proj 32x96 +
    model.layers.#.self_attn.o_proj 96x96
    model.layers.#.self_attn.q_proj 96x96 +
    model.layers.#.self_attn.v_proj 32x96 +
    model.norm 96
    """)

  static let qwen3MoeTiny = Sketch(
    "qwen3-moe-tiny", layers: 2,
    [
      "architectures": .array([.string("Qwen3MoeForCausalLM")]), "attention_bias": .boolean(false),
      "attention_dropout": .number(0), "decoder_sparse_step": .integer(1), "head_dim": .integer(24),
      "hidden_act": .string("silu"), "hidden_size": .integer(96), "intermediate_size": .integer(200),
      "max_position_embeddings": .integer(512), "mlp_only_layers": .array([]), "model_type": .string("qwen3_moe"),
      "moe_intermediate_size": .integer(56), "norm_topk_prob": .boolean(true), "num_attention_heads": .integer(6),
      "num_experts_per_tok": .integer(4), "num_hidden_layers": .integer(2), "num_key_value_heads": .integer(2),
      "num_local_experts": .integer(8), "output_router_logits": .boolean(false), "rms_norm_eps": .number(1e-06),
      "sliding_window": .null, "tie_word_embeddings": .boolean(false), "use_sliding_window": .boolean(false),
      "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.input_layernorm 96
    model.layers.#.mlp.experts.@.down_proj 96x56 of 8
    model.layers.#.mlp.experts.@.gate_proj 56x96 of 8
    model.layers.#.mlp.experts.@.up_proj 56x96 of 8
    model.layers.#.mlp.gate 8x96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.k_norm 24
    model.layers.#.self_attn.k_proj 48x96
    model.layers.#.self_attn.o_proj 96x144
    model.layers.#.self_attn.q_norm 24
    model.layers.#.self_attn.q_proj 144x96
    model.layers.#.self_attn.v_proj 48x96
    model.norm 96
    """)

  static let olmoeTiny = Sketch(
    "olmoe-tiny", layers: 2,
    [
      "architectures": .array([.string("OlmoeForCausalLM")]), "attention_bias": .boolean(false),
      "attention_dropout": .number(0), "hidden_act": .string("silu"), "hidden_size": .integer(96),
      "intermediate_size": .integer(64), "max_position_embeddings": .integer(512), "model_type": .string("olmoe"),
      "norm_topk_prob": .boolean(false), "num_attention_heads": .integer(6), "num_experts": .integer(8),
      "num_experts_per_tok": .integer(4), "num_hidden_layers": .integer(2), "num_key_value_heads": .integer(2),
      "output_router_logits": .boolean(false), "rms_norm_eps": .number(1e-05), "tie_word_embeddings": .boolean(false),
      "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96
    model.embed_tokens 320x96
    model.layers.#.input_layernorm 96
    model.layers.#.mlp.experts.@.down_proj 96x64 of 8
    model.layers.#.mlp.experts.@.gate_proj 64x96 of 8
    model.layers.#.mlp.experts.@.up_proj 64x96 of 8
    model.layers.#.mlp.gate 8x96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.k_norm 32
    model.layers.#.self_attn.k_proj 32x96
    model.layers.#.self_attn.o_proj 96x96
    model.layers.#.self_attn.q_norm 96
    model.layers.#.self_attn.q_proj 96x96
    model.layers.#.self_attn.v_proj 32x96
    model.norm 96
    """)

  static let phimoeTiny = Sketch(
    "phimoe-tiny", layers: 2,
    [
      "architectures": .array([.string("PhimoeForCausalLM")]), "attention_bias": .boolean(true),
      "attention_dropout": .number(0), "hidden_act": .string("silu"), "hidden_size": .integer(96),
      "input_jitter_noise": .number(0), "intermediate_size": .integer(160), "lm_head_bias": .boolean(true),
      "max_position_embeddings": .integer(512), "model_type": .string("phimoe"), "num_attention_heads": .integer(6),
      "num_experts_per_tok": .integer(2), "num_hidden_layers": .integer(2), "num_key_value_heads": .integer(2),
      "num_local_experts": .integer(4), "output_router_logits": .boolean(false), "rms_norm_eps": .number(1e-05),
      "router_jitter_noise": .number(0.01), "sliding_window": .null, "tie_word_embeddings": .boolean(false),
      "vocab_size": .integer(320),
    ],
    """
    lm_head 320x96 +
    model.embed_tokens 320x96
    model.layers.#.block_sparse_moe.experts.@.w1 160x96 of 4
    model.layers.#.block_sparse_moe.experts.@.w2 96x160 of 4
    model.layers.#.block_sparse_moe.experts.@.w3 160x96 of 4
    model.layers.#.block_sparse_moe.gate 4x96
    model.layers.#.input_layernorm 96 +
    model.layers.#.post_attention_layernorm 96 +
    model.layers.#.self_attn.k_proj 32x96 +
    model.layers.#.self_attn.o_proj 96x96 +
    model.layers.#.self_attn.q_proj 96x96 +
    model.layers.#.self_attn.v_proj 32x96 +
    model.norm 96 +
    """)

  static let granitemoesharedTiny = Sketch(
    "granitemoeshared-tiny", layers: 2,
    [
      "architectures": .array([.string("GraniteMoeSharedForCausalLM")]), "attention_bias": .boolean(false),
      "attention_dropout": .number(0), "attention_multiplier": .number(0.015625), "embedding_multiplier": .number(12),
      "hidden_act": .string("silu"), "hidden_size": .integer(96), "intermediate_size": .integer(64),
      "logits_scaling": .number(6), "max_position_embeddings": .integer(512),
      "model_type": .string("granitemoeshared"), "num_attention_heads": .integer(6),
      "num_experts_per_tok": .integer(4), "num_hidden_layers": .integer(2), "num_key_value_heads": .integer(2),
      "num_local_experts": .integer(8), "output_router_logits": .boolean(false), "residual_multiplier": .number(0.22),
      "rms_norm_eps": .number(1e-06), "shared_intermediate_size": .integer(120),
      "tie_word_embeddings": .boolean(true), "vocab_size": .integer(320),
    ],
    """
    model.embed_tokens 320x96
    model.layers.#.block_sparse_moe.input_linear 8x128x96
    model.layers.#.block_sparse_moe.output_linear 8x96x64
    model.layers.#.block_sparse_moe.router.layer 8x96
    model.layers.#.input_layernorm 96
    model.layers.#.post_attention_layernorm 96
    model.layers.#.self_attn.k_proj 32x96
    model.layers.#.self_attn.o_proj 96x96
    model.layers.#.self_attn.q_proj 96x96
    model.layers.#.self_attn.v_proj 32x96
    model.layers.#.shared_mlp.input_linear 240x96
    model.layers.#.shared_mlp.output_linear 96x120
    model.norm 96
    """)
}
