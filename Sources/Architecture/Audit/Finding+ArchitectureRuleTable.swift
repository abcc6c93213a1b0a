package import Checkpoint

extension Finding.ArchitectureRule: FindingRule {
  package var row: RuleRow {
    switch self {
    case .familyNotRecognised:
      RuleRow(
        .note, summary: "no row of the table of families fits; roles are guessed from names and shapes",
        help: "Sizes come from the tensors; treat estimates as less certain.")
    case .layerCountMismatch:
      RuleRow(
        .warning, summary: "configuration and tensors disagree about the layers",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .hiddenSizeMismatch:
      RuleRow(
        .warning, summary: "configuration and tensors disagree about the hidden size",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .intermediateSizeMismatch:
      RuleRow(
        .warning, summary: "configuration and tensors disagree about the width of the MLP",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .vocabularySizeMismatch:
      RuleRow(
        .warning, summary: "configuration and tensors disagree about the vocabulary",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .expertCountMismatch:
      RuleRow(
        .warning, summary: "configuration and tensors disagree about the experts",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .keyValueHeadsMismatch:
      RuleRow(
        .warning, summary: "configuration and tensors disagree about the key/value heads",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .attentionHeadsMismatch:
      RuleRow(
        .warning,
        summary: "the width of queries is not the number of heads by their dimension as the configuration has them",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .positionsMismatch:
      RuleRow(
        .warning, summary: "configuration and tensors disagree about the positions",
        help: "The tensors are taken; check that configuration and weights belong together.")
    case .indexSizeMismatch:
      RuleRow(
        .warning, .note,
        summary:
          "no shard is there, and the index's `total_size` is not what the configuration's sizes and type come to",
        help: "Download the shards to see what they hold.")
    case .tiedHeadStored:
      RuleRow(
        .note, summary: "the head is tied to the input embedding, and stored as well",
        help: "If the two hold equal values it can be left out of the files; if not, transformers keeps both.")
    case .headNotStored:
      RuleRow(
        .warning, summary: "the head is not tied, and not stored: it would start from random values",
        help: "Set tie_word_embeddings to true if the model shares its embedding, or use a class without a head.")
    case .headClassMismatch:
      RuleRow(
        .warning, summary: "the class that the configuration names needs another head than the one that is stored",
        help: "Name the class that the weights were saved from in `architectures`.")
    case .taskHead:
      RuleRow(
        .note, summary: "a model without a head over the vocabulary stores modules of its own beside the layers",
        help: "They belong to the class named in `architectures`; generic classes leave them out.")
    case .vocabularyPadded:
      RuleRow(
        .note, summary: "the embedding has more rows than the tokenizer has tokens",
        help: "Rows beyond the tokens cost memory and are never read.")
    case .tokenOutOfVocabulary:
      RuleRow(
        .warning, summary: "a token of tokenizer or configuration is beyond the rows of the embedding",
        help: "Resize the embedding before training, or correct the id: looking such a token up fails.")
    case .layerNumberingGap:
      RuleRow(
        .warning, summary: "numbers are missing among the blocks",
        help: "A shard may be missing, or layers were cut out without numbering the others again.")
    case .layerIncomplete:
      RuleRow(
        .warning, .note, summary: "a block lacks tensors that its siblings have",
        help: "What is missing would start from random values: download the checkpoint again.")
    case .layerShapeDiffers:
      RuleRow(
        .warning, .note, summary: "a tensor of a block has another shape than in all its siblings",
        help: "A loader that checks shapes refuses the weights: save the model again, or download it again.")
    case .layerDtypeDiffers:
      RuleRow(
        .warning, summary: "a tensor of a block has another type than in all its siblings",
        help: "Save the model in one type, unless the difference is meant.")
    case .expertMissing:
      RuleRow(
        .error, .warning, summary: "a block stores fewer experts than its router chooses from, or than its siblings",
        help: "Download the checkpoint again: the missing experts would start from random values.")
    case .tensorUnderTwoNames:
      RuleRow(
        .warning, summary: "the weights are stored under two prefixes",
        help: "Save the model again: one copy takes space and is never loaded.")
    case .attentionShapes:
      RuleRow(
        .error, .warning,
        summary: "the shapes of queries, keys, values and the projection behind them do not fit together",
        help: "A loader that checks shapes refuses the weights: save the model again, or download it again.")
    case .mlpShapes:
      RuleRow(
        .error, .warning, summary: "the shapes of an MLP's matrices do not fit together",
        help: "A loader that checks shapes refuses the weights: save the model again, or download it again.")
    case .normShapes:
      RuleRow(
        .error, .warning, summary: "a norm is not as wide as the features that it normalises",
        help: "A loader that checks shapes refuses the weights: save the model again, or download it again.")
    case .biasShapes:
      RuleRow(
        .error, .warning, summary: "a bias is not as long as its layer has outputs",
        help: "A loader that checks shapes refuses the weights: save the model again, or download it again.")
    case .embeddingShapes:
      RuleRow(
        .error, .warning, summary: "embedding, head and blocks are not equally wide",
        help: "A loader that checks shapes refuses the weights: save the model again, or download it again.")
    case .dtypeMismatch:
      RuleRow(
        .warning, summary: "the configuration declares another type than most weights are stored in",
        help: "from_pretrained with dtype \"auto\" takes the declared type: correct it if the stored one is meant.")
    case .dtypeIsland:
      RuleRow(
        .note, summary: "some tensors are stored in another type than most",
        help: "Bytes per parameter are not the same everywhere: take the stored bytes, not the count.")
    case .towerMissing:
      RuleRow(
        .warning, summary: "the configuration promises a tower of which no tensor is stored",
        help: "Load the class of the text model, or download the whole model.")
    case .towerUnannounced:
      RuleRow(
        .warning, .note, summary: "a tower is stored that the configuration does not speak of",
        help: "The class that the configuration names leaves it out.")
    case .predictionLayersStored:
      RuleRow(
        .note, summary: "blocks for multi-token prediction are stored behind the last layer",
        help: "transformers does not load them: they take space on disk and none in memory.")
    case .predictionLayersMissing:
      RuleRow(
        .note, summary: "the configuration promises blocks for multi-token prediction that are not stored",
        help: "transformers does not load them; engines that speculate with them cannot.")
    case .biasMissing:
      RuleRow(
        .warning, summary: "the configuration promises biases that are not stored",
        help: "They would start from random values: correct the configuration.")
    case .biasUnannounced:
      RuleRow(
        .warning, summary: "biases are stored that the configuration says are not there",
        help: "A loader leaves them out and the model computes something else: correct the configuration.")
    case .packedQuantization:
      RuleRow(
        .note,
        summary:
          "weights are packed, so stored shapes are not those of the model; the help says what an element takes, or that the count is left open",
        help: "Logical sizes are given; bytes are those of the files.")
    case .quantizationUnannounced:
      RuleRow(
        .warning, summary: "weights are quantised, and the configuration does not say how",
        help: "transformers cannot load them: add the `quantization_config` that they were made with.")
    case .quantizationMissing:
      RuleRow(
        .warning, summary: "the configuration declares a quantisation, and no weight is quantised",
        help: "Remove `quantization_config`, or download the quantised weights.")
    case .quantizationMismatch:
      RuleRow(
        .error,
        summary: "the quantisation declared is not the one stored: method, bits, group size, order or block size",
        help: "Take the configuration that the weights were quantised with.")
    case .quantizationException:
      RuleRow(
        .warning, summary: "a module that is declared to be left alone is quantised",
        help: "Take the configuration that the weights were quantised with.")
    case .adapterConfigMissing:
      RuleRow(
        .warning, summary: "an adapter has no `adapter_config.json`",
        help: "PEFT does not load it: download the file too.")
    case .adapterRankMismatch:
      RuleRow(
        .error, summary: "the rank of a factor is not the one declared",
        help: "Take the adapter_config.json that belongs to the weights.")
    case .adapterFactorMissing:
      RuleRow(
        .error, summary: "one of the two factors of a low-rank update is not stored",
        help: "Download the adapter again.")
    case .adapterFactorShapes:
      RuleRow(
        .error, summary: "the two factors of a low-rank update do not fit together",
        help: "Save the adapter again.")
    case .adapterTargetMissing:
      RuleRow(
        .warning, summary: "a declared target is adapted nowhere",
        help: "It would start from an update of zero: check that configuration and weights belong together.")
    case .adapterTargetUnannounced:
      RuleRow(
        .warning, summary: "a module is adapted that is no declared target",
        help: "PEFT leaves its factors out: check that configuration and weights belong together.")
    case .adapterBaseMismatch:
      RuleRow(
        .error, summary: "an update does not have the shape of the weight that it is for",
        help: "The adapter belongs to another base model.")
    case .graphSizesDiffer:
      RuleRow(
        .warning, summary: "checkpoint and ONNX graph beside it differ in layers, sizes or parameters",
        help: "One of the two belongs to another model: export it again.")
    }
  }
}
