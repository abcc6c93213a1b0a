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

    // The folder.
    case linkOutOfFolder = "link-out-of-folder"
    case singleFileAndIndex = "single-file-and-index"
    case severalWeightSets = "several-weight-sets"
    case weightSetUnreadable = "weight-set-unreadable"
    case oneShardOnly = "one-shard-only"
    case slicedTensors = "sliced-tensors"

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

    // config.json and its kin.
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

extension Finding.Rule {
  /// What the rule is about, for a list of rules.
  package var summary: String {
    switch self {
    case .duplicateTensorName: "A tensor's name occurs twice in one header; readers take the last entry."
    case .headerLeadingSpace: "White space stands before a header's opening brace."
    case .metadataNull: "`__metadata__` is null instead of absent."
    case .metadataDuplicateKey: "A key of `__metadata__` occurs twice."
    case .tensorAsArray: "A tensor's entry is an array, which only the reference library reads."
    case .dtypeAsObject: "A dtype is written as an object, which only the reference library reads."
    case .unknownTensorField: "A tensor's entry has a field that the format does not know."
    case .dimensionClamped: "An extent passes 2^63 - 1, which is legal beside a zero."
    case .linkOutOfFolder: "A file is a link that leaves the checkpoint's folder."
    case .singleFileAndIndex: "A folder holds the model as one file and as shards; the shards are ignored."
    case .severalWeightSets: "A folder holds more than one weight set; the first is loaded."
    case .weightSetUnreadable: "A weight set beside the first cannot be read."
    case .oneShardOnly: "The file given is one of several shards."
    case .slicedTensors: "Files hold slices of tensors, as PyTorch's distributed checkpoints do."
    case .indexMissing: "Shards lie in a folder without an index that names them."
    case .indexEmpty: "An index names no tensor."
    case .indexRepeatedEntry: "An index maps a tensor twice, to the same shard."
    case .indexRepeatedKey: "A key occurs twice at the top level of an index."
    case .indexTotalSizeType: "An index's `total_size` is not an integer that fits 64 bits."
    case .indexTotalSize: "An index's `total_size` is not the size of its tensors."
    case .indexedTensorAbsent: "An index places a tensor in a shard that does not hold it."
    case .tensorNotIndexed: "A shard holds a tensor that the index does not name."
    case .tensorInTwoShards: "A tensor is stored in more than one shard."
    case .shardNotIndexed: "A folder holds a shard that the index does not name."
    case .shardMissing: "A number is missing among the shards of a folder without an index."
    case .shardsAbsent: "None of the shards that an index names is there."
    case .configUnreadable: "A document of settings cannot be opened."
    case .configEmpty: "A document of settings is empty."
    case .configNotUTF8: "A document of settings is not UTF-8."
    case .configNotJSON: "A document of settings is not valid JSON."
    case .configTooDeep: "A document of settings is nested too deeply."
    case .configTooLarge: "A document of settings is too long."
    case .configNotObject: "A document of settings is not a JSON object."
    case .configDuplicateKey: "A key occurs twice in one object of a document; readers take the last value."
    case .configNotANumber: "A document holds NaN or Infinity, which JSON does not have."
    case .configKeyWithNUL: "A key of a document holds a NUL."
    case .configNoModelType: "config.json does not say what model it configures."
    case .configWrongType: "A setting has a value of the wrong type."
    case .configOutOfRange: "A size is zero, negative or beyond any model."
    case .configHeads: "The hidden size is not a multiple of the attention heads."
    case .configKeyValueHeads: "The key/value heads do not divide the attention heads."
    case .configUnknownDtype: "A dtype is declared that PyTorch does not have."
    }
  }
}
