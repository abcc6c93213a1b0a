extension Family {
  /// transformers 5.17, `models/phi/modeling_phi.py`: one norm feeds attention and MLP side by side.
  static let phi = Family(
    name: "phi", modelTypes: ["phi"], layerPaths: ["layers"],
    layer: [
      "input_layernorm": .inputNorm, "self_attn.q_proj": .query, "self_attn.k_proj": .key,
      "self_attn.v_proj": .value, "self_attn.dense": .attentionOutput, "self_attn.q_layernorm": .queryNorm,
      "self_attn.k_layernorm": .keyNorm, "mlp.fc1": .up, "mlp.fc2": .down,
    ],
    outside: ["embed_tokens": .inputEmbedding, "final_layernorm": .finalNorm, "lm_head": .head],
    forward: .transformer(.phi))

  /// transformers 5.17, `models/phi3/modeling_phi3.py`: fused projections.
  static let phi3 = Family(
    name: "phi3", modelTypes: ["phi3", "phi3_v"], layerPaths: ["layers"],
    layer: names(
      preNorms,
      [
        "self_attn.qkv_proj": .fusedQKV, "self_attn.o_proj": .attentionOutput, "mlp.gate_up_proj": .fusedGateUp,
        "mlp.down_proj": .down,
      ]),
    outside: decoderOutside, adapterTargets: ["qkv_proj"], forward: .transformer(.phi3))
}

extension TransformerChoices {
  static let phi = TransformerChoices(
    norm: .layerNorm, parallel: .attentionFirst, headNorms: .transposed, holdsBranches: true, rotaryFraction: 0.5,
    rejoinsRotated: true,
    embeddingDropout: Setting("embd_pdrop", 0), residualDropout: Setting("resid_pdrop", 0),
    activation: Setting("hidden_act", "gelu_new"))

  static let phi3 = TransformerChoices(
    fused: .slices, rejoinsRotated: true, window: .all, residualDropout: Setting("resid_pdrop", 0))
}
