/// What a module of a transformer does, whatever its family calls it.
public enum Role: String, CaseIterable, Sendable {
  // Outside the layers.
  case inputEmbedding, positionEmbedding, tokenTypeEmbedding, embeddingNorm, embeddingProjection
  /// The convolution that cuts an image into patches.
  case patchEmbedding
  case finalNorm, outputProjection, head
  /// What stands between the last layer of a masked language model and its head, and a sentence pooler.
  case headTransform, headTransformNorm, pooler

  // Norms of a layer, in the order in which they run. The name says where a norm runs, not what the family calls
  // it: Llama's `post_attention_layernorm` feeds the MLP, so it is `preMLPNorm`; Gemma 2's runs on the output of
  // attention, so it is `postAttentionNorm`.
  case inputNorm, postAttentionNorm, preMLPNorm, postMLPNorm

  // Attention. A fused projection holds query, key and value in one weight.
  case query, key, value, fusedQKV, attentionOutput, queryNorm, keyNorm
  /// A score for each head that stands beside those of the tokens (gpt-oss).
  case sinks

  // Latent attention (DeepSeek): the projections into and out of the low-rank spaces, and their norms.
  case queryDown, queryDownNorm, queryUp, keyValueDown, keyValueDownNorm, keyValueUp

  // A decoder's attention over its encoder.
  case crossAttentionNorm, crossQuery, crossKey, crossValue, crossAttentionOutput

  /// T5's learned bias per relative position, in the first layer only.
  case relativePositionBias

  // MLP. `gate` and `up` of a gated one may be fused; `up` alone widens, `down` narrows.
  case gate, up, fusedGateUp, down

  // Mixture of experts. The modules of expert 0 stand for all of them, or one weight holds every expert.
  case router, expertGate, expertUp, expertDown, expertFusedGateUp, sharedExpertGate, sharedExpertUp, sharedExpertDown
  /// What is added to the router's scores for the choice alone (DeepSeek-V3).
  case routerCorrection
  /// How much a token's shared expert counts (Qwen2-MoE).
  case sharedExpertWeight

  /// A parameter whose part is not known: counted, listed, and not simulated.
  case other
}

extension Role {
  /// The coarse part of the model to which the role belongs.
  public var component: Component {
    switch self {
    case .inputEmbedding, .positionEmbedding, .tokenTypeEmbedding, .embeddingProjection, .patchEmbedding: .embedding
    case .embeddingNorm, .finalNorm, .headTransformNorm, .inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm,
      .queryNorm, .keyNorm, .queryDownNorm, .keyValueDownNorm, .crossAttentionNorm:
      .norm
    case .outputProjection, .head, .headTransform, .pooler: .head
    case .query, .key, .value, .fusedQKV, .attentionOutput, .sinks, .queryDown, .queryUp, .keyValueDown, .keyValueUp,
      .crossQuery, .crossKey, .crossValue, .crossAttentionOutput, .relativePositionBias:
      .attention
    case .gate, .up, .fusedGateUp, .down: .mlp
    case .router, .routerCorrection, .expertGate, .expertUp, .expertDown, .expertFusedGateUp, .sharedExpertGate, .sharedExpertUp,
      .sharedExpertDown, .sharedExpertWeight:
      .experts
    case .other: .other
    }
  }

  /// Whether it belongs to the experts that a router picks from, which a running module holds in stacks.
  var isRouted: Bool {
    switch self {
    case .router, .routerCorrection, .expertGate, .expertUp, .expertDown, .expertFusedGateUp: true
    default: false
    }
  }
}
