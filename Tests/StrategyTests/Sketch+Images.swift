import Checkpoint

/// The classifiers of images in Tests/Truth/images.tsv: published architectures, narrow and shallow.
extension Sketch {
  static let images = [
    vitTiny, deitTiny, dinov2Tiny, dinov2GiantTiny, clipTiny, siglipTiny, llavaTiny, qwen2VlTiny,
    convnextTiny, convnextDropTiny, resnetTiny, resnetBasicTiny,
  ]

  static let vitTiny = Sketch(
    "vit-tiny", layers: 3,
    [
      "model_type": .string("vit"), "image_size": .integer(64), "patch_size": .integer(8),
      "hidden_size": .integer(64), "intermediate_size": .integer(144), "num_hidden_layers": .integer(3),
      "num_attention_heads": .integer(4), "num_labels": .integer(10),
      "architectures": .array([.string("ViTForImageClassification")]),
    ],
    """
    classifier 10x64 +
    vit.embeddings.cls_token 1x1x64 P
    vit.embeddings.patch_embeddings.projection 64x3x8x8 +
    vit.embeddings.position_embeddings 1x65x64 P
    vit.encoder.layer.#.attention.attention.key 64x64 + *3
    vit.encoder.layer.#.attention.attention.query 64x64 + *3
    vit.encoder.layer.#.attention.attention.value 64x64 + *3
    vit.encoder.layer.#.attention.output.dense 64x64 + *3
    vit.encoder.layer.#.intermediate.dense 144x64 + *3
    vit.encoder.layer.#.layernorm_after 64 + *3
    vit.encoder.layer.#.layernorm_before 64 + *3
    vit.encoder.layer.#.output.dense 64x144 + *3
    vit.layernorm 64 +
    """)

  static let deitTiny = Sketch(
    "deit-tiny", layers: 3,
    [
      "model_type": .string("deit"), "image_size": .integer(64), "patch_size": .integer(8),
      "hidden_dropout_prob": .number(0.1), "attention_probs_dropout_prob": .number(0.1), "hidden_size": .integer(64),
      "intermediate_size": .integer(144), "num_hidden_layers": .integer(3), "num_attention_heads": .integer(4),
      "num_labels": .integer(10), "architectures": .array([.string("DeiTForImageClassification")]),
    ],
    """
    classifier 10x64 +
    deit.embeddings.cls_token 1x1x64 P
    deit.embeddings.distillation_token 1x1x64 P
    deit.embeddings.patch_embeddings.projection 64x3x8x8 +
    deit.embeddings.position_embeddings 1x66x64 P
    deit.encoder.layer.#.attention.attention.key 64x64 + *3
    deit.encoder.layer.#.attention.attention.query 64x64 + *3
    deit.encoder.layer.#.attention.attention.value 64x64 + *3
    deit.encoder.layer.#.attention.output.dense 64x64 + *3
    deit.encoder.layer.#.intermediate.dense 144x64 + *3
    deit.encoder.layer.#.layernorm_after 64 + *3
    deit.encoder.layer.#.layernorm_before 64 + *3
    deit.encoder.layer.#.output.dense 64x144 + *3
    deit.layernorm 64 +
    """)

  static let dinov2Tiny = Sketch(
    "dinov2-tiny", layers: 3,
    [
      "model_type": .string("dinov2"), "image_size": .integer(112), "patch_size": .integer(14),
      "hidden_size": .integer(64), "mlp_ratio": .integer(4), "num_hidden_layers": .integer(3),
      "num_attention_heads": .integer(4), "qkv_bias": .boolean(true), "num_labels": .integer(10),
      "architectures": .array([.string("Dinov2ForImageClassification")]),
    ],
    """
    classifier 10x128 +
    dinov2.embeddings.cls_token 1x1x64 P
    dinov2.embeddings.mask_token 1x64 P
    dinov2.embeddings.patch_embeddings.projection 64x3x14x14 +
    dinov2.embeddings.position_embeddings 1x65x64 P
    dinov2.encoder.layer.#.attention.attention.key 64x64 + *3
    dinov2.encoder.layer.#.attention.attention.query 64x64 + *3
    dinov2.encoder.layer.#.attention.attention.value 64x64 + *3
    dinov2.encoder.layer.#.attention.output.dense 64x64 + *3
    dinov2.encoder.layer.#.layer_scale1.lambda1 64 P *3
    dinov2.encoder.layer.#.layer_scale2.lambda1 64 P *3
    dinov2.encoder.layer.#.mlp.fc1 256x64 + *3
    dinov2.encoder.layer.#.mlp.fc2 64x256 + *3
    dinov2.encoder.layer.#.norm1 64 + *3
    dinov2.encoder.layer.#.norm2 64 + *3
    dinov2.layernorm 64 +
    """)

