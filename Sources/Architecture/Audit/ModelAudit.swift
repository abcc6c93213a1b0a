public import Checkpoint
internal import Units

/// Holds the tensors of a weight set against each other and against the configuration.
///
/// A rule is a function over these facts; each topic has a file. Where roles were guessed from shapes, rules that hold
/// shapes against roles are left out, and where only an index is there, so are all that need a shape.
struct ModelAudit {
  let checkpoint: Checkpoint
  let weightSet: WeightSet
  let model: ModelDescription
  let settings: Settings
  let family: Family?
  let table: PatternTable
  let stacks: [BlockStack]
  /// Whether shapes and types are those of files.
  let hasShapes: Bool
  var findings = FindingList()

  init(_ checkpoint: Checkpoint, _ weightSet: WeightSet, _ model: ModelDescription, hasShapes: Bool) {
    self.checkpoint = checkpoint
    self.weightSet = weightSet
    self.model = model
    self.hasShapes = hasShapes
    settings = Settings(checkpoint.configuration, adapter: checkpoint.adapterConfiguration)
    family = Family.row(model.family)
    table = PatternTable(weightSet.tensors, model.names)
    stacks = BlockStack.find(in: table)
  }

  mutating func run() {
    layerNumbers()
    layersAmongSiblings()
    experts()
    prefixes()
    predictionLayers()
    towers()
    biases()
    headClass()
    quantization()
    guard hasShapes else { return indexSize() }
    shapesAmongSiblings()
    typesAmongSiblings()
    types()
    positions()
    tokens()
    if family != nil, !isHierarchical { relations() }
  }

  /// `config.json`, where it is there.
  var configuration: Configuration? { checkpoint.configuration }

  /// Contradictions among parts that a family's own row names are sure; among those of a row that merely fits they
  /// are likely.
  var certainty: Finding.Severity { model.isRecognised ? .error : .warning }

  /// Whether the configuration gives a size for each layer by itself.
  var hasLayersOfTheirOwn: Bool {
    guard let configuration else { return false }
    if configuration.contains("block_configs") { return true }
    let counts = Set(stacks.map(\.blocks.count))
    let sections = [configuration] + configuration.keys.compactMap { configuration.section($0) }
    return sections.contains { section in
      section.keys.contains { counts.contains(section.integers($0)?.count ?? 0) && section.integers($0) != [] }
    }
  }
}

extension Checkpoint {
  /// Everything that is wrong with a checkpoint, suspicious or worth knowing: what reading it brought to light, what
  /// lies beside it, and what its tensors and its configuration say against each other.
  public func auditFindings() -> [Finding] {
    auditFindings(of: auditedWeightSet.map { ($0, ModelDescription(checkpoint: self, weightSet: $0)) })
  }

  /// The same, and the model that the tensors were taken for; nil where the rest of it lies in other files.
  ///
  /// - Throws: what of the architecture file is not so of these tensors.
  public func audited(
    as architecture: ArchitectureFile?
  ) throws(CheckpointError) -> (findings: [Finding], model: ModelDescription?) {
    guard let set = auditedWeightSet else { return (auditFindings(of: nil), nil) }
    let model = try ModelDescription(checkpoint: self, weightSet: set, architecture: architecture)
    return (auditFindings(of: (set, model)), model)
  }

  /// The weights that are held against the configuration; of an index alone, the names in it.
  private var auditedWeightSet: WeightSet? { isPartial ? nil : weightSets.first ?? unbackedWeightSet }

  /// Whether the rest of the model lies in other files.
  private var isPartial: Bool { findings.contains { $0.rule == Finding.Rule.oneShardOnly.rawValue } }

  private func auditFindings(of audited: (set: WeightSet, model: ModelDescription)?) -> [Finding] {
    var all = findings + folderFindings()
    if isPartial { return all }
    if let (set, model) = audited {
      all += model.findings
      if set.kind == .model {
        var audit = ModelAudit(self, set, model, hasShapes: !weightSets.isEmpty)
        audit.run()
        all += audit.findings.all
      }
    }
    for adapter in weightSets where adapter.kind == .adapter {
      var audit = AdapterAudit(self, adapter)
      audit.run()
      all += audit.findings.all
    }
    return all.map(located)
  }

  /// A finding with the file that holds its tensor, where it names none.
  private func located(_ finding: Finding) -> Finding {
    guard finding.file == nil, let name = finding.tensor else { return finding }
    var finding = finding
    finding.file = weightSets.lazy.compactMap { set in set.tensor(named: name).map { set.files[$0.fileIndex] } }.first
    return finding
  }
}
