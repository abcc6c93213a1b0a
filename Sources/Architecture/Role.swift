/// What a module of a transformer does, whatever its family calls it.
public enum Role: String, CaseIterable, Sendable {
  // Outside the layers.
  case inputEmbedding, positionEmbedding, tokenTypeEmbedding, embeddingNorm, embeddingProjection
  case finalNorm, outputProjection, head

  // Norms of a layer, in the order in which they run.
  case inputNorm, postAttentionNorm, preMLPNorm, postMLPNorm

  // Attention. A fused projection holds query, key and value in one weight.
  case query, key, value, fusedQKV, attentionOutput, queryNorm, keyNorm

  // MLP. `gate` and `up` of a gated one may be fused; `up` alone widens, `down` narrows.
  case gate, up, fusedGateUp, down

  // Mixture of experts.
  case router, expertGate, expertUp, expertDown, expertFusedGateUp, sharedExpertGate, sharedExpertUp, sharedExpertDown

  /// A parameter whose part is not known: counted, listed, and not simulated.
  case other
}

/// The coarse part of a model to which a tensor belongs.
public enum Component: String, CaseIterable, Sendable {
  case embedding, attention, mlp, experts, norm, head, vision, adapter, quantization, buffer, other
}
