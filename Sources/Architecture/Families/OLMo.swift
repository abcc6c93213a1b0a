extension Family {
  /// transformers 5.17, `models/olmo` (norms without parameters) and `models/olmo2` (norms behind attention and MLP).
  static let olmo = Family(
    name: "olmo", modelTypes: ["olmo", "olmo2", "olmo3"], layerPaths: ["layers"],
    layer: names(
      splitAttention, gatedMLP,
      ["post_attention_layernorm": .postAttentionNorm, "post_feedforward_layernorm": .postMLPNorm]),
    outside: decoderOutside)

  /// transformers 5.17, `models/olmoe/modeling_olmoe.py`: a norm over all heads' query and key.
  static let olmoe = Family(
    name: "olmoe", modelTypes: ["olmoe"], layerPaths: ["layers"], layer: names(splitAttention, preNorms, experts),
    outside: decoderOutside, keys: ConfigurationKeys(experts: ["num_experts", "num_local_experts"]),
    forward: .transformer(.olmoe))
}

extension TransformerChoices {
  static let olmoe = TransformerChoices(experts: ExpertChoices(routing: .softmaxThenTopKCast, adapted: ExpertChoices.usualNames))
}
