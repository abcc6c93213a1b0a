extension CheckpointError.Code {
  // Files.
  public static let fileMissing = Self(rawValue: "file-missing")
  public static let fileUnreadable = Self(rawValue: "file-unreadable")
  public static let fileChanged = Self(rawValue: "file-changed")
  public static let notRegularFile = Self(rawValue: "not-a-regular-file")
  public static let linkLoop = Self(rawValue: "link-loop")
  public static let noWeights = Self(rawValue: "no-weights")
  public static let pipelineFolder = Self(rawValue: "pipeline-folder")

  // The safetensors header, in the order in which the reference checks.
  public static let headerTooSmall = Self(rawValue: "header-too-small")
  public static let headerTooLarge = Self(rawValue: "header-too-large")
  public static let headerPastEnd = Self(rawValue: "header-past-end")
  public static let headerNotUTF8 = Self(rawValue: "header-not-utf8")
  public static let headerNotJSON = Self(rawValue: "header-not-json")
  public static let headerStructure = Self(rawValue: "header-structure")
  public static let headerDuplicateField = Self(rawValue: "header-duplicate-field")
  public static let headerMissingField = Self(rawValue: "header-missing-field")
  public static let unknownDataType = Self(rawValue: "dtype-unknown")
  public static let tensorOffset = Self(rawValue: "tensor-offset")
  public static let tensorOverflow = Self(rawValue: "tensor-overflow")
  public static let tensorMisaligned = Self(rawValue: "tensor-misaligned")
  public static let tensorSize = Self(rawValue: "tensor-size")
  public static let fileNotCovered = Self(rawValue: "file-not-covered")

  // The index of shards.
  public static let indexTooLarge = Self(rawValue: "index-too-large")
  public static let indexNotUTF8 = Self(rawValue: "index-not-utf8")
  public static let indexNotJSON = Self(rawValue: "index-not-json")
  public static let indexStructure = Self(rawValue: "index-structure")
  public static let indexNoWeightMap = Self(rawValue: "index-no-weight-map")
  public static let indexConflict = Self(rawValue: "index-conflict")
  public static let indexShardName = Self(rawValue: "index-shard-name")
  public static let shardMissing = Self(rawValue: "shard-missing")

  public static let tooLarge = Self(rawValue: "checkpoint-too-large")
  public static let outOfMemory = Self(rawValue: "out-of-memory")
}
