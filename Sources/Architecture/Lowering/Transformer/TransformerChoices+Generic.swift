extension TransformerChoices {
  /// What a model of an unknown family most likely does, from the parameters that it has.
  static func generic(_ description: ModelDescription) -> TransformerChoices {
    let first = description.layers.first?.modules ?? [:]
    let isGated = first[.gate] != nil || first[.fusedGateUp] != nil
    return TransformerChoices(
      norm: first[.inputNorm]?.bias == nil ? .rms : .layerNorm,
      positions: description.modules[.positionEmbedding] == nil ? .rotary : .learned,
      parallel: first[.preMLPNorm] == nil && first[.inputNorm] != nil ? .attentionFirst : nil,
      activation: Setting("hidden_act", isGated ? "silu" : "gelu"))
  }
}
