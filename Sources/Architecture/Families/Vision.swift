extension Family {
  /// transformers 5.17, `models/vit/modeling_vit.py`: the names that it writes, and the ones that it runs with since
  /// version 5 (`layers.0.attention.q_proj`).
  static let vit = Family(
    name: "vit", modelTypes: ["vit"], layerPaths: ["encoder.layer", "layers"],
    layer: [
      "layernorm_before": .inputNorm, "attention.attention.query": .query, "attention.attention.key": .key,
      "attention.attention.value": .value, "attention.output.dense": .attentionOutput,
      "attention.q_proj": .query, "attention.k_proj": .key, "attention.v_proj": .value,
      "attention.o_proj": .attentionOutput, "mlp.fc1": .up, "mlp.fc2": .down, "layernorm_after": .preMLPNorm,
      "intermediate.dense": .up, "output.dense": .down,
    ],
    outside: imageOutside, keys: ConfigurationKeys(vocabulary: [], positions: []),
    adapterTargets: ["q_proj", "v_proj"],
    runningNames: [
      "attention.attention.query": "attention.q_proj", "attention.attention.key": "attention.k_proj",
      "attention.attention.value": "attention.v_proj", "attention.output.dense": "attention.o_proj",
      "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2",
    ],
    forward: .imageClassifier(VisionChoices(blocks: .vit)))

  /// transformers 5.17, `models/deit/modeling_deit.py`: ViT with a second token that a teacher's label trains.
  static let deit: Family = {
    var row = vit
    row.name = "deit"
    row.modelTypes = ["deit"]
    return row
  }()

  /// transformers 5.17, `models/dinov2/modeling_dinov2.py` and `models/dinov2_with_registers`.
  static let dinov2 = Family(
    name: "dinov2", modelTypes: ["dinov2", "dinov2_with_registers"], layerPaths: ["encoder.layer"],
    layer: [
      "norm1": .inputNorm, "attention.attention.query": .query, "attention.attention.key": .key,
      "attention.attention.value": .value, "attention.output.dense": .attentionOutput, "norm2": .preMLPNorm,
      "layer_scale1": .attentionScale, "layer_scale1.lambda1": .attentionScale, "layer_scale2": .mlpScale,
      "layer_scale2.lambda1": .mlpScale, "mlp.fc1": .up, "mlp.fc2": .down, "mlp.weights_in": .fusedGateUp,
      "mlp.weights_out": .down,
    ],
    outside: imageOutside, keys: ConfigurationKeys(vocabulary: [], positions: []), adapterTargets: ["query", "value"],
    forward: .imageClassifier(VisionChoices(blocks: .dinov2, positions: .resized)))

  /// transformers 5.17, `models/convnext/modeling_convnext.py`. Its repeated blocks are the stages.
  static let convNeXt = Family(
    name: "convnext", modelTypes: ["convnext"], layerPaths: ["encoder.stages"],
    layer: [
      "layers.#.dwconv": .depthwise, "layers.#.layernorm": .preMLPNorm, "layers.#.pwconv1": .up,
      "layers.#.pwconv2": .down, "layers.#.layer_scale_parameter": .mlpScale,
    ],
    outside: [
      "embeddings.patch_embeddings": .patchEmbedding, "embeddings.layernorm": .embeddingNorm,
      "layernorm": .finalNorm,
    ],
    keys: .none, adapterTargets: ["pwconv1", "pwconv2"], forward: .convolutional(.depthwise))

  /// transformers 5.17, `models/resnet/modeling_resnet.py`. Its repeated blocks are the stages.
  static let resNet = Family(
    name: "resnet", modelTypes: ["resnet"], layerPaths: ["encoder.stages"],
    layer: [
      "layers.#.layer.0.convolution": .imageConvolution, "layers.#.layer.0.normalization": .imageConvolutionNorm,
    ],
    outside: [
      "embedder.embedder.convolution": .patchEmbedding, "embedder.embedder.normalization": .embeddingNorm,
    ],
    keys: .none, adapterTargets: ["classifier.1"], forward: .convolutional(.residual))

  /// transformers 5.17, `models/swin/modeling_swin.py`: the names that it writes, and the ones that it runs with. Its
  /// repeated blocks are the stages.
  static let swin = Family(
    name: "swin", modelTypes: ["swin"], layerPaths: ["encoder.layers"],
    layer: [
      "blocks.#.layernorm_before": .inputNorm, "blocks.#.attention.self.query": .query,
      "blocks.#.attention.self.key": .key, "blocks.#.attention.self.value": .value,
      "blocks.#.attention.output.dense": .attentionOutput, "blocks.#.attention.q_proj": .query,
      "blocks.#.attention.k_proj": .key, "blocks.#.attention.v_proj": .value,
      "blocks.#.attention.o_proj": .attentionOutput,
      "blocks.#.attention.self.relative_position_bias_table": .relativePositionBias,
      "blocks.#.attention.relative_position_bias.relative_position_bias_table": .relativePositionBias,
      "blocks.#.layernorm_after": .preMLPNorm, "blocks.#.intermediate.dense": .up, "blocks.#.output.dense": .down,
      "blocks.#.mlp.fc1": .up, "blocks.#.mlp.fc2": .down, "downsample.norm": .postMLPNorm,
      "downsample.reduction": .patchMerging,
    ],
    outside: [
      "embeddings.patch_embeddings.projection": .patchEmbedding, "embeddings.norm": .embeddingNorm,
      "embeddings.position_embeddings": .positionEmbedding, "layernorm": .finalNorm,
    ],
    keys: .none, forward: .shiftedWindow)

  /// What stands beside the blocks of an image classifier.
  private static let imageOutside: [String: Role] = [
    "embeddings.patch_embeddings.projection": .patchEmbedding, "embeddings.position_embeddings": .positionEmbedding,
    "embeddings.cls_token": .classToken, "embeddings.distillation_token": .distillationToken,
    "embeddings.register_tokens": .registerTokens, "embeddings.mask_token": .maskToken, "layernorm": .finalNorm,
    "pooler.dense": .pooler,
  ]

  /// transformers 5.17, `models/clip/modeling_clip.py`: a text and a vision tower.
  static let clip = Family(
    name: "clip", modelTypes: ["clip", "clip_text_model", "clip_vision_model"], layerPaths: ["encoder.layers"],
    layer: towerLayer, outside: names(towerOutside, ["text_projection": .outputProjection]), principal: "text_model",
    hasEmbeddingPair: false,
    forward: .contrastive(ContrastiveChoices(text: .clipText, vision: VisionChoices(blocks: .clip, positions: .table))))

  /// transformers 5.17, `models/siglip/modeling_siglip.py`: CLIP's towers, compared pair by pair.
  static let siglip = Family(
    name: "siglip", modelTypes: ["siglip", "siglip_text_model", "siglip_vision_model"], layerPaths: ["encoder.layers"],
    layer: towerLayer,
    outside: names(
      towerOutside,
      [
        "logit_bias": .logitBias, "head": .outputProjection, "head.probe": .poolingProbe,
        "head.attention.in_proj": .poolingQKV, "head.attention.out_proj": .poolingOutput,
        "head.layernorm": .poolingNorm, "head.mlp.fc1": .poolingUp, "head.mlp.fc2": .poolingDown,
      ]), principal: "text_model", hasEmbeddingPair: false,
    forward: .contrastive(
      ContrastiveChoices(
        text: .siglip, vision: VisionChoices(blocks: .siglip, positions: .table), likeness: .pairs,
        textPooling: .lastToken)))

  private static let towerLayer = names(
    fairseqAttention, ["layer_norm1": .inputNorm, "layer_norm2": .preMLPNorm, "mlp.fc1": .up, "mlp.fc2": .down])

  private static let towerOutside: [String: Role] = [
    "embeddings.token_embedding": .inputEmbedding, "embeddings.position_embedding": .positionEmbedding,
    "embeddings.patch_embedding": .patchEmbedding, "embeddings.class_embedding": .classToken,
    "pre_layrnorm": .embeddingNorm, "post_layernorm": .finalNorm, "final_layer_norm": .finalNorm,
    "visual_projection": .visionProjection, "logit_scale": .logitScale,
  ]
}

