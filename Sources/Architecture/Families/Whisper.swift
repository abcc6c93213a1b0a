extension Family {
  /// transformers 5.17, `models/whisper/modeling_whisper.py`.
  static let whisper = Family(
    name: "whisper", modelTypes: ["whisper"], layerPaths: ["layers"],
    layer: names(
      fairseqAttention,
      [
        "self_attn_layer_norm": .inputNorm, "encoder_attn_layer_norm": .crossAttentionNorm,
        "encoder_attn.q_proj": .crossQuery, "encoder_attn.k_proj": .crossKey, "encoder_attn.v_proj": .crossValue,
        "encoder_attn.out_proj": .crossAttentionOutput, "final_layer_norm": .preMLPNorm, "fc1": .up, "fc2": .down,
      ]),
    outside: [
      "embed_tokens": .inputEmbedding, "embed_positions": .positionEmbedding, "layer_norm": .finalNorm,
      "proj_out": .head, "conv1": .frameConvolution, "conv2": .secondFrameConvolution,
    ],
    principal: "encoder",
    keys: ConfigurationKeys(
      layers: ["encoder_layers", "num_hidden_layers"], hidden: ["d_model"], heads: ["encoder_attention_heads"],
      keyValueHeads: [], intermediate: ["encoder_ffn_dim"], positions: ["max_source_positions"]),
    tiesByDefault: true, forward: .encoderDecoder(.whisper))
}

extension EncoderDecoderChoices {
  static let whisper = EncoderDecoderChoices(
    block: TransformerChoices(
      norm: .layerNorm, positions: .given, attention: .interface(softmax: .uncast), scalesQueries: true,
      inlineMLP: .byLayer, copiesHeads: true, clampsHalf: true, attentionDropout: Setting("attention_dropout", 0),
      residualDropout: Setting("dropout", 0), activationDropout: Setting("activation_dropout", 0),
      activation: Setting("activation_function", "gelu")),
    source: .frames, positions: .frames, embeddingDropout: Setting("dropout", 0))
}