  static let dinov2GiantTiny = Sketch(
    "dinov2-giant-tiny", layers: 3,
    [
      "model_type": .string("dinov2"), "image_size": .integer(112), "patch_size": .integer(14),
      "hidden_size": .integer(96), "mlp_ratio": .integer(4), "num_hidden_layers": .integer(3),
      "num_attention_heads": .integer(4), "qkv_bias": .boolean(true), "use_swiglu_ffn": .boolean(true),
      "num_labels": .integer(10), "architectures": .array([.string("Dinov2ForImageClassification")]),
    ],
    """
    classifier 10x192 +
    dinov2.embeddings.cls_token 1x1x96 P
    dinov2.embeddings.mask_token 1x96 P
    dinov2.embeddings.patch_embeddings.projection 96x3x14x14 +
    dinov2.embeddings.position_embeddings 1x65x96 P
    dinov2.encoder.layer.#.attention.attention.key 96x96 + *3
    dinov2.encoder.layer.#.attention.attention.query 96x96 + *3
    dinov2.encoder.layer.#.attention.attention.value 96x96 + *3
    dinov2.encoder.layer.#.attention.output.dense 96x96 + *3
    dinov2.encoder.layer.#.layer_scale1.lambda1 96 P *3
    dinov2.encoder.layer.#.layer_scale2.lambda1 96 P *3
    dinov2.encoder.layer.#.mlp.weights_in 512x96 + *3
    dinov2.encoder.layer.#.mlp.weights_out 96x256 + *3
    dinov2.encoder.layer.#.norm1 96 + *3
    dinov2.encoder.layer.#.norm2 96 + *3
    dinov2.layernorm 96 +
    """)

  static let convnextTiny = Sketch(
    "convnext-tiny", layers: 1,
    [
      "model_type": .string("convnext"), "image_size": .integer(64), "patch_size": .integer(4),
      "hidden_sizes": .array([.integer(32), .integer(48), .integer(64), .integer(96)]),
      "depths": .array([.integer(2), .integer(1), .integer(3), .integer(1)]), "num_stages": .integer(4),
      "layer_scale_init_value": .number(1e-06), "drop_path_rate": .number(0.0), "hidden_act": .string("gelu"),
      "num_labels": .integer(10), "architectures": .array([.string("ConvNextForImageClassification")]),
    ],
    """
    classifier 10x96 +
    convnext.embeddings.layernorm 32 +
    convnext.embeddings.patch_embeddings 32x3x4x4 +
    convnext.encoder.stages.0.layers.#.dwconv 32x1x7x7 + *2
    convnext.encoder.stages.0.layers.#.layer_scale_parameter 32 P *2
    convnext.encoder.stages.0.layers.#.layernorm 32 + *2
    convnext.encoder.stages.0.layers.#.pwconv1 128x32 + *2
    convnext.encoder.stages.0.layers.#.pwconv2 32x128 + *2
    convnext.encoder.stages.2.layers.#.dwconv 64x1x7x7 + *3
    convnext.encoder.stages.2.layers.#.layer_scale_parameter 64 P *3
    convnext.encoder.stages.2.layers.#.layernorm 64 + *3
    convnext.encoder.stages.2.layers.#.pwconv1 256x64 + *3
    convnext.encoder.stages.2.layers.#.pwconv2 64x256 + *3
    convnext.layernorm 96 +
    convnext.encoder.stages.1.downsampling_layer.0 32 +
    convnext.encoder.stages.1.downsampling_layer.1 48x32x2x2 +
    convnext.encoder.stages.1.layers.0.dwconv 48x1x7x7 +
    convnext.encoder.stages.1.layers.0.layer_scale_parameter 48 P
    convnext.encoder.stages.1.layers.0.layernorm 48 +
    convnext.encoder.stages.1.layers.0.pwconv1 192x48 +
    convnext.encoder.stages.1.layers.0.pwconv2 48x192 +
    convnext.encoder.stages.2.downsampling_layer.0 48 +
    convnext.encoder.stages.2.downsampling_layer.1 64x48x2x2 +
    convnext.encoder.stages.3.downsampling_layer.0 64 +
    convnext.encoder.stages.3.downsampling_layer.1 96x64x2x2 +
    convnext.encoder.stages.3.layers.0.dwconv 96x1x7x7 +
    convnext.encoder.stages.3.layers.0.layer_scale_parameter 96 P
    convnext.encoder.stages.3.layers.0.layernorm 96 +
    convnext.encoder.stages.3.layers.0.pwconv1 384x96 +
    convnext.encoder.stages.3.layers.0.pwconv2 96x384 +
    """)

