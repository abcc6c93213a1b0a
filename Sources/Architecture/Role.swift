/// What a module of a transformer does, whatever its family calls it.
public enum Role: String, CaseIterable, Sendable {
  // Outside the layers.
  case inputEmbedding, positionEmbedding, tokenTypeEmbedding, embeddingNorm, embeddingProjection
  /// The convolution that cuts an image into patches.
  case patchEmbedding
  /// Learned tokens before an image's patches, and one in place of patches that are hidden.
  case classToken, distillationToken, registerTokens, maskToken
  /// The convolutions through which an encoder reads the frames of a spectrogram.
  case frameConvolution, secondFrameConvolution
  case finalNorm, outputProjection, head
  /// What stands between the last layer of a masked language model and its head, and a sentence pooler.
  case headTransform, headTransformNorm, pooler
  /// What two towers are compared by: the vision tower's projection, and what scales and shifts the likenesses.
  case visionProjection, logitScale, logitBias
  /// A query that pools a tower's patches by attention, and what follows it (SigLIP).
  case poolingProbe, poolingQKV, poolingOutput, poolingNorm, poolingUp, poolingDown

  /// What brings an image's features to a language model's: two linear layers (LLaVA), a norm before them (Qwen2-VL).
  case projectorNorm, projectorUp, projectorDown

  /// The layer that gives labels, and one in front of it.
  case classifier, classifierTransform

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
  /// DeBERTa's embeddings of distances and their norm, their own projections in a layer, and the convolution beside the
  /// first layer.
  case relativeEmbedding, relativeNorm, positionKey, positionQuery, convolution, convolutionNorm

  /// What the outputs of attention and MLP are multiplied by, feature by feature (DINOv2).
  case attentionScale, mlpScale

  // MLP. `gate` and `up` of a gated one may be fused; `up` alone widens, `down` narrows.
  case gate, up, fusedGateUp, down

  /// A block of convolutions: each channel by itself, or all together, and the norm behind.
  case depthwise, imageConvolution, imageConvolutionNorm
  /// What makes four neighbouring patches one.
  case patchMerging

  // Mixture of experts. The modules of expert 0 stand for all of them, or one weight holds every expert.
  case router, expertGate, expertUp, expertDown, expertFusedGateUp, sharedExpertGate, sharedExpertUp, sharedExpertDown
  /// What is added to the router's scores for the choice alone (DeepSeek-V3).
  case routerCorrection
  /// How much a token's shared expert counts (Qwen2-MoE).
  case sharedExpertWeight

  // State space (Mamba): the projections into and out of the mixer, its convolution, what steps and states are projected
  // by, the decay, the bias of the steps, the skip connection and the norm before the way out.
  case mixerInput, mixerConvolution, stateProjection, timeStepProjection, timeStepBias, decay, skip, mixerNorm
  case mixerOutput

  /// A parameter whose part is not known: counted, listed, and not simulated.
  case other
}

extension Role {
  /// The coarse part of the model to which the role belongs.
  public var component: Component {
    switch self {
    case .inputEmbedding, .positionEmbedding, .tokenTypeEmbedding, .embeddingProjection, .patchEmbedding, .classToken,
      .distillationToken, .registerTokens, .maskToken, .relativeEmbedding, .frameConvolution, .secondFrameConvolution:
      .embedding
    case .embeddingNorm, .finalNorm, .headTransformNorm, .inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm,
      .relativeNorm, .convolutionNorm, .queryNorm, .keyNorm, .queryDownNorm, .keyValueDownNorm, .crossAttentionNorm,
      .mixerNorm, .poolingNorm, .projectorNorm, .imageConvolutionNorm:
      .norm
    case .outputProjection, .head, .headTransform, .pooler, .classifier, .classifierTransform, .visionProjection,
      .logitScale, .logitBias, .poolingProbe, .poolingQKV, .poolingOutput, .poolingUp, .poolingDown:
      .head
    case .query, .key, .value, .fusedQKV, .attentionOutput, .sinks, .queryDown, .queryUp, .keyValueDown, .keyValueUp,
      .crossQuery, .crossKey, .crossValue, .crossAttentionOutput, .relativePositionBias,
      .positionKey, .positionQuery, .attentionScale:
      .attention
    case .gate, .up, .fusedGateUp, .down, .convolution, .mlpScale: .mlp
    case .router, .routerCorrection, .expertGate, .expertUp, .expertDown, .expertFusedGateUp, .sharedExpertGate,
      .sharedExpertUp, .sharedExpertDown, .sharedExpertWeight:
      .experts
    case .projectorUp, .projectorDown, .depthwise, .imageConvolution, .patchMerging: .vision
    case .mixerInput, .mixerConvolution, .stateProjection, .timeStepProjection, .timeStepBias, .decay, .skip,
      .mixerOutput, .other:
      .other
    }
  }

  /// Whether the module is an `nn.Linear` that may be quantised: not a table, a norm, a router, a head or a parameter.
  var isLinear: Bool {
    switch self {
    case .relativePositionBias, .router, .head, .attentionScale, .mlpScale, .logitScale, .logitBias, .poolingProbe,
      .poolingQKV, .poolingOutput:
      false
    case .embeddingProjection, .sharedExpertGate, .sharedExpertUp, .sharedExpertDown, .projectorUp, .projectorDown: true
    default: [.attention, .mlp, .head].contains(component)
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
