package import Checkpoint

extension Finding {
  /// The rules for what tensors and configuration make up together. Their raw values are stable.
  package enum ArchitectureRule: String, CaseIterable, Sendable {
    // Which family it is, and its sizes against the configuration.
    case familyNotRecognised = "family-not-recognised"
    case layerCountMismatch = "layer-count-mismatch"
    case hiddenSizeMismatch = "hidden-size-mismatch"
    case intermediateSizeMismatch = "intermediate-size-mismatch"
    case vocabularySizeMismatch = "vocabulary-size-mismatch"
    case expertCountMismatch = "expert-count-mismatch"
    case keyValueHeadsMismatch = "key-value-heads-mismatch"
    case attentionHeadsMismatch = "attention-heads-mismatch"
    case positionsMismatch = "positions-mismatch"
    case indexSizeMismatch = "index-size-mismatch"

    // Input and output embeddings.
    case tiedHeadStored = "tied-head-stored"
    case headNotStored = "head-not-stored"
    case headClassMismatch = "head-class-mismatch"
    case taskHead = "task-head"
    case vocabularyPadded = "vocabulary-padded"
    case tokenOutOfVocabulary = "token-out-of-vocabulary"

    // Blocks among their siblings.
    case layerNumberingGap = "layer-numbering-gap"
    case layerIncomplete = "layer-incomplete"
    case layerShapeDiffers = "layer-shape-differs"
    case layerDtypeDiffers = "layer-dtype-differs"
    case expertMissing = "expert-missing"
    case tensorUnderTwoNames = "tensor-under-two-names"

    // Shapes that do not fit together.
    case attentionShapes = "attention-shapes"
    case mlpShapes = "mlp-shapes"
    case normShapes = "norm-shapes"
    case biasShapes = "bias-shapes"
    case embeddingShapes = "embedding-shapes"

    // What the configuration promises.
    case dtypeMismatch = "dtype-mismatch"
    case dtypeIsland = "dtype-island"
    case towerMissing = "tower-missing"
    case towerUnannounced = "tower-unannounced"
    case predictionLayersStored = "prediction-layers-stored"
    case predictionLayersMissing = "prediction-layers-missing"
    case biasMissing = "bias-missing"
    case biasUnannounced = "bias-unannounced"

    // Quantised storage.
    case packedQuantization = "packed-quantization"
    case quantizationUnannounced = "quantization-unannounced"
    case quantizationMissing = "quantization-missing"
    case quantizationMismatch = "quantization-mismatch"
    case quantizationException = "quantization-exception"

    // Adapters.
    case adapterConfigMissing = "adapter-config-missing"
    case adapterRankMismatch = "adapter-rank-mismatch"
    case adapterFactorMissing = "adapter-factor-missing"
    case adapterFactorShapes = "adapter-factor-shapes"
    case adapterTargetMissing = "adapter-target-missing"
    case adapterTargetUnannounced = "adapter-target-unannounced"
    case adapterBaseMismatch = "adapter-base-mismatch"

    // An ONNX graph beside the checkpoint.
    case graphSizesDiffer = "graph-sizes-differ"
  }
}

extension Finding {
  /// A finding of this module; the rule's help stands where there is none better.
  init(
    _ severity: Severity, _ rule: ArchitectureRule, file: String? = nil, tensor: String? = nil, _ message: String,
    help: String? = nil
  ) {
    self.init(severity, of: rule, file: file, tensor: tensor, message, help: help)
  }
}

extension FindingList {
  mutating func add(
    _ severity: Finding.Severity, _ rule: Finding.ArchitectureRule, file: String? = nil, tensor: String? = nil,
    _ message: String, help: String? = nil
  ) {
    add(severity, of: rule, file: file, tensor: tensor, message, help: help)
  }
}
