/// A downloaded model: its weight sets, what its documents declare, and what was noticed while reading.
public struct Checkpoint: Sendable {
  /// The path as the user gave it.
  public var path: String
  /// Every weight set found; the first is the one that `from_pretrained` would load.
  public var weightSets: [WeightSet]
  /// `config.json`; nil where there is none (a single file, an adapter without its base).
  public var configuration: Configuration?
  /// `adapter_config.json` of a LoRA folder.
  public var adapterConfiguration: Configuration?
  public var findings: [Finding]

  package init(
    path: String, weightSets: [WeightSet], configuration: Configuration?, adapterConfiguration: Configuration?,
    findings: [Finding]
  ) {
    self.path = path
    self.weightSets = weightSets
    self.configuration = configuration
    self.adapterConfiguration = adapterConfiguration
    self.findings = findings
  }
}
