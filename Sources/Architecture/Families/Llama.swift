extension Family {
  /// transformers 5.17, `models/llama/modeling_llama.py` and `configuration_llama.py`.
  static let llama = Family(
    name: "llama",
    modelTypes: ["llama", "yi", "Yi", "aquila", "internlm3", "seed_oss", "arcee"],
    layerPaths: ["layers"], layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside,
    forward: .transformer(.llama))

  /// transformers 5.17, `models/mistral/modeling_mistral.py`: Llama's names with a sliding window.
  static let mistral = Family(
    name: "mistral", modelTypes: ["mistral", "ministral"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, forward: .transformer(.mistral))

  /// transformers 5.17, `models/smollm3/modeling_smollm3.py`: Llama's names, tied; some layers leave out the rotation.
  static let smolLM3 = Family(
    name: "smollm3", modelTypes: ["smollm3"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, tiesByDefault: true,
    forward: .transformer(.smolLM3))

  /// transformers 5.17, `models/granite/modeling_granite.py`: Llama's names with four multipliers.
  static let granite = Family(
    name: "granite", modelTypes: ["granite"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, forward: .transformer(.granite))

  /// transformers 5.17, `models/starcoder2/modeling_starcoder2.py`: Llama's attention, GPT-2's MLP, layer norms.
  static let starcoder2 = Family(
    name: "starcoder2", modelTypes: ["starcoder2"], layerPaths: ["layers"],
    layer: names(splitAttention, preNorms, ["mlp.c_fc": .up, "mlp.c_proj": .down]), outside: decoderOutside,
    tiesByDefault: true, forward: .transformer(.starcoder2))
}

extension TransformerChoices {
  static let llama = TransformerChoices()

  static let mistral = TransformerChoices(window: .all, usualWindow: 4096)

  static let smolLM3 = TransformerChoices(turned: .listed, window: .listed)

  static let granite = TransformerChoices(
    embeddingScale: .outside, scalesBranches: true, logitScale: .divided)

  static let starcoder2 = TransformerChoices(
    norm: .layerNorm, window: .all, embeddingDropout: Setting("embedding_dropout", 0),
    residualDropout: Setting("residual_dropout", 0), activation: Setting("hidden_act", "gelu_pytorch_tanh"))
}
