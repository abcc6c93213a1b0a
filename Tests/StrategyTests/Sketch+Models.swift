import Checkpoint

/// The models of Tests/Truth/other-models.tsv. Those with a number of layers in their name have fewer than published.
extension Sketch {
  static let all = [phi, pythia, gptJ, gemma2, falcon, opt350m, mistral, bert]

  static let phi = Sketch(
    "phi-1_5", layers: 24,
    [
      "model_type": .string("phi"), "architectures": .array([.string("PhiForCausalLM")]),
      "hidden_size": .integer(2048), "num_hidden_layers": .integer(24), "num_attention_heads": .integer(32),
      "num_key_value_heads": .integer(32), "intermediate_size": .integer(8192), "vocab_size": .integer(51200),
      "hidden_act": .string("gelu_new"), "max_position_embeddings": .integer(2048), "qk_layernorm": .boolean(false),
      "resid_pdrop": .number(0), "embd_pdrop": .number(0), "attention_dropout": .number(0),
      "rope_parameters": .object(["partial_rotary_factor": .number(0.5)]), "tie_word_embeddings": .boolean(false),
    ],
    """
    model.embed_tokens 51200x2048
    model.layers.#.input_layernorm 2048 +
    model.layers.#.self_attn.q_proj 2048x2048 +
    model.layers.#.self_attn.k_proj 2048x2048 +
    model.layers.#.self_attn.v_proj 2048x2048 +
    model.layers.#.self_attn.dense 2048x2048 +
    model.layers.#.mlp.fc1 8192x2048 +
    model.layers.#.mlp.fc2 2048x8192 +
    model.final_layernorm 2048 +
    lm_head 51200x2048 +
    """)

  static let pythia = Sketch(
    "pythia-410m", layers: 24,
    [
      "model_type": .string("gpt_neox"), "architectures": .array([.string("GPTNeoXForCausalLM")]),
      "hidden_size": .integer(1024), "num_hidden_layers": .integer(24), "num_attention_heads": .integer(16),
      "intermediate_size": .integer(4096), "vocab_size": .integer(50304), "max_position_embeddings": .integer(2048),
      "rotary_pct": .number(0.25), "use_parallel_residual": .boolean(true), "hidden_act": .string("gelu"),
      "tie_word_embeddings": .boolean(false),
    ],
    """
    gpt_neox.embed_in 50304x1024
    gpt_neox.layers.#.input_layernorm 1024 +
    gpt_neox.layers.#.post_attention_layernorm 1024 +
    gpt_neox.layers.#.attention.query_key_value 3072x1024 +
    gpt_neox.layers.#.attention.dense 1024x1024 +
    gpt_neox.layers.#.mlp.dense_h_to_4h 4096x1024 +
    gpt_neox.layers.#.mlp.dense_4h_to_h 1024x4096 +
    gpt_neox.final_layer_norm 1024 +
    lm_head 50304x1024
    """)

  static let gptJ = Sketch(
    "gpt-j-8layers", layers: 8,
    [
      "model_type": .string("gptj"), "architectures": .array([.string("GPTJForCausalLM")]),
      "n_embd": .integer(4096), "n_layer": .integer(8), "n_head": .integer(16), "n_positions": .integer(2048),
      "rotary_dim": .integer(64), "vocab_size": .integer(50400), "activation_function": .string("gelu_new"),
      "attn_pdrop": .number(0), "embd_pdrop": .number(0), "resid_pdrop": .number(0),
      "tie_word_embeddings": .boolean(false),
    ],
    """
    transformer.wte 50400x4096
    transformer.h.#.ln_1 4096 +
    transformer.h.#.attn.k_proj 4096x4096
    transformer.h.#.attn.v_proj 4096x4096
    transformer.h.#.attn.q_proj 4096x4096
    transformer.h.#.attn.out_proj 4096x4096
    transformer.h.#.mlp.fc_in 16384x4096 +
    transformer.h.#.mlp.fc_out 4096x16384 +
    transformer.ln_f 4096 +
    lm_head 50400x4096 +
    """)

  static let gemma2 = Sketch(
    "gemma-2-2b", layers: 26,
    [
      "model_type": .string("gemma2"), "architectures": .array([.string("Gemma2ForCausalLM")]),
      "hidden_size": .integer(2304), "num_hidden_layers": .integer(26), "num_attention_heads": .integer(8),
      "num_key_value_heads": .integer(4), "head_dim": .integer(256), "intermediate_size": .integer(9216),
      "vocab_size": .integer(256_000), "max_position_embeddings": .integer(8192), "sliding_window": .integer(4096),
      "hidden_activation": .string("gelu_pytorch_tanh"), "attn_logit_softcapping": .number(50),
      "final_logit_softcapping": .number(30), "query_pre_attn_scalar": .integer(256),
    ],
    """
    model.embed_tokens 256000x2304
    model.layers.#.input_layernorm 2304
    model.layers.#.self_attn.q_proj 2048x2304
    model.layers.#.self_attn.k_proj 1024x2304
    model.layers.#.self_attn.v_proj 1024x2304
    model.layers.#.self_attn.o_proj 2304x2048
    model.layers.#.post_attention_layernorm 2304
    model.layers.#.pre_feedforward_layernorm 2304
    model.layers.#.mlp.gate_proj 9216x2304
    model.layers.#.mlp.up_proj 9216x2304
    model.layers.#.mlp.down_proj 2304x9216
    model.layers.#.post_feedforward_layernorm 2304
    model.norm 2304
    """)

