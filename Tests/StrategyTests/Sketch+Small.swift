import Checkpoint

/// The models of Tests/Truth/optimizers.tsv and its neighbours: published architectures with four narrow layers.
extension Sketch {
  static let small = [llamaSmall, gpt2Small, optSmall, bloomSmall, qwen2Small]

  static let llamaSmall = Sketch(
    "llama-tiny", layers: 4,
    [
      "model_type": .string("llama"), "architectures": .array([.string("LlamaForCausalLM")]),
      "hidden_size": .integer(512), "num_hidden_layers": .integer(4), "num_attention_heads": .integer(8),
      "num_key_value_heads": .integer(2), "intermediate_size": .integer(1408), "vocab_size": .integer(32000),
      "hidden_act": .string("silu"), "max_position_embeddings": .integer(2048), "tie_word_embeddings": .boolean(false),
    ],
    """
    model.embed_tokens 32000x512
    model.layers.#.self_attn.q_proj 512x512
    model.layers.#.self_attn.k_proj 128x512
    model.layers.#.self_attn.v_proj 128x512
    model.layers.#.self_attn.o_proj 512x512
    model.layers.#.mlp.gate_proj 1408x512
    model.layers.#.mlp.up_proj 1408x512
    model.layers.#.mlp.down_proj 512x1408
    model.layers.#.input_layernorm 512
    model.layers.#.post_attention_layernorm 512
    model.norm 512
    lm_head 32000x512
    """)

  static let gpt2Small = Sketch(
    "gpt2-tiny", layers: 4,
    [
      "model_type": .string("gpt2"), "architectures": .array([.string("GPT2LMHeadModel")]),
      "n_embd": .integer(384), "n_head": .integer(6), "n_layer": .integer(4), "n_positions": .integer(1024),
      "vocab_size": .integer(50257), "activation_function": .string("gelu_new"), "attn_pdrop": .number(0.1),
      "embd_pdrop": .number(0.1), "resid_pdrop": .number(0.1),
    ],
    """
    transformer.wte 50257x384
    transformer.wpe 1024x384
    transformer.h.#.ln_1 384 +
    transformer.h.#.attn.c_attn 384x1152 + T
    transformer.h.#.attn.c_proj 384x384 + T
    transformer.h.#.ln_2 384 +
    transformer.h.#.mlp.c_fc 384x1536 + T
    transformer.h.#.mlp.c_proj 1536x384 + T
    transformer.ln_f 384 +
    """)

  static let optSmall = Sketch(
    "opt-tiny", layers: 4,
    [
      "model_type": .string("opt"), "architectures": .array([.string("OPTForCausalLM")]),
      "hidden_size": .integer(384), "word_embed_proj_dim": .integer(384), "ffn_dim": .integer(1536),
      "num_attention_heads": .integer(6), "num_hidden_layers": .integer(4), "vocab_size": .integer(50272),
      "max_position_embeddings": .integer(2048), "do_layer_norm_before": .boolean(true), "dropout": .number(0.1),
      "attention_dropout": .number(0), "activation_function": .string("relu"),
    ],
    """
    model.decoder.embed_tokens 50272x384
    model.decoder.embed_positions 2050x384
    model.decoder.final_layer_norm 384 +
    model.decoder.layers.#.self_attn.k_proj 384x384 +
    model.decoder.layers.#.self_attn.v_proj 384x384 +
    model.decoder.layers.#.self_attn.q_proj 384x384 +
    model.decoder.layers.#.self_attn.out_proj 384x384 +
    model.decoder.layers.#.self_attn_layer_norm 384 +
    model.decoder.layers.#.fc1 1536x384 +
    model.decoder.layers.#.fc2 384x1536 +
    model.decoder.layers.#.final_layer_norm 384 +
    """)

  static let bloomSmall = Sketch(
    "bloom-tiny", layers: 4,
    [
      "model_type": .string("bloom"), "architectures": .array([.string("BloomForCausalLM")]),
      "hidden_size": .integer(512), "n_head": .integer(8), "n_layer": .integer(4), "vocab_size": .integer(250_880),
      "hidden_dropout": .number(0), "attention_dropout": .number(0),
    ],
    """
    transformer.word_embeddings 250880x512
    transformer.word_embeddings_layernorm 512 +
    transformer.h.#.input_layernorm 512 +
    transformer.h.#.self_attention.query_key_value 1536x512 +
    transformer.h.#.self_attention.dense 512x512 +
    transformer.h.#.post_attention_layernorm 512 +
    transformer.h.#.mlp.dense_h_to_4h 2048x512 +
    transformer.h.#.mlp.dense_4h_to_h 512x2048 +
    transformer.ln_f 512 +
    """)

  static let qwen2Small = Sketch(
    "qwen2-tiny", layers: 4,
    [
      "model_type": .string("qwen2"), "architectures": .array([.string("Qwen2ForCausalLM")]),
      "hidden_size": .integer(448), "num_hidden_layers": .integer(4), "num_attention_heads": .integer(7),
      "num_key_value_heads": .integer(1), "intermediate_size": .integer(1216), "vocab_size": .integer(151_936),
      "hidden_act": .string("silu"), "max_position_embeddings": .integer(32768), "tie_word_embeddings": .boolean(true),
      "use_sliding_window": .boolean(false), "attention_dropout": .number(0),
    ],
    """
    model.embed_tokens 151936x448
    model.layers.#.self_attn.q_proj 448x448 +
    model.layers.#.self_attn.k_proj 64x448 +
    model.layers.#.self_attn.v_proj 64x448 +
    model.layers.#.self_attn.o_proj 448x448
    model.layers.#.mlp.gate_proj 1216x448
    model.layers.#.mlp.up_proj 1216x448
    model.layers.#.mlp.down_proj 448x1216
    model.layers.#.input_layernorm 448
    model.layers.#.post_attention_layernorm 448
    model.norm 448
    """)
}
