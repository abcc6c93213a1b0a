public import Checkpoint
internal import Units

extension ModelDescription {
  /// Holds a weight set's names and shapes against the checkpoint's configuration.
  ///
  /// Never fails: what cannot be told stays nil, and what contradicts is a finding.
  public init(checkpoint: Checkpoint, weightSet: WeightSet) {
    self.init(checkpoint: checkpoint, weightSet: weightSet, rows: .all)
  }

  /// The same as if only some of the families' rows were there, to see what is told of models without one.
  package init(checkpoint: Checkpoint, weightSet: WeightSet, rows: FamilyRows) {
    self.init(
      weightSet: weightSet, configuration: checkpoint.configuration,
      adapterConfiguration: checkpoint.adapterConfiguration, rows: rows)
  }

  /// The same for a weight set and documents that do not lie in one folder: an adapter with its base's
  /// configuration.
  public init(weightSet: WeightSet, configuration: Configuration?, adapterConfiguration: Configuration? = nil) {
    self.init(
      weightSet: weightSet, configuration: configuration, adapterConfiguration: adapterConfiguration, rows: .all)
  }

  package init(
    weightSet: WeightSet, configuration: Configuration?, adapterConfiguration: Configuration? = nil, rows: FamilyRows
  ) {
    let names = NamePatterns(weightSet.tensors)
    let packsWords = weightSet.container != .gguf
    var table = PatternTable(weightSet.tensors, names, packsWords: packsWords)
    var stacks = BlockStack.find(in: table)
    if stacks.isEmpty {
      let other = PatternTable(weightSet.tensors, names, style: .trailing, packsWords: packsWords)
      let found = BlockStack.find(in: other)
      if !found.isEmpty { (table, stacks) = (other, found) }
    }
    let settings = Settings(configuration, adapter: adapterConfiguration)
    let choice = FamilyChoice(settings, table, stacks, weightSet, rows)
    let packed = PackedWeights(table, weightSet, settings)
    var assembly = Assembly(choice, table, weightSet, packed)
    assembly.run()

    self.init(
      family: choice.name, modelType: settings.modelType, isRecognised: choice.isRecognised,
      modules: assembly.outside.modules, others: assembly.outside.others, layers: assembly.layers,
      otherStacks: assembly.otherStacks, names: names, placements: assembly.placements,
      findings: choice.findings)
    var facts = Facts(choice.isVisionAlone ? settings.ofVision : settings, choice, table, weightSet, packed)
    isRenamed = choice.isRenamed
    facts.fill(&self)
    findings += facts.findings
    packedShapes = packed.weights.mapValues(\.shape)
    packedElements = packed.weights.mapValues(\.elements)
    container = weightSet.container
    runningNames = choice.family?.runningNames ?? [:]
  }

  private init(
    family: String, modelType: String?, isRecognised: Bool, modules: [Role: ModuleParameters],
    others: [ModuleParameters], layers: [Layer], otherStacks: [Stack], names: NamePatterns, placements: [Placement],
    findings: [Finding]
  ) {
    self.family = family
    self.modelType = modelType
    self.isRecognised = isRecognised
    self.modules = modules
    self.others = others
    self.layers = layers
    self.otherStacks = otherStacks
    self.names = names
    self.placements = placements
    self.findings = findings
  }
}
