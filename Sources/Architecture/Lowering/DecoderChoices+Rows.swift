extension DecoderChoices {
  /// The rows by family name.
  static let rows: [String: DecoderChoices] = [
    "llama": .llama, "mistral": .mistral, "qwen2": .llama, "qwen3": .llama, "granite": .llama,
    "gemma": .gemma, "gemma2": .gemma2, "phi": .phi, "phi3": .phi3, "falcon": .falcon,
    "gpt2": .gpt2, "gpt_bigcode": .gptBigCode, "gpt_neo": .gptNeo, "gptj": .gptJ, "codegen": .codegen,
    "gpt_neox": .gptNeoX, "bloom": .bloom, "opt": .opt, "biogpt": .bioGPT,
  ]

  static let llama = DecoderChoices()

  static let mistral = DecoderChoices(window: .all)

  static let gemma = DecoderChoices(
    norm: .rmsOnePlus, embeddingScale: .buffer, activation: Setting("hidden_act", "gelu_pytorch_tanh"))

  static let gemma2 = DecoderChoices(
    norm: .rmsOnePlus, embeddingScale: .buffer, softensScores: true, window: .alternating,
    activation: Setting("hidden_activation", "gelu_pytorch_tanh"))

  static let phi = DecoderChoices(
    norm: .layerNorm, parallel: .attentionFirst, holdsBranches: true, rotaryFraction: 0.5, rejoinsRotated: true,
    embeddingDropout: Setting("embd_pdrop", 0), residualDropout: Setting("resid_pdrop", 0),
    activation: Setting("hidden_act", "gelu_new"))

  static let phi3 = DecoderChoices(
    fused: .slices, rejoinsRotated: true, window: .all, residualDropout: Setting("resid_pdrop", 0))

  static let falcon = DecoderChoices(
    norm: .layerNorm, attention: .falcon, fused: .multiQuery, parallel: .mlpFirst,
    parallelKey: Setting("parallel_attn", true), alwaysMasks: true, multipliesTransposedWeights: true,
    residualDropout: Setting("hidden_dropout", 0), activation: Setting("activation", "gelu"))

  static let gpt2 = DecoderChoices(
    norm: .layerNorm, positions: .learned, attention: .interface(softmax: .plain), holdsBranches: true,
    embeddingDropout: Setting("embd_pdrop", 0.1), attentionDropout: Setting("attn_pdrop", 0.1),
    residualDropout: Setting("resid_pdrop", 0.1), activation: Setting("activation_function", "gelu_new"))

  static let gptBigCode = DecoderChoices(
    norm: .layerNorm, positions: .learned, holdsBranches: true, holdsCausalBuffer: true,
    embeddingDropout: Setting("embd_pdrop", 0.1), attentionDropout: Setting("attn_pdrop", 0.1),
    residualDropout: Setting("resid_pdrop", 0.1), activation: Setting("activation_function", "gelu_pytorch_tanh"))

  static let gptNeo = DecoderChoices(
    norm: .layerNorm, positions: .learned, attention: .fp32, holdsBranches: true, returnsWeights: true,
    embeddingDropout: Setting("embed_dropout", 0), residualDropout: Setting("resid_dropout", 0),
    activation: Setting("activation_function", "gelu_new"))

  static let gptJ = DecoderChoices(
    norm: .layerNorm, positions: .rotaryTable, attention: .fp32, parallel: .attentionFirst, holdsBranches: true,
    returnsWeights: true, embeddingDropout: Setting("embd_pdrop", 0), attentionDropout: Setting("attn_pdrop", 0),
    residualDropout: Setting("resid_pdrop", 0), activation: Setting("activation_function", "gelu_new"))

  static let codegen = DecoderChoices(
    norm: .layerNorm, positions: .rotaryTable, attention: .fp32, fused: .groups, parallel: .attentionFirst,
    holdsBranches: true, returnsWeights: true, embeddingDropout: Setting("embd_pdrop", 0),
    attentionDropout: Setting("attn_pdrop", 0), residualDropout: Setting("resid_pdrop", 0),
    activation: Setting("activation_function", "gelu_new"))

  static let gptNeoX = DecoderChoices(
    norm: .layerNorm, fused: .heads, parallel: .mlpFirst, parallelKey: Setting("use_parallel_residual", true),
    rotaryFraction: 0.25, rejoinsRotated: true, embeddingDropout: Setting("hidden_dropout", 0),
    residualDropout: Setting("hidden_dropout", 0), activation: Setting("hidden_act", "gelu"))

  static let bloom = DecoderChoices(
    norm: .layerNorm, positions: .alibi, attention: .bloom, fused: .selectedHeads, returnsWeights: true,
    residualDropout: Setting("hidden_dropout", 0), activation: Setting("", "bloom_gelu"))

  static let opt = DecoderChoices(
    norm: .layerNorm, positions: .learnedWithMask(counted: true), scalesQueries: true, flattensMLP: true,
    preNormKey: "do_layer_norm_before", residualDropout: Setting("dropout", 0.1),
    activation: Setting("activation_function", "relu"))

  static let bioGPT = DecoderChoices(
    norm: .layerNorm, positions: .learnedWithMask(counted: false), attention: .interface(softmax: .uncast),
    embeddingScale: .number(flag: "scale_embedding"), embeddingDropout: Setting("hidden_dropout_prob", 0.1),
    attentionDropout: Setting("attention_probs_dropout_prob", 0.1),
    residualDropout: Setting("hidden_dropout_prob", 0.1), activationDropout: Setting("activation_dropout", 0),
    activation: Setting("hidden_act", "gelu"))

  /// What a model of an unknown family most likely does, from the parameters that it has.
  static func generic(_ description: ModelDescription) -> DecoderChoices {
    let first = description.layers.first?.modules ?? [:]
    let isGated = first[.gate] != nil || first[.fusedGateUp] != nil
    return DecoderChoices(
      norm: first[.inputNorm]?.bias == nil ? .rms : .layerNorm,
      positions: description.modules[.positionEmbedding] == nil ? .rotary : .learned,
      parallel: first[.preMLPNorm] == nil && first[.inputNorm] != nil ? .attentionFirst : nil,
      activation: Setting("hidden_act", isGated ? "silu" : "gelu"))
  }
}