  static let convnextDropTiny = Sketch(
    "convnext-drop-tiny", layers: 1,
    [
      "model_type": .string("convnext"), "image_size": .integer(64), "patch_size": .integer(4),
      "hidden_sizes": .array([.integer(32), .integer(48), .integer(64), .integer(96)]),
      "depths": .array([.integer(2), .integer(1), .integer(3), .integer(1)]), "num_stages": .integer(4),
      "layer_scale_init_value": .number(1e-06), "drop_path_rate": .number(0.1), "hidden_act": .string("gelu"),
      "num_labels": .integer(10), "architectures": .array([.string("ConvNextForImageClassification")]),
    ],
    """
    classifier 10x96 +
    convnext.embeddings.layernorm 32 +
    convnext.embeddings.patch_embeddings 32x3x4x4 +
    convnext.encoder.stages.0.layers.#.dwconv 32x1x7x7 + *2
    convnext.encoder.stages.0.layers.#.layer_scale_parameter 32 P *2
    convnext.encoder.stages.0.layers.#.layernorm 32 + *2
    convnext.encoder.stages.0.layers.#.pwconv1 128x32 + *2
    convnext.encoder.stages.0.layers.#.pwconv2 32x128 + *2
    convnext.encoder.stages.2.layers.#.dwconv 64x1x7x7 + *3
    convnext.encoder.stages.2.layers.#.layer_scale_parameter 64 P *3
    convnext.encoder.stages.2.layers.#.layernorm 64 + *3
    convnext.encoder.stages.2.layers.#.pwconv1 256x64 + *3
    convnext.encoder.stages.2.layers.#.pwconv2 64x256 + *3
    convnext.layernorm 96 +
    convnext.encoder.stages.1.downsampling_layer.0 32 +
    convnext.encoder.stages.1.downsampling_layer.1 48x32x2x2 +
    convnext.encoder.stages.1.layers.0.dwconv 48x1x7x7 +
    convnext.encoder.stages.1.layers.0.layer_scale_parameter 48 P
    convnext.encoder.stages.1.layers.0.layernorm 48 +
    convnext.encoder.stages.1.layers.0.pwconv1 192x48 +
    convnext.encoder.stages.1.layers.0.pwconv2 48x192 +
    convnext.encoder.stages.2.downsampling_layer.0 48 +
    convnext.encoder.stages.2.downsampling_layer.1 64x48x2x2 +
    convnext.encoder.stages.3.downsampling_layer.0 64 +
    convnext.encoder.stages.3.downsampling_layer.1 96x64x2x2 +
    convnext.encoder.stages.3.layers.0.dwconv 96x1x7x7 +
    convnext.encoder.stages.3.layers.0.layer_scale_parameter 96 P
    convnext.encoder.stages.3.layers.0.layernorm 96 +
    convnext.encoder.stages.3.layers.0.pwconv1 384x96 +
    convnext.encoder.stages.3.layers.0.pwconv2 96x384 +
    """)

