extension Family {
  /// transformers 5.17, `models/bart/modeling_bart.py`: norms behind attention and MLP.
  static let bart = Family(
    name: "bart", modelTypes: ["bart"], layerPaths: ["layers"],
    layer: names(
      fairseqAttention,
      [
        "self_attn_layer_norm": .postAttentionNorm, "encoder_attn_layer_norm": .crossAttentionNorm,
        "encoder_attn.q_proj": .crossQuery, "encoder_attn.k_proj": .crossKey, "encoder_attn.v_proj": .crossValue,
        "encoder_attn.out_proj": .crossAttentionOutput, "fc1": .up, "fc2": .down, "final_layer_norm": .postMLPNorm,
      ]),
    outside: [
      "shared": .inputEmbedding, "embed_tokens": .inputEmbedding, "embed_positions": .positionEmbedding,
      "layernorm_embedding": .embeddingNorm, "layer_norm": .finalNorm, "lm_head": .head,
    ],
    principal: "encoder",
    keys: ConfigurationKeys(
      layers: ["encoder_layers", "num_hidden_layers"], hidden: ["d_model"], heads: ["encoder_attention_heads"],
      keyValueHeads: [], intermediate: ["encoder_ffn_dim"]),
    tiesByDefault: true, positionOffset: 2, forward: .encoderDecoder(.bart))

  /// transformers 5.17, `models/marian/modeling_marian.py`: BART's blocks over sines.
  static let marian = fairseq("marian", ["marian"], normsBefore: false, .marian)

  /// transformers 5.17, `models/mbart/modeling_mbart.py`: norms before attention and MLP.
  static let mbart = fairseq("mbart", ["mbart"], normsBefore: true, .mbart)

  /// transformers 5.17, `models/pegasus/modeling_pegasus.py`: mBART's blocks over sines.
  static let pegasus = fairseq("pegasus", ["pegasus"], normsBefore: true, .pegasus)

  private static func fairseq(
    _ name: String, _ modelTypes: [String], normsBefore: Bool, _ choices: EncoderDecoderChoices
  ) -> Family {
    var row = bart
    row.name = name
    row.modelTypes = modelTypes
    if normsBefore {
      row.layer["self_attn_layer_norm"] = .inputNorm
      row.layer["final_layer_norm"] = .preMLPNorm
    }
    if case .sines = choices.positions { row.positionOffset = 0 }
    row.forward = .encoderDecoder(choices)
    return row
  }
}

extension EncoderDecoderChoices {
  static let bart = fairseq(activation: "gelu", positions: .learned, scale: .inside)
  static let mbart: EncoderDecoderChoices = {
    var choices = bart
    choices.block.clampsHalf = true
    return choices
  }()
  static let marian = fairseq(activation: "gelu", positions: .sines, scale: .outside)
  static let pegasus: EncoderDecoderChoices = {
    var choices = marian
    choices.block.clampsHalf = true
    return choices
  }()

  private static func fairseq(
    activation: String, positions: Positions, scale: EmbeddingScale
  ) -> EncoderDecoderChoices {
    EncoderDecoderChoices(
      block: TransformerChoices(
        norm: .layerNorm, positions: .given, attention: .interface(softmax: .uncast), inlineMLP: .byLayer,
        attentionDropout: Setting("attention_dropout", 0), residualDropout: Setting("dropout", 0.1),
        activationDropout: Setting("activation_dropout", 0), activation: Setting("activation_function", activation)),
      positions: positions, embeddingScale: scale, embeddingDropout: Setting("dropout", 0.1), biasesLogits: true,
      labelsStopCache: true)
  }
}
