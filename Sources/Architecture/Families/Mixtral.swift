extension Family {
  /// transformers 5.17, `models/mixtral/modeling_mixtral.py`; the published files keep `w1` (gate), `w3` (up) and
  /// `w2` (down) per expert.
  static let mixtral = Family(
    name: "mixtral", modelTypes: ["mixtral"], layerPaths: ["layers"],
    layer: names(
      splitAttention, preNorms, experts,
      [
        "mlp.router": .router, "block_sparse_moe.gate": .router, "block_sparse_moe.experts.#.w1": .expertGate,
        "block_sparse_moe.experts.#.w3": .expertUp, "block_sparse_moe.experts.#.w2": .expertDown,
      ]),
    outside: decoderOutside, forward: .transformer(.mixtral))

  /// transformers 5.17, `models/phimoe/modeling_phimoe.py`: Mixtral's names, layer norms, experts that are sampled.
  static let phiMoE = Family(
    name: "phimoe", modelTypes: ["phimoe"], layerPaths: ["layers"], layer: mixtral.layer, outside: decoderOutside,
    forward: .transformer(.phiMoE))

  /// transformers 5.17, `models/granitemoe/modeling_granitemoe.py`: every expert in one weight.
  static let graniteMoE = Family(
    name: "granitemoe", modelTypes: ["granitemoe", "granitemoeshared"], layerPaths: ["layers"],
    layer: names(
      splitAttention, preNorms,
      [
        "block_sparse_moe.router": .router, "block_sparse_moe.experts.gate_up_proj": .expertFusedGateUp,
        "block_sparse_moe.experts.down_proj": .expertDown, "block_sparse_moe.router.layer": .router,
        "block_sparse_moe.input_linear": .expertFusedGateUp,
        "block_sparse_moe.output_linear": .expertDown, "shared_mlp.input_linear": .sharedExpertUp,
        "shared_mlp.output_linear": .sharedExpertDown,
      ]),
    outside: decoderOutside, forward: .transformer(.graniteMoE))

  /// transformers 5.17, `models/gpt_oss/modeling_gpt_oss.py`; the published files pack the experts as MXFP4.
  static let gptOSS = Family(
    name: "gpt_oss", modelTypes: ["gpt_oss"], layerPaths: ["layers"],
    layer: names(splitAttention, preNorms, experts, ["mlp.router": .router, "self_attn.sinks": .sinks]),
    outside: decoderOutside, forward: .transformer(.gptOSS))
}

extension TransformerChoices {
  static let mixtral = TransformerChoices(
    window: .all,
    experts: ExpertChoices(
      routing: .softmaxThenTopK, noise: .init(key: "router_jitter_noise", times: 1),
      adapted: ExpertChoices.mixtralNames, loop: .init(kind: .narrow, names: ExpertChoices.mixtralNames)))

  static let phiMoE = TransformerChoices(
    norm: .layerNorm, window: .all,
    experts: ExpertChoices(
      routing: .sparseMixer, noise: .init(key: "input_jitter_noise", times: 2),
      loop: .init(kind: .narrow, names: ExpertChoices.mixtralNames)))

  static let graniteMoE = TransformerChoices(
    embeddingScale: .outside, scalesBranches: true, logitScale: .divided,
    experts: ExpertChoices(routing: .wideTopKThenSoftmax, shared: .beside))

  static let gptOSS = TransformerChoices(
    norm: .rmsInside, attention: .sinks, turning: .narrowHalves, window: .alternating,
    experts: ExpertChoices(
      routing: .topKThenSoftmax, isTransposed: true, hasBiases: true, clampsInterleaved: true))
}
