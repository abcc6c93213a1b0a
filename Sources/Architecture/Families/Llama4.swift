extension Family {
  /// transformers 5.17, `models/llama4/modeling_llama4.py`, the text model alone.
  static let llama4 = Family(
    name: "llama4", modelTypes: ["llama4_text"], layerPaths: ["layers"],
    layer: names(
      splitAttention, preNorms,
      [
        "feed_forward.gate_proj": .gate, "feed_forward.up_proj": .up, "feed_forward.down_proj": .down,
        "feed_forward.router": .router, "feed_forward.experts.gate_up_proj": .expertFusedGateUp,
        "feed_forward.experts.down_proj": .expertDown, "feed_forward.shared_expert.gate_proj": .sharedExpertGate,
        "feed_forward.shared_expert.up_proj": .sharedExpertUp,
        "feed_forward.shared_expert.down_proj": .sharedExpertDown,
      ]),
    outside: decoderOutside, keys: ConfigurationKeys(intermediate: ["intermediate_size", "intermediate_size_mlp"]),
    forward: .transformer(.llama4))
}

extension TransformerChoices {
  static let llama4 = TransformerChoices(
    norm: .rmsThenWeight, attention: .interface(softmax: .uncast), holdsAttended: true, keepsInputNorm: true,
    turning: .complex,
    turned: .listed, window: .chunks,
    experts: ExpertChoices(routing: .sigmoidOfAll, shared: .last, isTransposed: true, ownsExpertsFirst: true))
}
