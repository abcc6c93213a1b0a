internal import Checkpoint
internal import Graph

extension TransformerChoices {
  /// What a decoder of an unknown family most likely does, from the parameters that it has and from what its
  /// configuration says under any of the keys that families use.
  static func generic(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings
  ) -> TransformerChoices {
    let first = description.layers.first?.modules ?? [:]
    let isGated = first[.gate] != nil || first[.fusedGateUp] != nil
    func key(_ names: [String]) -> String? { names.first { configuration?.contains($0) == true } }
    func dropout(_ names: [String]) -> Setting<Double>? { key(names).map { Setting($0, 0) } }
    let hasLayerNorm =
      first[.inputNorm]?.bias != nil
      || key(["layer_norm_eps", "layer_norm_epsilon"]) != nil && key(["rms_norm_eps", "rms_norm_epsilon"]) == nil
    let general = dropout(["dropout", "hidden_dropout_prob", "hidden_dropout", "residual_dropout", "dropout_rate"])
    return TransformerChoices(
      norm: hasLayerNorm ? .layerNorm : .rms,
      positions: description.modules[.positionEmbedding] == nil ? .rotary : .learned,
      attention: .interface(softmax: settings.guessesNarrowProbabilities ? .plain : .upcast),
      parallel: first[.preMLPNorm] == nil && first[.inputNorm] != nil ? .attentionFirst : nil,
      headNorms: headNorms(description, first),
      window: window(configuration),
      embeddingDropout: dropout(["embd_pdrop", "embed_dropout", "embedding_dropout", "emb_pdrop"]),
      attentionDropout: dropout(["attention_dropout", "attn_pdrop", "attention_probs_dropout_prob", "attn_dropout"])
        ?? Setting("attention_dropout", 0),
      residualDropout: dropout(["resid_pdrop", "resid_dropout"]) ?? general,
      activationDropout: dropout(["activation_dropout"]),
      activation: Setting(
        key(["hidden_act", "activation_function", "hidden_activation", "activation", "act_fn"]) ?? "hidden_act",
        isGated ? "silu" : "gelu"))
  }

  /// Layers see a window where the configuration says which, or states its width.
  private static func window(_ configuration: Configuration?) -> Window {
    if configuration?.strings("layer_types")?.contains("sliding_attention") == true { return .listed }
    guard configuration?.integer("sliding_window") != nil, configuration?.boolean("use_sliding_window") != false
    else { return .none }
    return .all
  }

  /// Norms of queries and keys run on what they are as wide as.
  private static func headNorms(_ description: ModelDescription, _ modules: [Role: ModuleParameters]) -> HeadNorms {
    guard let norm = modules[.queryNorm]?.weight, let features = modules[.query]?.features else { return .heads }
    if norm.rank == 2 { return .headsOfAll }
    return norm == [features.output] && description.headDimension?.value != features.output ? .projection : .heads
  }
}
