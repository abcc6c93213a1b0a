extension Family {
  /// transformers 5.17, `models/mpt/modeling_mpt.py`.
  static let mpt = Family(
    name: "mpt", modelTypes: ["mpt"], layerPaths: ["blocks"],
    layer: [
      "norm_1": .inputNorm, "attn.Wqkv": .fusedQKV, "attn.out_proj": .attentionOutput, "norm_2": .preMLPNorm,
      "ffn.up_proj": .up, "ffn.down_proj": .down,
    ],
    outside: ["wte": .inputEmbedding, "norm_f": .finalNorm, "lm_head": .head, "score": .head],
    keys: ConfigurationKeys(
      layers: ["n_layers", "num_hidden_layers"], hidden: ["d_model", "hidden_size"],
      heads: ["n_heads", "num_attention_heads"], positions: ["max_seq_len"]),
    tiesByDefault: true, adapterTargets: ["Wqkv"], forward: .transformer(.mpt))
}

extension TransformerChoices {
  static let mpt = TransformerChoices(
    norm: .layerNorm, positions: .alibiBesideMask, attention: .mpt, addsInMLP: true, clips: true, holdsBranches: true,
    returnsWeights: true, activation: Setting("", "gelu"))
}
