extension Family {
  /// What GPT-2's `GPT2Block` calls its modules.
  static let gpt2Layer: [String: Role] = [
    "ln_1": .inputNorm, "attn.c_attn": .fusedQKV, "attn.c_proj": .attentionOutput, "ln_2": .preMLPNorm,
    "mlp.c_fc": .up, "mlp.c_proj": .down,
  ]

  static let gpt2Outside: [String: Role] = [
    "wte": .inputEmbedding, "wpe": .positionEmbedding, "ln_f": .finalNorm, "lm_head": .head, "score": .head,
  ]

  /// transformers 5.17, `models/gpt2/modeling_gpt2.py`. Its linear layers are `Conv1D`, stored as `[in, out]`.
  static let gpt2 = Family(
    name: "gpt2", modelTypes: ["gpt2"], layerPaths: ["h"],
    layer: names(
      gpt2Layer,
      [
        "ln_cross_attn": .crossAttentionNorm, "crossattention.q_attn": .crossQuery,
        "crossattention.c_proj": .crossAttentionOutput,
      ]),
    outside: gpt2Outside, keys: .gpt2, tiesByDefault: true, isTransposed: true, adapterTargets: ["c_attn"],
    forward: .transformer(.gpt2))

  /// transformers 5.17, `models/gpt_bigcode/modeling_gpt_bigcode.py`: GPT-2's names on `nn.Linear`, and one key and
  /// value head where `multi_query` is set.
  static let gptBigCode = Family(
    name: "gpt_bigcode", modelTypes: ["gpt_bigcode"], layerPaths: ["h"], layer: gpt2Layer, outside: gpt2Outside,
    keys: .gpt2, tiesByDefault: true, adapterTargets: ["c_attn"], forward: .transformer(.gptBigCode))

  /// transformers 5.17, `models/gpt_neo/modeling_gpt_neo.py`.
  static let gptNeo = Family(
    name: "gpt_neo", modelTypes: ["gpt_neo"], layerPaths: ["h"],
    layer: [
      "ln_1": .inputNorm, "attn.attention.q_proj": .query, "attn.attention.k_proj": .key,
      "attn.attention.v_proj": .value, "attn.attention.out_proj": .attentionOutput, "ln_2": .preMLPNorm,
      "mlp.c_fc": .up, "mlp.c_proj": .down,
    ],
    outside: gpt2Outside,
    keys: ConfigurationKeys(
      layers: ["num_layers", "num_hidden_layers"], heads: ["num_heads", "num_attention_heads"]),
    tiesByDefault: true, forward: .transformer(.gptNeo))

  /// transformers 5.17, `models/gptj/modeling_gptj.py`: one norm feeds attention and MLP side by side.
  static let gptJ = Family(
    name: "gptj", modelTypes: ["gptj"], layerPaths: ["h"],
    layer: [
      "ln_1": .inputNorm, "attn.q_proj": .query, "attn.k_proj": .key, "attn.v_proj": .value,
      "attn.out_proj": .attentionOutput, "mlp.fc_in": .up, "mlp.fc_out": .down,
    ],
    outside: gpt2Outside, keys: .gpt2, forward: .transformer(.gptJ))

  /// transformers 5.17, `models/codegen/modeling_codegen.py`: GPT-J with a fused projection.
  static let codegen = Family(
    name: "codegen", modelTypes: ["codegen"], layerPaths: ["h"],
    layer: [
      "ln_1": .inputNorm, "attn.qkv_proj": .fusedQKV, "attn.out_proj": .attentionOutput, "mlp.fc_in": .up,
      "mlp.fc_out": .down,
    ],
    outside: gpt2Outside, keys: .gpt2, adapterTargets: ["qkv_proj"], forward: .transformer(.codegen))
}

extension TransformerChoices {
  static let gpt2 = TransformerChoices(
    heads: HeadChoices.gpt2, norm: .layerNorm, positions: .learned, attention: .interface(softmax: .plain),
    holdsBranches: true, handsMaskByPosition: true,
    embeddingDropout: Setting("embd_pdrop", 0.1), attentionDropout: Setting("attn_pdrop", 0.1),
    residualDropout: Setting("resid_pdrop", 0.1), activation: Setting("activation_function", "gelu_new"))

  static let gptBigCode = TransformerChoices(
    heads: HeadChoices.gpt2, norm: .layerNorm, positions: .learned, holdsBranches: true, holdsCausalBuffer: true,
    embeddingDropout: Setting("embd_pdrop", 0.1), attentionDropout: Setting("attn_pdrop", 0.1),
    residualDropout: Setting("resid_pdrop", 0.1), activation: Setting("activation_function", "gelu_pytorch_tanh"))

  static let gptNeo = TransformerChoices(
    heads: HeadChoices.gpt2, norm: .layerNorm, positions: .learned, attention: .fp32, holdsBranches: true,
    returnsWeights: true,
    embeddingDropout: Setting("embed_dropout", 0), residualDropout: Setting("resid_dropout", 0),
    activation: Setting("activation_function", "gelu_new"))

  static let gptJ = TransformerChoices(
    heads: HeadChoices.withoutTokens, norm: .layerNorm, positions: .rotaryTable, attention: .fp32,
    parallel: .attentionFirst, holdsBranches: true,
    returnsWeights: true, embeddingDropout: Setting("embd_pdrop", 0), attentionDropout: Setting("attn_pdrop", 0),
    residualDropout: Setting("resid_pdrop", 0), activation: Setting("activation_function", "gelu_new"))

  static let codegen = TransformerChoices(
    heads: [.causalLM: .nextToken], norm: .layerNorm, positions: .rotaryTable, attention: .fp32, fused: .groups,
    parallel: .attentionFirst,
    holdsBranches: true, returnsWeights: true, embeddingDropout: Setting("embd_pdrop", 0),
    attentionDropout: Setting("attn_pdrop", 0), residualDropout: Setting("resid_pdrop", 0),
    activation: Setting("activation_function", "gelu_new"))
}
