extension Checkpoint {
  /// Reads a checkpoint: a folder as it was downloaded, one file of weights, or an index of shards.
  ///
  /// Only headers, indexes and documents are read, and small tensors that say what packed weights are
  /// (``StatedShapes``), never weights. What a loader would refuse is an error; what it
  /// takes and should not is among ``findings``. A folder that holds an index and none of its shards opens without a
  /// weight set.
  public static func open(_ path: String) throws(CheckpointError) -> Checkpoint {
    var opening = Opening(path: path)
    if isFolder(path) {
      try opening.openFolder()
    } else {
      try opening.openFile()
    }
    return opening.checkpoint
  }

  /// A checkpoint whose weights another reader found, with the documents of a folder.
  package static func assembled(
    path: String, weightSets: [WeightSet], findings: [Finding], bytesRead: Int, documentsIn folder: String
  ) -> Checkpoint {
    var opening = Opening(path: path)
    opening.take(weightSets, bytesRead: bytesRead, documentsIn: folder)
    var checkpoint = opening.checkpoint
    checkpoint.findings = findings + checkpoint.findings
    return checkpoint
  }

  /// The weight set that `from_pretrained` would load.
  ///
  /// - Throws: `shard-missing` where the folder holds nothing but an index.
  public func primaryWeightSet() throws(CheckpointError) -> WeightSet {
    guard let first = weightSets.first else {
      throw CheckpointError(
        .shardMissing, file: path, message: "none of the shards that the index names is there",
        help: "Download the shards; `plimsoll audit` compares index and configuration without them.",
        isMissingInput: true)
    }
    return first
  }
}
