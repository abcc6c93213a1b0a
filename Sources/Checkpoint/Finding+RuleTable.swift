extension Finding.Rule: FindingRule {
  package var row: RuleRow {
    switch self {
    case .duplicateTensorName:
      RuleRow(
        .error, summary: "a name occurs twice in one header; the reference library takes the last entry",
        help: "The format forbids it: save the file again.")
    case .headerLeadingSpace:
      RuleRow(
        .warning, summary: "white space before the header's opening brace",
        help: "The format wants `{` first; strict readers refuse the file.")
    case .metadataNull:
      RuleRow(
        .note, summary: "`__metadata__` is null instead of absent",
        help: "Harmless; a current writer leaves it out.")
    case .metadataDuplicateKey:
      RuleRow(
        .warning, summary: "a key occurs twice in `__metadata__`",
        help: "Save the file again with a current writer.")
    case .tensorAsArray:
      RuleRow(
        .warning, summary: "a tensor is written as an array, which only the reference library reads",
        help: "Save the file again with a current writer.")
    case .dtypeAsObject:
      RuleRow(
        .warning, summary: "a dtype is written as an object, which only the reference library reads",
        help: "Save the file again with a current writer.")
    case .unknownTensorField:
      RuleRow(
        .warning, summary: "a tensor has a field that the format does not know",
        help: "Readers ignore it; save the file again to be rid of it.")
    case .dimensionClamped:
      RuleRow(
        .warning, summary: "an extent passes 2^63 - 1 beside another one of 0",
        help: "No model has such a tensor: make sure that the file comes from where you think.")
    case .pickleForeignGlobal:
      RuleRow(
        .error,
        summary:
          "a pickle names globals that no tensor needs, and that loading it would import and could call; nothing "
          + "is run, and the tensors beside them are counted",
        help: "Do not load it outside of a sandbox; take a safetensors edition of the model.")
    case .pickleNoTensors:
      RuleRow(
        .error, summary: "a pickle holds no tensor, or is no dictionary: a whole model was pickled, or something else",
        help: "Save the model's state_dict instead of the model.")
    case .pickleWrapped:
      RuleRow(
        .note,
        summary:
          "the model lies beside other things in its pickle, such as an optimizer's state, which are not counted",
        help: "Save the model's state_dict alone.")
    case .pickleTensorKind:
      RuleRow(
        .warning,
        summary: "a tensor is sparse, quantised by PyTorch or without bytes of its own; it is not counted",
        help: "Save the model again with dense tensors.")
    case .pickleTrailingBytes:
      RuleRow(
        .warning, summary: "bytes follow the end of a pickle",
        help: "Make sure that the file comes from where you think.")
    case .storageShared:
      RuleRow(
        .note, summary: "two names stand for one tensor of a PyTorch file, as tied weights do; it is counted once",
        help: "Nothing to do: loaders keep them one.")
    case .storageOverlap:
      RuleRow(
        .note, summary: "two different tensors of a PyTorch file share bytes",
        help: "Writing to one of them changes the other: clone them before they are saved.")
    case .storageUnused:
      RuleRow(
        .warning, summary: "a PyTorch file stores bytes that no tensor of it has",
        help: "A slice was saved with all of its storage: clone it before it is saved.")
    case .linkOutOfFolder:
      RuleRow(
        .warning,
        summary: "a file is a link that leads out of the folder (and not into the Hugging Face cache's `blobs`)",
        help: "Make sure that you trust where it leads.")
    case .singleFileAndIndex:
      RuleRow(
        .warning, summary: "the folder holds a single file and an index; transformers loads the single file",
        help: "Remove the one that is not meant.")
    case .severalWeightSets:
      RuleRow(
        .note, summary: "the folder holds several copies of the weights; they are never summed",
        help: "Only one is loaded; the others can be removed to save space.")
    case .weightSetUnreadable:
      RuleRow(
        .error, .note,
        summary: "a weight set other than the first cannot be read; a note where it has the form of PyTorch before 1.6",
        help: "Remove it, or download it again.")
    case .oneShardOnly:
      RuleRow(
        .note, summary: "the file that was given is one of several shards",
        help: "Give the folder to read the whole model.")
    case .slicedTensors:
      RuleRow(
        .warning, summary: "files hold slices of a tensor: a distributed checkpoint that was not consolidated",
        help: "Consolidate the distributed checkpoint before it is used.")
    case .weightSetsDiffer:
      RuleRow(
        .warning, .note, summary: "two weight sets of the folder do not hold the same model",
        help: "Remove the one that is not meant; the first is loaded.")
    case .shapesFromValues:
      RuleRow(
        .note, summary: "small tensors that keep the shapes of packed weights were read, and no other values",
        help: "Nothing to do: stored shapes alone do not tell what bitsandbytes and compressed-tensors have packed.")
    case .downloadUnfinished:
      RuleRow(
        .warning, .error, .note, summary: "a download into the folder was not finished",
        help: "Resume the download, or remove what it left behind.")
    case .gitLFSPointer:
      RuleRow(
        .error, .warning, summary: "a file is a Git LFS pointer, and not the file itself",
        help: "Run `git lfs install` and `git lfs pull` in the folder, or download with `hf download`.")
    case .mergeConflict:
      RuleRow(
        .error, summary: "a document holds the markers of an unresolved merge conflict",
        help: "Resolve the conflict in the repository, or download the file again.")
    case .picklePresent:
      RuleRow(
        .note,
        summary: "files are pickles, which can run code where they are loaded; nothing of them was executed here",
        help: "Load the safetensors files, and these only where you trust who wrote them.")
    case .otherFormats:
      RuleRow(
        .note, summary: "the model is stored in other formats too; they are never summed",
        help: "What is not loaded can be removed to save space.")
    case .indexMissing:
      RuleRow(
        .warning, summary: "there are shards, and no index that names them",
        help: "transformers does not load shards without an index: download it too.")
    case .indexEmpty:
      RuleRow(
        .error, summary: "the index names no tensor",
        help: "Download the index again.")
    case .indexRepeatedEntry:
      RuleRow(
        .warning, summary: "the index names a tensor twice",
        help: "Harmless; save the checkpoint again to be rid of it.")
    case .indexRepeatedKey:
      RuleRow(
        .warning, summary: "the index has a key twice at its top level",
        help: "Readers take the last: remove the one that is not meant.")
    case .indexTotalSizeType:
      RuleRow(
        .warning, summary: "`metadata.total_size` is no integer, or out of range",
        help: "Loaders ignore the number; the tensors' own sizes are right.")
    case .indexTotalSize:
      RuleRow(
        .warning, summary: "`metadata.total_size` is not the sum of the tensors' bytes",
        help: "Loaders ignore the number; the tensors' own sizes are right.")
    case .indexedTensorAbsent:
      RuleRow(
        .error, summary: "the index places a tensor in a shard that does not hold it",
        help: "Index and shards do not belong together: download both again.")
    case .tensorNotIndexed:
      RuleRow(
        .warning, summary: "a shard holds a tensor that the index does not name",
        help: "transformers does not load it: make sure that index and shards belong together.")
    case .tensorInTwoShards:
      RuleRow(
        .warning, summary: "a tensor is stored in several shards; one copy is counted",
        help: "Save the checkpoint again; which copy is loaded depends on the reader.")
    case .shardNotIndexed:
      RuleRow(
        .warning, summary: "a shard lies in the folder that the index does not name",
        help: "Left over from another download? Remove it.")
    case .shardMissing:
      RuleRow(
        .error, summary: "a number is missing among shards without an index",
        help: "Download it.")
    case .shardsAbsent:
      RuleRow(
        .error, .warning,
        summary: "an index is there, and none of its shards; a warning for a weight set other than the first",
        help: "Download the shards.")
    case .shardTotalMismatch:
      RuleRow(
        .warning, summary: "the number of shards is not the one that their names give",
        help: "Shards of two downloads may be mixed: download the checkpoint again.")
    case .configMissing:
      RuleRow(
        .warning, summary: "a folder with a model has no `config.json`",
        help: "Download config.json: without it the family is guessed and nothing can be compared.")
    case .configUnreadable:
      RuleRow(
        .error, summary: "a document of settings cannot be opened",
        help: "Make the file readable, or download it again.")
    case .configEmpty:
      RuleRow(
        .error, summary: "a document of settings is empty",
        help: "Download it again.")
    case .configNotUTF8:
      RuleRow(
        .error, summary: "a document of settings is not UTF-8",
        help: "Download it again.")
    case .configNotJSON:
      RuleRow(
        .error, summary: "a document of settings is not JSON",
        help: "Download it again.")
    case .configTooDeep:
      RuleRow(
        .error, summary: "a document of settings is nested beyond the limit",
        help: "No model's configuration looks like this: make sure that the file comes from where you think.")
    case .configTooLarge:
      RuleRow(
        .error, summary: "a document of settings is larger than the limit",
        help: "No model's configuration is as long: make sure that the file comes from where you think.")
    case .configNotObject:
      RuleRow(
        .error, summary: "a document of settings is JSON, and not an object",
        help: "Download it again.")
    case .configDuplicateKey:
      RuleRow(
        .warning, summary: "a key occurs twice in one object; readers take the last",
        help: "Remove the one that is not meant.")
    case .configNotANumber:
      RuleRow(
        .warning, summary: "a value is NaN or Infinity",
        help: "Strict readers refuse it: write a number, or null.")
    case .configKeyWithNUL:
      RuleRow(
        .warning, summary: "a key holds a NUL",
        help: "Remove the key.")
    case .configNoModelType:
      RuleRow(
        .warning, summary: "`model_type` is missing, so the family is guessed",
        help: "transformers refuses such a configuration: add `model_type`.")
    case .configWrongType:
      RuleRow(
        .error, summary: "a field is not of the type that it must be",
        help: "Correct the value.")
    case .configOutOfRange:
      RuleRow(
        .error, summary: "a size is negative, zero or beyond any model",
        help: "Correct the value.")
    case .configHeads:
      RuleRow(
        .error, summary: "the hidden size is not a multiple of the number of heads",
        help: "Correct one of the two, or say `head_dim`.")
    case .configKeyValueHeads:
      RuleRow(
        .error, summary: "the key/value heads do not divide the heads",
        help: "Correct one of the two.")
    case .configUnknownDtype:
      RuleRow(
        .error, summary: "PyTorch does not have the type named",
        help: "Write a type that PyTorch has, such as bfloat16.")
    }
  }
}
