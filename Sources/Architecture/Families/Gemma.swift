extension Family {
  /// transformers 5.17, `models/gemma/modeling_gemma.py`.
  static let gemma = Family(
    name: "gemma", modelTypes: ["gemma"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, tiesByDefault: true,
    forward: .transformer(.gemma))

  /// transformers 5.17, `models/gemma2/modeling_gemma2.py`: norms on both sides of attention and MLP.
  static let gemma2 = Family(
    name: "gemma2", modelTypes: ["gemma2"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, normsOnBothSides), outside: decoderOutside, tiesByDefault: true,
    forward: .transformer(.gemma2))

  /// transformers 5.17, `models/gemma3/modeling_gemma3.py`: norms on queries and keys too.
  static let gemma3 = Family(
    name: "gemma3", modelTypes: ["gemma3", "gemma3_text"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, normsOnBothSides), outside: decoderOutside, tiesByDefault: true,
    forward: .transformer(.gemma3))

  private static let normsOnBothSides: [String: Role] = [
    "input_layernorm": .inputNorm, "post_attention_layernorm": .postAttentionNorm,
    "pre_feedforward_layernorm": .preMLPNorm, "post_feedforward_layernorm": .postMLPNorm,
  ]
}

extension TransformerChoices {
  static let gemma = TransformerChoices(
    norm: .rmsOnePlus, embeddingScale: .buffer, activation: Setting("hidden_act", "gelu_pytorch_tanh"))

  static let gemma2 = TransformerChoices(
    norm: .rmsOnePlus, embeddingScale: .buffer, softensScores: true, window: .alternating, usualWindow: 4096,
    activation: Setting("hidden_activation", "gelu_pytorch_tanh"))

  static let gemma3 = TransformerChoices(
    norm: .rmsOnePlus, headNorms: .transposed, embeddingScale: .buffer, turnsWindowsApart: true, softensScores: true,
    window: .allButEvery(6), usualWindow: 4096, activation: Setting("hidden_activation", "gelu_pytorch_tanh"))
}
