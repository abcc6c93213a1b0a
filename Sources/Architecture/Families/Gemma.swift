extension Family {
  /// transformers 5.17, `models/gemma/modeling_gemma.py`.
  static let gemma = Family(
    name: "gemma", modelTypes: ["gemma"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, tiesByDefault: true,
    forward: .transformer(.gemma))

  /// transformers 5.17, `models/gemma2/modeling_gemma2.py` and `models/gemma3`: norms on both sides of attention
  /// and MLP.
  static let gemma2 = Family(
    name: "gemma2", modelTypes: ["gemma2", "gemma3", "gemma3_text"], layerPaths: ["layers"],
    layer: names(
      splitAttention, gatedMLP,
      [
        "input_layernorm": .inputNorm, "post_attention_layernorm": .postAttentionNorm,
        "pre_feedforward_layernorm": .preMLPNorm, "post_feedforward_layernorm": .postMLPNorm,
      ]),
    outside: decoderOutside, tiesByDefault: true, forward: .transformer(.gemma2))
}

extension TransformerChoices {
  static let gemma = TransformerChoices(
    norm: .rmsOnePlus, embeddingScale: .buffer, activation: Setting("hidden_act", "gelu_pytorch_tanh"))

  static let gemma2 = TransformerChoices(
    norm: .rmsOnePlus, embeddingScale: .buffer, softensScores: true, window: .alternating,
    activation: Setting("hidden_activation", "gelu_pytorch_tanh"))
}
