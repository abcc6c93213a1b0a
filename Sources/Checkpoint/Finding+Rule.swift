extension Finding {
  /// The rules of this module. Their raw values are stable.
  package enum Rule: String, CaseIterable, Sendable {
    // The header of a safetensors file: accepted by the reference, not promised by the format.
    case duplicateTensorName = "duplicate-tensor-name"
    case headerLeadingSpace = "header-leading-space"
    case metadataNull = "metadata-null"
    case metadataDuplicateKey = "metadata-duplicate-key"
    case tensorAsArray = "tensor-as-array"
    case dtypeAsObject = "dtype-as-object"
    case unknownTensorField = "unknown-tensor-field"
    case dimensionClamped = "dimension-clamped"

    // The pickle of a PyTorch archive, and the storages beside it.
    case pickleForeignGlobal = "pickle-foreign-global"
    case pickleNoTensors = "pickle-no-tensors"
    case pickleWrapped = "pickle-wrapped"
    case pickleTensorKind = "pickle-tensor-kind"
    case pickleTrailingBytes = "pickle-trailing-bytes"
    case storageShared = "storage-shared"
    case storageOverlap = "storage-overlap"
    case storageUnused = "storage-unused"

    // The folder.
    case linkOutOfFolder = "link-out-of-folder"
    case singleFileAndIndex = "single-file-and-index"
    case severalWeightSets = "several-weight-sets"
    case weightSetUnreadable = "weight-set-unreadable"
    case oneShardOnly = "one-shard-only"
    case slicedTensors = "sliced-tensors"
    case weightSetsDiffer = "weight-sets-differ"

    // What values were read.
    case shapesFromValues = "shapes-from-values"

    // What lies beside the weights.
    case downloadUnfinished = "download-unfinished"
    case gitLFSPointer = "git-lfs-pointer"
    case mergeConflict = "merge-conflict"
    case picklePresent = "pickle-present"
    case otherFormats = "other-formats"

    // Shards and their index.
    case indexMissing = "index-missing"
    case indexEmpty = "index-empty"
    case indexRepeatedEntry = "index-repeated-entry"
    case indexRepeatedKey = "index-repeated-key"
    case indexTotalSizeType = "index-total-size-type"
    case indexTotalSize = "index-total-size"
    case indexedTensorAbsent = "indexed-tensor-absent"
    case tensorNotIndexed = "tensor-not-indexed"
    case tensorInTwoShards = "tensor-in-two-shards"
    case shardNotIndexed = "shard-not-indexed"
    case shardMissing = "shard-missing"
    case shardsAbsent = "shards-absent"
    case shardTotalMismatch = "shard-total-mismatch"

    // config.json and its kin.
    case configMissing = "config-missing"
    case configUnreadable = "config-unreadable"
    case configEmpty = "config-empty"
    case configNotUTF8 = "config-not-utf8"
    case configNotJSON = "config-not-json"
    case configTooDeep = "config-too-deep"
    case configTooLarge = "config-too-large"
    case configNotObject = "config-not-object"
    case configDuplicateKey = "config-duplicate-key"
    case configNotANumber = "config-not-a-number"
    case configKeyWithNUL = "config-key-with-nul"
    case configNoModelType = "config-no-model-type"
    case configWrongType = "config-wrong-type"
    case configOutOfRange = "config-out-of-range"
    case configHeads = "config-heads"
    case configKeyValueHeads = "config-key-value-heads"
    case configUnknownDtype = "config-unknown-dtype"
  }
}
