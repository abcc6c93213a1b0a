internal import Checkpoint
internal import Units

/// Holds the factors of a LoRA adapter against each other, against its configuration and against its base.
struct AdapterAudit {
  /// The two factors of one module: `[rank, in]` and `[out, rank]`.
  private struct Factors {
    var down: StoredTensor?
    var up: StoredTensor?
  }

  let checkpoint: Checkpoint
  let weightSet: WeightSet
  let configuration: Configuration?
  /// By the path of the module, in the order of the tensors.
  private var modules: [(path: String, factors: Factors)] = []
  var findings = FindingList()

  init(_ checkpoint: Checkpoint, _ weightSet: WeightSet) {
    self.checkpoint = checkpoint
    self.weightSet = weightSet
    configuration = checkpoint.adapterConfiguration
    var known: [String: Int] = [:]
    for tensor in weightSet.tensors {
      guard let (path, isDown) = Self.split(tensor.name) else { continue }
      if known[path] == nil {
        known[path] = modules.count
        modules.append((path, Factors()))
      }
      guard let position = known[path] else { continue }
      if isDown { modules[position].factors.down = tensor } else { modules[position].factors.up = tensor }
    }
  }

  /// The adapted module of a factor: `q_proj` of `q_proj.lora_A.weight` and of `q_proj.lora_A.default.weight`.
  private static func split(_ name: String) -> (path: String, isDown: Bool)? {
    var parts = name.split(separator: ".")
    guard let marker = parts.lastIndex(where: { markers[String($0)] != nil }),
      let isDown = markers[String(parts[marker])]
    else { return nil }
    parts.removeSubrange(marker...)
    return (parts.joined(separator: "."), isDown)
  }

  private static let markers = [
    "lora_A": true, "lora_B": false, "lora_embedding_A": true, "lora_embedding_B": false,
  ]

  mutating func run() {
    if configuration == nil, !checkpoint.hasFile("adapter_config.json") {
      findings.add(
        .warning, .adapterConfigMissing, file: weightSet.files.first, "no adapter_config.json lies beside the adapter")
    }
    factors()
    if let configuration {
      ranks(configuration)
      targets(configuration)
    }
    base()
  }

  private mutating func factors() {
    for (path, factors) in modules {
      switch (factors.down, factors.up) {
      case (let down?, let up?):
        guard let rank = down.shape.dimensions.first, up.shape.rank >= 2, up.shape[1] != rank else { continue }
        findings.add(
          .error, .adapterFactorShapes, tensor: up.name,
          "has the shape \(up.shape), and the other factor \(down.shape): their ranks differ")
      case (let one?, nil), (nil, let one?):
        findings.add(.error, .adapterFactorMissing, tensor: one.name, "the other factor of \(path) is not stored")
      case (nil, nil): break
      }
    }
  }

  private mutating func ranks(_ configuration: Configuration) {
    guard let declared = configuration.integer("r") else { return }
    // Patterns give some modules a rank of their own.
    let patterns = configuration.section("rank_pattern")
    let isPlain = patterns.map { $0.keys.isEmpty } ?? true
    guard isPlain else { return }
    for (_, factors) in modules {
      guard let down = factors.down, let rank = down.shape.dimensions.first, rank != declared else { continue }
      findings.add(
        .error, .adapterRankMismatch, file: configuration.file, tensor: down.name,
        "`r` is \(declared), and the factor's rank is \(rank)")
    }
  }

  /// Modules by name; a regular expression is not followed.
  private mutating func targets(_ configuration: Configuration) {
    guard let targets = configuration.strings("target_modules"), !targets.isEmpty, !modules.isEmpty else { return }
    for target in targets where !modules.contains(where: { $0.path.endsAsPath(with: target) }) {
      findings.add(
        .warning, .adapterTargetMissing, file: configuration.file,
        "\(target) is a target, and no such module is adapted")
    }
    // PEFT adapts parameters by their names too, since experts are stacks.
    guard configuration.strings("target_parameters") == nil else { return }
    for (path, factors) in modules where !targets.contains(where: path.endsAsPath) {
      findings.add(
        .warning, .adapterTargetUnannounced, file: configuration.file, tensor: (factors.down ?? factors.up)?.name,
        "\(path) is adapted, and is none of the targets \(targets.joined(separator: ", "))")
    }
  }

  /// The base where it lies in the same folder, or is a model whose sizes are known.
  private mutating func base() {
    if let base = checkpoint.weightSets.first(where: { $0.kind == .model }) { return compare(with: base) }
    let model = ModelDescription(checkpoint: checkpoint, weightSet: weightSet)
    let published = configuration?.string("base_model_name_or_path").flatMap(PublishedModel.named)
    if let reason = published?.contradiction(to: model) {
      findings.add(.error, .adapterBaseMismatch, file: configuration?.file, reason)
    }
  }

  private mutating func compare(with base: WeightSet) {
    for (path, factors) in modules {
      let name = path.hasPrefix("base_model.model.") ? String(path.dropFirst("base_model.model.".count)) : path
      guard let weight = base.tensor(named: name + ".weight"), weight.shape.rank == 2, weight.dataType.isFullWidth,
        let down = factors.down, let up = factors.up, down.shape.rank == 2, up.shape.rank == 2
      else { continue }
      let update = Shape([up.shape[0], down.shape[1]])
      // Conv1D stores its weight the other way round.
      guard update != weight.shape, update != Shape(weight.shape.dimensions.reversed()) else { continue }
      findings.add(
        .error, .adapterBaseMismatch, tensor: down.name,
        "the update has the shape \(update), and \(weight.name) \(weight.shape)")
    }
  }
}
