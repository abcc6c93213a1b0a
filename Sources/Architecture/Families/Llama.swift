extension Family {
  /// transformers 5.17, `models/llama/modeling_llama.py` and `configuration_llama.py`.
  static let llama = Family(
    name: "llama",
    modelTypes: ["llama", "yi", "Yi", "aquila", "internlm3"],
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

  /// transformers 5.17, `models/seed_oss/modeling_seed_oss.py`: Llama with dropout.
  static let seedOSS = Family(
    name: "seed_oss", modelTypes: ["seed_oss"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, forward: .transformer(.seedOSS))

  /// transformers 5.17, `models/arcee/modeling_arcee.py`: Llama with an MLP that has no gate.
  static let arcee = Family(
    name: "arcee", modelTypes: ["arcee"], layerPaths: ["layers"],
    layer: names(splitAttention, preNorms, ["mlp.up_proj": .up, "mlp.down_proj": .down]), outside: decoderOutside,
    forward: .transformer(.arcee))

  /// transformers 5.17, `models/nemotron/modeling_nemotron.py`: the same with layer norms, turned in part.
  static let nemotron = Family(
    name: "nemotron", modelTypes: ["nemotron"], layerPaths: ["layers"],
    layer: names(splitAttention, preNorms, ["mlp.up_proj": .up, "mlp.down_proj": .down]), outside: decoderOutside,
    forward: .transformer(.nemotron))

  /// transformers 5.17, `models/helium/modeling_helium.py`: Llama's names.
  static let helium = Family(
    name: "helium", modelTypes: ["helium"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, forward: .transformer(.helium))

  /// transformers 5.17, `models/ernie4_5/modeling_ernie4_5.py`: Llama's names, tied.
  static let ernie = Family(
    name: "ernie4_5", modelTypes: ["ernie4_5"], layerPaths: ["layers"],
    layer: names(splitAttention, gatedMLP, preNorms), outside: decoderOutside, tiesByDefault: true,
    forward: .transformer(.ernie))

  /// transformers 5.17, `models/hunyuan_v1_dense/modeling_hunyuan_v1_dense.py`: norms on turned queries and keys.
  static let hunyuan = Family(
    name: "hunyuan_v1_dense", modelTypes: ["hunyuan_v1_dense"], layerPaths: ["layers"],
    layer: names(
      splitAttention, gatedMLP, preNorms,
      ["self_attn.query_layernorm": .queryNorm, "self_attn.key_layernorm": .keyNorm]),
    outside: decoderOutside, forward: .transformer(.hunyuan))

  /// transformers 5.17, `models/exaone4/modeling_exaone4.py`: norms behind attention and MLP.
  static let exaone4 = Family(
    name: "exaone4", modelTypes: ["exaone4"], layerPaths: ["layers"],
    layer: names(
      splitAttention, gatedMLP,
      ["post_attention_layernorm": .postAttentionNorm, "post_feedforward_layernorm": .postMLPNorm]),
    outside: decoderOutside, forward: .transformer(.exaone4))

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

  static let seedOSS = TransformerChoices(
    attentionDropout: Setting("attention_dropout", 0.1), residualDropout: Setting("residual_dropout", 0.1))

  static let arcee = TransformerChoices(activation: Setting("hidden_act", "relu2"))

  static let nemotron = TransformerChoices(
    norm: .layerNormOnePlus, rotaryFraction: 0.5, rejoinsRotated: true, holdsTurned: true,
    activation: Setting("hidden_act", "relu2"))

  static let helium = TransformerChoices(norm: .rmsWide, turning: .neighboursSpread)

  static let ernie = TransformerChoices(turning: .neighboursSpread, turningType: .factors)

  static let hunyuan = TransformerChoices(headNorms: .turned)

  static let exaone4 = TransformerChoices(
    normsBranches: true, headNorms: .transposed, turned: .windowed, window: .allButEvery(4), usualWindow: 4096)

  static let granite = TransformerChoices(
    embeddingScale: .outside, scalesBranches: true, logitScale: .divided)

  static let starcoder2 = TransformerChoices(
    norm: .layerNorm, window: .all, embeddingDropout: Setting("embedding_dropout", 0),
    residualDropout: Setting("residual_dropout", 0), activation: Setting("hidden_act", "gelu_pytorch_tanh"))
}
