extension Family {
  /// transformers 5.17, `models/olmo/modeling_olmo.py`: its norms have no parameters.
  static let olmo = Family(
    name: "olmo", modelTypes: ["olmo"], layerPaths: ["layers"], layer: names(splitAttention, gatedMLP),
    outside: decoderOutside, forward: .transformer(.olmo))

  /// transformers 5.17, `models/olmo2` and `models/olmo3`: norms behind attention and MLP, and over whole queries and
  /// keys.
  static let olmo2 = Family(
    name: "olmo2", modelTypes: ["olmo2"], layerPaths: ["layers"], layer: olmo2Layer, outside: decoderOutside,
    forward: .transformer(.olmo2))

  static let olmo3 = Family(
    name: "olmo3", modelTypes: ["olmo3"], layerPaths: ["layers"], layer: olmo2Layer, outside: decoderOutside,
    forward: .transformer(.olmo3))

  private static let olmo2Layer = names(
    splitAttention, gatedMLP,
    ["post_attention_layernorm": .postAttentionNorm, "post_feedforward_layernorm": .postMLPNorm])

  /// transformers 5.17, `models/olmoe/modeling_olmoe.py`: a norm over all heads' query and key.
  static let olmoe = Family(
    name: "olmoe", modelTypes: ["olmoe"], layerPaths: ["layers"], layer: names(splitAttention, preNorms, experts),
    outside: decoderOutside, keys: ConfigurationKeys(experts: ["num_experts", "num_local_experts"]),
    forward: .transformer(.olmoe))
}

extension TransformerChoices {
  static let olmoe = TransformerChoices(
    headNorms: .projection,
    experts: ExpertChoices(
      routing: .softmaxThenTopKCast, adapted: ExpertChoices.usualNames,
      loop: .init(kind: .narrow, names: ExpertChoices.usualNames)))
}

extension TransformerChoices {
  static let olmo = TransformerChoices(
    norm: .bareLayerNorm, normsBranches: true, clips: true, turningType: .angles)

  static let olmo2 = TransformerChoices(
    norm: .rmsInside, normsBranches: true, headNorms: .projection, turningType: .angles)

  static let olmo3 = TransformerChoices(
    norm: .rmsInside, normsBranches: true, headNorms: .projection, turningType: .angles, turnsWindowsApart: true,
    window: .allButEvery(4), usualWindow: 4096)
}
