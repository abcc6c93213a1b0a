extension Family {
  /// transformers 5.17, `models/mamba/modeling_mamba.py`. The mixer's parameters have no role here: nothing lowers
  /// a state-space block yet.
  static let mamba = Family(
    name: "mamba", modelTypes: ["mamba", "falcon_mamba"], layerPaths: ["layers"], layer: ["norm": .inputNorm],
    outside: ["embeddings": .inputEmbedding, "embedding": .inputEmbedding, "norm_f": .finalNorm, "lm_head": .head],
    keys: ConfigurationKeys(heads: [], keyValueHeads: [], headDimension: [], positions: []), tiesByDefault: true)
}
