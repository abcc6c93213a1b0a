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

  /// The same with the parts that a file says.
  ///
  /// - Throws: what of the file is not so of these tensors.
  public init(
    checkpoint: Checkpoint, weightSet: WeightSet, architecture: ArchitectureFile?
  ) throws(CheckpointError) {
    try self.init(
      weightSet: weightSet, configuration: checkpoint.configuration,
      adapterConfiguration: checkpoint.adapterConfiguration, architecture: architecture)
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
    let settings = Settings(configuration, adapter: adapterConfiguration)
    var patterns = StackedPatterns(weightSet)
    var choice = FamilyChoice(settings, patterns.table, patterns.stacks, weightSet, rows)
    if choice.family == nil || choice.isRenamed, let finer = patterns.keepingTellingNumbers(weightSet) {
      let other = FamilyChoice(settings, finer.table, finer.stacks, weightSet, rows)
      if other.family != nil || choice.family == nil { (patterns, choice) = (finer, other) }
    }
    self.init(choice, patterns, weightSet, settings)
  }

  /// The same with the parts that a file says.
  ///
  /// - Throws: what of the file is not so of these tensors.
  public init(
    weightSet: WeightSet, configuration: Configuration?, adapterConfiguration: Configuration? = nil,
    architecture: ArchitectureFile?
  ) throws(CheckpointError) {
    guard let architecture else {
      self.init(weightSet: weightSet, configuration: configuration, adapterConfiguration: adapterConfiguration)
      return
    }
    let settings = Settings(configuration, adapter: adapterConfiguration)
    let patterns = try architecture.patterns(of: weightSet)
    self.init(
      FamilyChoice(architecture, settings, patterns.table, patterns.stacks, weightSet), patterns, weightSet, settings)
    architectureFile = architecture.path
  }

  private init(_ choice: FamilyChoice, _ patterns: StackedPatterns, _ weightSet: WeightSet, _ settings: Settings) {
    var patterns = patterns
    patterns.table.makeBuffers(choice.assignment.buffers)
    let packed = PackedWeights(patterns.table, weightSet, settings)
    var assembly = Assembly(choice, patterns.table, weightSet, packed)
    assembly.run()

    self.init(
      family: choice.name, modelType: settings.modelType, isRecognised: choice.isRecognised,
      modules: assembly.outside.modules, others: assembly.outside.others, layers: assembly.layers,
      otherStacks: assembly.otherStacks, names: patterns.names, placements: assembly.placements,
      findings: choice.findings)
    var facts = Facts(choice.isVisionAlone ? settings.ofVision : settings, choice, patterns.table, weightSet, packed)
    isRenamed = choice.isRenamed
    parts = choice.parts(patterns.table, weightSet, packed)
    layersPath = choice.assignment.principal.map { choice.assignment.stacks[$0].name }
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
