extension Family {
  /// transformers 5.17, `models/stablelm/modeling_stablelm.py`: Llama's names on layer norms; norms for each head's
  /// queries and keys in some.
  static let stableLM = Family(
    name: "stablelm", modelTypes: ["stablelm", "stablelm_epoch"], layerPaths: ["layers"],
    layer: names(
      splitAttention, gatedMLP, preNorms,
      ["self_attn.q_layernorm.norms.#": .queryNorm, "self_attn.k_layernorm.norms.#": .keyNorm]),
    outside: decoderOutside, forward: .transformer(.stableLM))
}

extension TransformerChoices {
  static let stableLM = TransformerChoices(
    norm: .layerNorm, parallel: .inputFirst, parallelKey: Setting("use_parallel_residual", false),
    holdsInputNorm: true, headNorms: .eachHead, holdsBranches: true, rotaryFraction: 0.25, rejoinsRotated: true,
    mlpDropout: Setting("hidden_dropout", 0))
}
