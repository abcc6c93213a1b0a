public import Units

/// A downloaded model: its weight sets, what its documents declare, and what was noticed while reading.
public struct Checkpoint: Sendable {
  /// The path as the user gave it.
  public var path: String
  /// Every weight set found; the first is the one that `from_pretrained` would load. Empty only for a folder that
  /// holds an index and none of its shards, see ``primaryWeightSet()``.
  public var weightSets: [WeightSet]
  /// `config.json`; nil where there is none (a single file, an adapter without its base).
  public var configuration: Configuration?
  /// `adapter_config.json` of a LoRA folder.
  public var adapterConfiguration: Configuration?
  /// `generation_config.json`.
  public var generationConfiguration: Configuration?
  /// The names in an index none of whose shards is there, in natural order; empty for any other checkpoint.
  public var unbackedTensorNames: [String]
  /// `metadata.total_size` of such an index; nil where it has none that is a whole number.
  public var unbackedBytes: ByteCount?
  public var findings: [Finding]
  /// Bytes taken from files: headers, documents and ``StatedShapes``, never weights.
  public var bytesRead: Int

  package init(
    path: String, weightSets: [WeightSet], configuration: Configuration?, adapterConfiguration: Configuration?,
    generationConfiguration: Configuration? = nil, unbackedTensorNames: [String] = [], unbackedBytes: ByteCount? = nil,
    findings: [Finding],
    bytesRead: Int = 0
  ) {
    self.path = path
    self.weightSets = weightSets
    self.configuration = configuration
    self.adapterConfiguration = adapterConfiguration
    self.generationConfiguration = generationConfiguration
    self.unbackedTensorNames = unbackedTensorNames
    self.unbackedBytes = unbackedBytes
    self.findings = findings
    self.bytesRead = bytesRead
  }
}
