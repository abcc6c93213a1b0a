extension Family {
  /// transformers 5.17, `models/glm/modeling_glm.py`: Llama's attention, Phi-3's MLP.
  static let glm = Family(
    name: "glm", modelTypes: ["glm"], layerPaths: ["layers"],
    layer: names(splitAttention, fusedGatedMLP, preNorms), outside: decoderOutside, forward: .transformer(.glm))

  /// transformers 5.17, `models/glm4/modeling_glm4.py`: norms behind attention and MLP too.
  static let glm4 = Family(
    name: "glm4", modelTypes: ["glm4"], layerPaths: ["layers"],
    layer: names(
      splitAttention, fusedGatedMLP, preNorms,
      ["post_self_attn_layernorm": .postAttentionNorm, "post_mlp_layernorm": .postMLPNorm]),
    outside: decoderOutside, forward: .transformer(.glm))

  private static let fusedGatedMLP: [String: Role] = ["mlp.gate_up_proj": .fusedGateUp, "mlp.down_proj": .down]
}

extension TransformerChoices {
  static let glm = TransformerChoices(rotaryFraction: 0.5, rejoinsRotated: true, turning: .neighboursSpread)
}
