extension Family {
  /// transformers 5.17, `models/mamba/modeling_mamba.py`.
  static let mamba = Family(
    name: "mamba", modelTypes: ["mamba"], layerPaths: ["layers"],
    layer: names(mixer, ["mixer.x_proj": .stateProjection, "mixer.dt_proj": .timeStepProjection]),
    outside: mambaOutside, keys: mambaKeys, tiesByDefault: true, forward: .stateSpace(.selective))

  /// transformers 5.17, `models/mamba2/modeling_mamba2.py`.
  static let mamba2 = Family(
    name: "mamba2", modelTypes: ["mamba2"], layerPaths: ["layers"],
    layer: names(mixer, ["mixer.dt_bias": .timeStepBias, "mixer.norm": .mixerNorm]), outside: mambaOutside,
    keys: mambaKeys, forward: .stateSpace(.chunked))

  /// transformers 5.17, `models/falcon_mamba/modeling_falcon_mamba.py`: norms within the mixer.
  static let falconMamba = Family(
    name: "falcon_mamba", modelTypes: ["falcon_mamba"], layerPaths: ["layers"], layer: ["norm": .inputNorm],
    outside: mambaOutside, keys: mambaKeys, tiesByDefault: true)

  private static let mixer: [String: Role] = [
    "norm": .inputNorm, "mixer.in_proj": .mixerInput, "mixer.conv1d": .mixerConvolution, "mixer.A_log": .decay,
    "mixer.D": .skip, "mixer.out_proj": .mixerOutput,
  ]

  private static let mambaOutside: [String: Role] = [
    "embeddings": .inputEmbedding, "embedding": .inputEmbedding, "norm_f": .finalNorm, "lm_head": .head,
  ]

  private static let mambaKeys = ConfigurationKeys(heads: [], keyValueHeads: [], headDimension: [], positions: [])
}
