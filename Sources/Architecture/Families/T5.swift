extension Family {
  /// transformers 5.17, `models/t5/modeling_t5.py`. A block numbers its parts: 0 is self-attention, the last one the
  /// MLP, and in the decoder 1 the attention over the encoder. Version 5 ties whatever the configuration says.
  static let t5 = Family(
    name: "t5", modelTypes: ["t5"], layerPaths: ["block"],
    layer: [
      "layer.0.layer_norm": .inputNorm, "layer.0.SelfAttention.q": .query, "layer.0.SelfAttention.k": .key,
      "layer.0.SelfAttention.v": .value, "layer.0.SelfAttention.o": .attentionOutput,
      "layer.0.SelfAttention.relative_attention_bias": .relativePositionBias,
      "layer.1.layer_norm": .preMLPNorm, "layer.1.DenseReluDense.wi": .up, "layer.1.DenseReluDense.wi_0": .gate,
      "layer.1.DenseReluDense.wi_1": .up, "layer.1.DenseReluDense.wo": .down,
      "layer.1.EncDecAttention.q": .crossQuery, "layer.1.EncDecAttention.k": .crossKey,
      "layer.1.EncDecAttention.v": .crossValue, "layer.1.EncDecAttention.o": .crossAttentionOutput,
      "layer.2.layer_norm": .preMLPNorm, "layer.2.DenseReluDense.wi": .up, "layer.2.DenseReluDense.wi_0": .gate,
      "layer.2.DenseReluDense.wi_1": .up, "layer.2.DenseReluDense.wo": .down,
    ],
    crossLayer: ["layer.1.layer_norm": .crossAttentionNorm],
    outside: [
      "shared": .inputEmbedding, "embed_tokens": .inputEmbedding, "final_layer_norm": .finalNorm, "lm_head": .head,
    ],
    principal: "encoder",
    keys: ConfigurationKeys(
      layers: ["num_layers"], hidden: ["d_model"], heads: ["num_heads"], keyValueHeads: [], headDimension: ["d_kv"],
      intermediate: ["d_ff"], positions: ["n_positions"]),
    tiesByDefault: true, tiesAlways: true, adapterTargets: ["q", "v"], forward: .encoderDecoder(.t5))

  /// transformers 5.17, `models/mt5/modeling_mt5.py`: T5 1.1 under another name.
  static let mt5: Family = {
    var row = t5
    row.name = "mt5"
    row.modelTypes = ["mt5"]
    row.forward = .encoderDecoder(.mt5)
    return row
  }()
}

extension EncoderDecoderChoices {
  static let t5 = t5(act: "relu", scalesOutput: true)
  static let mt5 = t5(act: "gelu_new", scalesOutput: false)

  private static func t5(act: String, scalesOutput: Bool) -> EncoderDecoderChoices {
    let dropout = Setting("dropout_rate", 0.1)
    return EncoderDecoderChoices(
      block: TransformerChoices(
        norm: .rmsUncast, positions: .relativeBias, attention: .interface(softmax: .uncast), nestsBranches: true,
        keptInFP32: ["wo"], castsToDown: true, clampsHalf: true, attentionDropout: dropout,
        residualDropout: dropout, activationDropout: dropout, activation: Setting("feed_forward_proj", act)),
      positions: .relative, embeddingDropout: dropout, outputDropout: dropout, scalesOutput: scalesOutput,
      shiftsBehindEncoder: true, handsMaskByPosition: true)
  }
}
