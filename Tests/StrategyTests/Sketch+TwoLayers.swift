import Checkpoint

/// The models of Tests/Truth/quantized.tsv: the first two layers of published ones.
extension Sketch {
  static let twoLayers = [llamaTwoLayers, tinyLlamaTwoLayers, gpt2TwoLayers, qwen2TwoLayers, optTwoLayers]

  static let llamaTwoLayers = Sketch(
    "llama-3.2-1b-2layers", layers: 2,
    [
      "model_type": .string("llama"), "architectures": .array([.string("LlamaForCausalLM")]),
      "hidden_size": .integer(2048), "num_hidden_layers": .integer(2), "num_attention_heads": .integer(32),
      "num_key_value_heads": .integer(8), "intermediate_size": .integer(8192), "head_dim": .integer(64),
      "vocab_size": .integer(128256), "hidden_act": .string("silu"), "max_position_embeddings": .integer(131072),
      "tie_word_embeddings": .boolean(true), "attention_dropout": .number(0),
    ],
    """
    model.embed_tokens 128256x2048
    model.layers.#.input_layernorm 2048
    model.layers.#.mlp.down_proj 2048x8192
    model.layers.#.mlp.gate_proj 8192x2048
    model.layers.#.mlp.up_proj 8192x2048
    model.layers.#.post_attention_layernorm 2048
    model.layers.#.self_attn.k_proj 512x2048
    model.layers.#.self_attn.o_proj 2048x2048
    model.layers.#.self_attn.q_proj 2048x2048
    model.layers.#.self_attn.v_proj 512x2048
    model.norm 2048
    """)

  static let tinyLlamaTwoLayers = Sketch(
    "tinyllama-1.1b-2layers", layers: 2,
    [
      "model_type": .string("llama"), "architectures": .array([.string("LlamaForCausalLM")]),
      "hidden_size": .integer(2048), "num_hidden_layers": .integer(2), "num_attention_heads": .integer(32),
      "num_key_value_heads": .integer(4), "intermediate_size": .integer(5632), "head_dim": .integer(64),
      "vocab_size": .integer(32000), "hidden_act": .string("silu"), "max_position_embeddings": .integer(2048),
      "tie_word_embeddings": .boolean(false), "attention_dropout": .number(0),
    ],
    """
    lm_head 32000x2048
    model.embed_tokens 32000x2048
    model.layers.#.input_layernorm 2048
    model.layers.#.mlp.down_proj 2048x5632
    model.layers.#.mlp.gate_proj 5632x2048
    model.layers.#.mlp.up_proj 5632x2048
    model.layers.#.post_attention_layernorm 2048
    model.layers.#.self_attn.k_proj 256x2048
    model.layers.#.self_attn.o_proj 2048x2048
    model.layers.#.self_attn.q_proj 2048x2048
    model.layers.#.self_attn.v_proj 256x2048
    model.norm 2048
    """)

  static let gpt2TwoLayers = Sketch(
    "gpt2-2layers", layers: 2,
    [
      "model_type": .string("gpt2"), "architectures": .array([.string("GPT2LMHeadModel")]),
      "vocab_size": .integer(50257), "tie_word_embeddings": .boolean(true), "n_embd": .integer(768),
      "n_head": .integer(12), "n_layer": .integer(2), "n_positions": .integer(1024),
      "activation_function": .string("gelu_new"), "attn_pdrop": .number(0.1), "embd_pdrop": .number(0.1),
      "resid_pdrop": .number(0.1),
    ],
    """
    transformer.h.#.attn.c_attn 768x2304 + T
    transformer.h.#.attn.c_proj 768x768 + T
    transformer.h.#.ln_1 768 +
    transformer.h.#.ln_2 768 +
    transformer.h.#.mlp.c_fc 768x3072 + T
    transformer.h.#.mlp.c_proj 3072x768 + T
    transformer.ln_f 768 +
    transformer.wpe 1024x768
    transformer.wte 50257x768
    """)

  static let qwen2TwoLayers = Sketch(
    "qwen2.5-0.5b-2layers", layers: 2,
    [
      "model_type": .string("qwen2"), "architectures": .array([.string("Qwen2ForCausalLM")]),
      "hidden_size": .integer(896), "num_hidden_layers": .integer(2), "num_attention_heads": .integer(14),
      "num_key_value_heads": .integer(2), "intermediate_size": .integer(4864), "vocab_size": .integer(151936),
      "hidden_act": .string("silu"), "max_position_embeddings": .integer(32768),
      "tie_word_embeddings": .boolean(true), "attention_dropout": .number(0), "use_sliding_window": .boolean(false),
    ],
    """
    model.embed_tokens 151936x896
    model.layers.#.input_layernorm 896
    model.layers.#.mlp.down_proj 896x4864
    model.layers.#.mlp.gate_proj 4864x896
    model.layers.#.mlp.up_proj 4864x896
    model.layers.#.post_attention_layernorm 896
    model.layers.#.self_attn.k_proj 128x896 +
    model.layers.#.self_attn.o_proj 896x896
    model.layers.#.self_attn.q_proj 896x896 +
    model.layers.#.self_attn.v_proj 128x896 +
    model.norm 896
    """)

  static let optTwoLayers = Sketch(
    "opt-125m-2layers", layers: 2,
    [
      "model_type": .string("opt"), "architectures": .array([.string("OPTForCausalLM")]),
      "hidden_size": .integer(768), "num_hidden_layers": .integer(2), "num_attention_heads": .integer(12),
      "vocab_size": .integer(50272), "max_position_embeddings": .integer(2048),
      "tie_word_embeddings": .boolean(true), "activation_function": .string("relu"),
      "word_embed_proj_dim": .integer(768), "ffn_dim": .integer(3072), "do_layer_norm_before": .boolean(true),
      "dropout": .number(0.1), "attention_dropout": .number(0),
    ],
    """
    model.decoder.embed_positions 2050x768
    model.decoder.embed_tokens 50272x768
    model.decoder.final_layer_norm 768 +
    model.decoder.layers.#.fc1 3072x768 +
    model.decoder.layers.#.fc2 768x3072 +
    model.decoder.layers.#.final_layer_norm 768 +
    model.decoder.layers.#.self_attn.k_proj 768x768 +
    model.decoder.layers.#.self_attn.out_proj 768x768 +
    model.decoder.layers.#.self_attn.q_proj 768x768 +
    model.decoder.layers.#.self_attn.v_proj 768x768 +
    model.decoder.layers.#.self_attn_layer_norm 768 +
    """)
}