  static let falcon = Sketch(
    "falcon-7b-8layers", layers: 8,
    [
      "model_type": .string("falcon"), "architectures": .array([.string("FalconForCausalLM")]),
      "hidden_size": .integer(4544), "num_hidden_layers": .integer(8), "num_attention_heads": .integer(71),
      "vocab_size": .integer(65024), "multi_query": .boolean(true), "parallel_attn": .boolean(true),
      "bias": .boolean(false), "alibi": .boolean(false), "new_decoder_architecture": .boolean(false),
      "hidden_dropout": .number(0), "attention_dropout": .number(0),
    ],
    """
    transformer.word_embeddings 65024x4544
    transformer.h.#.self_attention.query_key_value 4672x4544
    transformer.h.#.self_attention.dense 4544x4544
    transformer.h.#.mlp.dense_h_to_4h 18176x4544
    transformer.h.#.mlp.dense_4h_to_h 4544x18176
    transformer.h.#.input_layernorm 4544 +
    transformer.ln_f 4544 +
    """)

  /// Norms behind attention and MLP, and embeddings narrower than the layers.
  static let opt350m = Sketch(
    "opt-350m", layers: 24,
    [
      "model_type": .string("opt"), "architectures": .array([.string("OPTForCausalLM")]),
      "hidden_size": .integer(1024), "num_hidden_layers": .integer(24), "num_attention_heads": .integer(16),
      "ffn_dim": .integer(4096), "vocab_size": .integer(50272), "word_embed_proj_dim": .integer(512),
      "do_layer_norm_before": .boolean(false), "max_position_embeddings": .integer(2048),
      "activation_function": .string("relu"), "dropout": .number(0.1), "attention_dropout": .number(0),
    ],
    """
    model.decoder.embed_tokens 50272x512
    model.decoder.embed_positions 2050x1024
    model.decoder.project_out 512x1024
    model.decoder.project_in 1024x512
    model.decoder.layers.#.self_attn.k_proj 1024x1024 +
    model.decoder.layers.#.self_attn.v_proj 1024x1024 +
    model.decoder.layers.#.self_attn.q_proj 1024x1024 +
    model.decoder.layers.#.self_attn.out_proj 1024x1024 +
    model.decoder.layers.#.self_attn_layer_norm 1024 +
    model.decoder.layers.#.fc1 4096x1024 +
    model.decoder.layers.#.fc2 1024x4096 +
    model.decoder.layers.#.final_layer_norm 1024 +
    """)

  /// A small Mistral whose window is shorter than the sequence.
  static let mistral = Sketch(
    "mistral-window", layers: 4,
    [
      "model_type": .string("mistral"), "architectures": .array([.string("MistralForCausalLM")]),
      "hidden_size": .integer(1024), "num_hidden_layers": .integer(4), "num_attention_heads": .integer(16),
      "num_key_value_heads": .integer(4), "intermediate_size": .integer(3584), "vocab_size": .integer(32000),
      "max_position_embeddings": .integer(8192), "sliding_window": .integer(1024),
    ],
    """
    model.embed_tokens 32000x1024
    model.layers.#.input_layernorm 1024
    model.layers.#.self_attn.q_proj 1024x1024
    model.layers.#.self_attn.k_proj 256x1024
    model.layers.#.self_attn.v_proj 256x1024
    model.layers.#.self_attn.o_proj 1024x1024
    model.layers.#.post_attention_layernorm 1024
    model.layers.#.mlp.gate_proj 3584x1024
    model.layers.#.mlp.up_proj 3584x1024
    model.layers.#.mlp.down_proj 1024x3584
    model.norm 1024
    lm_head 32000x1024
    """)

  /// An encoder: a masked language model.
  static let bert = Sketch(
    "bert-base-uncased", layers: 12,
    [
      "model_type": .string("bert"), "architectures": .array([.string("BertForMaskedLM")]),
      "hidden_size": .integer(768), "num_hidden_layers": .integer(12), "num_attention_heads": .integer(12),
      "intermediate_size": .integer(3072), "vocab_size": .integer(30522), "max_position_embeddings": .integer(512),
      "type_vocab_size": .integer(2), "hidden_act": .string("gelu"), "hidden_dropout_prob": .number(0.1),
      "attention_probs_dropout_prob": .number(0.1),
    ],
    """
    bert.embeddings.word_embeddings 30522x768
    bert.embeddings.position_embeddings 512x768
    bert.embeddings.token_type_embeddings 2x768
    bert.embeddings.LayerNorm 768 +
    bert.encoder.layer.#.attention.self.query 768x768 +
    bert.encoder.layer.#.attention.self.key 768x768 +
    bert.encoder.layer.#.attention.self.value 768x768 +
    bert.encoder.layer.#.attention.output.dense 768x768 +
    bert.encoder.layer.#.attention.output.LayerNorm 768 +
    bert.encoder.layer.#.intermediate.dense 3072x768 +
    bert.encoder.layer.#.output.dense 768x3072 +
    bert.encoder.layer.#.output.LayerNorm 768 +
    cls.predictions.transform.dense 768x768 +
    cls.predictions.transform.LayerNorm 768 +
    cls.predictions.decoder 30522x768 +
    """)
}