  static let resnetTiny = Sketch(
    "resnet-tiny", layers: 1,
    [
      "model_type": .string("resnet"), "embedding_size": .integer(16),
      "hidden_sizes": .array([.integer(32), .integer(48), .integer(64), .integer(96)]),
      "depths": .array([.integer(2), .integer(1), .integer(2), .integer(1)]), "layer_type": .string("bottleneck"),
      "hidden_act": .string("relu"), "downsample_in_first_stage": .boolean(false), "image_size": .integer(64),
      "num_labels": .integer(10), "architectures": .array([.string("ResNetForImageClassification")]),
    ],
    """
    classifier.1 10x96 +
    resnet.embedder.embedder.convolution 16x3x7x7
    resnet.embedder.embedder.normalization 16 +
    resnet.encoder.stages.0.layers.0.layer.#.normalization 8 + *2
    resnet.encoder.stages.0.layers.#.layer.1.convolution 8x8x3x3 *2
    resnet.encoder.stages.0.layers.#.layer.2.convolution 32x8x1x1 *2
    resnet.encoder.stages.0.layers.#.layer.2.normalization 32 + *2
    resnet.encoder.stages.0.layers.1.layer.#.normalization 8 + *2
    resnet.encoder.stages.1.layers.0.layer.#.normalization 12 + *2
    resnet.encoder.stages.2.layers.0.layer.#.normalization 16 + *2
    resnet.encoder.stages.2.layers.#.layer.1.convolution 16x16x3x3 *2
    resnet.encoder.stages.2.layers.#.layer.2.convolution 64x16x1x1 *2
    resnet.encoder.stages.2.layers.#.layer.2.normalization 64 + *2
    resnet.encoder.stages.2.layers.1.layer.#.normalization 16 + *2
    resnet.encoder.stages.3.layers.0.layer.#.normalization 24 + *2
    resnet.encoder.stages.0.layers.0.layer.0.convolution 8x16x1x1
    resnet.encoder.stages.0.layers.0.shortcut.convolution 32x16x1x1
    resnet.encoder.stages.0.layers.0.shortcut.normalization 32 +
    resnet.encoder.stages.0.layers.1.layer.0.convolution 8x32x1x1
    resnet.encoder.stages.1.layers.0.layer.0.convolution 12x32x1x1
    resnet.encoder.stages.1.layers.0.layer.1.convolution 12x12x3x3
    resnet.encoder.stages.1.layers.0.layer.2.convolution 48x12x1x1
    resnet.encoder.stages.1.layers.0.layer.2.normalization 48 +
    resnet.encoder.stages.1.layers.0.shortcut.convolution 48x32x1x1
    resnet.encoder.stages.1.layers.0.shortcut.normalization 48 +
    resnet.encoder.stages.2.layers.0.layer.0.convolution 16x48x1x1
    resnet.encoder.stages.2.layers.0.shortcut.convolution 64x48x1x1
    resnet.encoder.stages.2.layers.0.shortcut.normalization 64 +
    resnet.encoder.stages.2.layers.1.layer.0.convolution 16x64x1x1
    resnet.encoder.stages.3.layers.0.layer.0.convolution 24x64x1x1
    resnet.encoder.stages.3.layers.0.layer.1.convolution 24x24x3x3
    resnet.encoder.stages.3.layers.0.layer.2.convolution 96x24x1x1
    resnet.encoder.stages.3.layers.0.layer.2.normalization 96 +
    resnet.encoder.stages.3.layers.0.shortcut.convolution 96x64x1x1
    resnet.encoder.stages.3.layers.0.shortcut.normalization 96 +
    """)

  static let resnetBasicTiny = Sketch(
    "resnet-basic-tiny", layers: 1,
    [
      "model_type": .string("resnet"), "embedding_size": .integer(16),
      "hidden_sizes": .array([.integer(16), .integer(48), .integer(64), .integer(96)]),
      "depths": .array([.integer(2), .integer(1), .integer(2), .integer(1)]), "layer_type": .string("basic"),
      "hidden_act": .string("relu"), "downsample_in_first_stage": .boolean(false), "image_size": .integer(64),
      "num_labels": .integer(10), "architectures": .array([.string("ResNetForImageClassification")]),
    ],
    """
    classifier.1 10x96 +
    resnet.embedder.embedder.convolution 16x3x7x7
    resnet.embedder.embedder.normalization 16 +
    resnet.encoder.stages.0.layers.0.layer.#.convolution 16x16x3x3 *2
    resnet.encoder.stages.0.layers.0.layer.#.normalization 16 + *2
    resnet.encoder.stages.0.layers.1.layer.#.convolution 16x16x3x3 *2
    resnet.encoder.stages.0.layers.1.layer.#.normalization 16 + *2
    resnet.encoder.stages.1.layers.0.layer.#.normalization 48 + *2
    resnet.encoder.stages.2.layers.0.layer.#.normalization 64 + *2
    resnet.encoder.stages.2.layers.#.layer.1.convolution 64x64x3x3 *2
    resnet.encoder.stages.2.layers.1.layer.#.normalization 64 + *2
    resnet.encoder.stages.3.layers.0.layer.#.normalization 96 + *2
    resnet.encoder.stages.1.layers.0.layer.0.convolution 48x16x3x3
    resnet.encoder.stages.1.layers.0.layer.1.convolution 48x48x3x3
    resnet.encoder.stages.1.layers.0.shortcut.convolution 48x16x1x1
    resnet.encoder.stages.1.layers.0.shortcut.normalization 48 +
    resnet.encoder.stages.2.layers.0.layer.0.convolution 64x48x3x3
    resnet.encoder.stages.2.layers.0.shortcut.convolution 64x48x1x1
    resnet.encoder.stages.2.layers.0.shortcut.normalization 64 +
    resnet.encoder.stages.2.layers.1.layer.0.convolution 64x64x3x3
    resnet.encoder.stages.3.layers.0.layer.0.convolution 96x64x3x3
    resnet.encoder.stages.3.layers.0.layer.1.convolution 96x96x3x3
    resnet.encoder.stages.3.layers.0.shortcut.convolution 96x64x1x1
    resnet.encoder.stages.3.layers.0.shortcut.normalization 96 +
    """)
}