extension TransformerChoices {
  static let vit = TransformerChoices(
    heads: HeadChoices.imageClassifier, norm: .layerNorm, isCausal: false, dropsBehindMLP: true,
    embeddingDropout: Setting("hidden_dropout_prob", 0.0),
    attentionDropout: Setting("attention_probs_dropout_prob", 0.0),
    residualDropout: Setting("hidden_dropout_prob", 0.0), activation: Setting("hidden_act", "gelu"))

  static let dinov2 = TransformerChoices(
    heads: [
      .imageClassification: HeadChoices(
        steps: [.firstTokenAndMean, .linear(HeadChoices.Linear(.classifier, "classifier", .labels))])
    ],
    norm: .layerNorm, attention: .interface(softmax: .uncast), isCausal: false, holdsAttended: true,
    holdsInputNorm: true, dropsWeights: true, embeddingDropout: Setting("hidden_dropout_prob", 0.0),
    attentionDropout: Setting("attention_probs_dropout_prob", 0.0),
    dropPath: Setting("drop_path_rate", 0.0), activation: Setting("hidden_act", "gelu"),
    fusedActivation: Setting("", "silu"))

  static let clip = TransformerChoices(
    norm: .layerNorm, isCausal: false, activation: Setting("hidden_act", "quick_gelu"))

  static let clipText: TransformerChoices = {
    var choices = clip
    choices.isCausal = true
    return choices
  }()

  static let siglip = TransformerChoices(
    norm: .layerNorm, isCausal: false,
    activation: Setting("hidden_act", "gelu_pytorch_tanh"))
}
