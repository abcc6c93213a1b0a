internal import Checkpoint
internal import Units

/// The sizes of a model, each from where it is surest: the tensors, then the configuration, then what follows from
/// both, then a default.
struct Facts {
  let settings: Settings
  let choice: FamilyChoice
  let table: PatternTable
  let weightSet: WeightSet
  let packed: PackedWeights
  private(set) var findings: [Finding] = []

  init(
    _ settings: Settings, _ choice: FamilyChoice, _ table: PatternTable, _ weightSet: WeightSet, _ packed: PackedWeights
  ) {
    self.packed = packed
    self.settings = settings
    self.choice = choice
    self.table = table
    self.weightSet = weightSet
  }

  var keys: ConfigurationKeys { choice.family?.keys ?? .unknown }

  mutating func fill(_ model: inout ModelDescription) {
    let base = agreeingBase(model)
    model.layerCount = layerCount(model)
    model.hiddenSize = hiddenSize(model)
    model.vocabularySize = vocabularySize(model)
    attention(&model)
    model.intermediateSize = intermediateSize(model)
    model.expertCount = expertCount(model)
    model.maximumPositions = maximumPositions(model)
    model.tiedEmbeddings = tiedEmbeddings(model)
    model.task = task(model)
    model.labelCount = labelCount(model)
    if let base { complete(&model, from: base) }
    model.quantizedStorage = QuantizedStorage(table, packed, weightSet.tensors)
    model.parameterCount = parameterCount(model.quantizedStorage)
    if let count = model.parameterCount?.value, count > 0 {
      let bytes = table.patterns.reduce(0) { Tally.sum($0, $1.tally.bytes) }
      model.quantizedStorage?.bitsPerParameter = Double(bytes) * 8 / Double(count)
    }
    storedQuantization(&model)
  }

  mutating func report(_ finding: Finding) { findings.append(finding) }

  /// A number of the configuration as a fact.
  func declared(_ keys: [String]) -> Sourced<Int>? {
    settings.size(keys).map { Sourced($0.value, .exact, source: "\(settings.file ?? "config.json") \($0.key)") }
  }

  /// The tensors win over a configuration that says otherwise, and a finding says so.
  private mutating func settled(
    _ fromTensors: Sourced<Int>?, _ keys: [String], _ rule: Finding.ArchitectureRule, _ what: String
  ) -> Sourced<Int>? {
    let said = settings.size(keys)
    guard let fromTensors else { return declared(keys) }
    // Sizes of several kinds of blocks have a key each.
    let isSaid = keys.contains { settings.size([$0])?.value == fromTensors.value }
    if let said, !isSaid, choice.family != nil || !Self.guessed.contains(rule) {
      report(
        Finding(
          .warning, rule, file: settings.file,
          "\(said.key) is \(said.value), but the tensors show \(fromTensors.value) (\(what))"))
    }
    return fromTensors
  }

  /// Rules that hold a part against the configuration, which is no contradiction where the part was guessed.
  private static let guessed: Set<Finding.ArchitectureRule> = [.intermediateSizeMismatch, .expertCountMismatch]

  // MARK: Sizes

  private mutating func layerCount(_ model: ModelDescription) -> Sourced<Int>? {
    guard !model.layers.isEmpty, let first = model.layers.first else { return declared(keys.layers) }
    let counted = Sourced(
      model.layers.count, choice.isRecognised ? .exact : .derived, source: "blocks under \(parent(of: first.path))")
    // An adapter may leave layers out.
    if weightSet.kind == .adapter, let said = declared(keys.layers) { return said }
    // ALBERT runs one block many times.
    if choice.family == nil, model.layers.count == 1, let said = declared(keys.layers) { return said }
    return settled(counted, keys.layers, .layerCountMismatch, "blocks under \(parent(of: first.path))")
  }

  private func parent(of path: String) -> String {
    String(path[..<(path.lastIndex { $0 == "." || $0 == "/" } ?? path.endIndex)])
  }

  private mutating func hiddenSize(_ model: ModelDescription) -> Sourced<Int>? {
    // The factors of an adapter of an unknown family do not tell which side is the model's.
    if weightSet.kind == .adapter, choice.family == nil { return declared(keys.hidden) }
    let first = model.layers.first?.modules ?? [:]
    let vectors: [Role] = [.inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm]
    let norm =
      vectors.lazy.compactMap { first[$0] }.first { $0.weight?.rank == 1 } ?? model.modules[.finalNorm]
    var found: Sourced<Int>?
    if let norm, let shape = norm.weight, shape.rank == 1 {
      found = Sourced(shape[0], .exact, source: "\(norm.path).weight")
    } else if let query = first[.query] ?? first[.fusedQKV] ?? first[.up], let features = query.features {
      found = Sourced(features.input, .exact, source: "\(query.path).weight")
    } else if let embedding = model.modules[.inputEmbedding], let shape = embedding.weight, shape.rank == 2 {
      found = Sourced(shape[1], .exact, source: "\(embedding.path).weight")
    }
    if !choice.isRecognised, found != nil { found?.provenance = .derived }
    return settled(found, keys.hidden, .hiddenSizeMismatch, found?.source ?? "")
  }

  private mutating func vocabularySize(_ model: ModelDescription) -> Sourced<Int>? {
    guard choice.family.map({ !$0.keys.vocabulary.isEmpty }) ?? true else { return nil }
    let stacks = [model.modules] + model.otherStacks.map(\.modules)
    let embedding = stacks.lazy.compactMap { $0[.inputEmbedding] }.first { $0.weight?.rank == 2 }
    // Packed rows (MLX) are still one per token. A table of more rows than tokens is padded, one of fewer is another.
    let found = embedding.flatMap { module in
      module.weight.map { Sourced($0[0], .exact, source: "rows of \(module.path).weight") }
    }
    if choice.family == nil, let said = settings.size(keys.vocabulary), let found, found.value < said.value,
      !Self.isNamedEmbedding(found.source)
    {
      return rows(like: said.value) ?? declared(keys.vocabulary)
    }
    return settled(found ?? packedRows(), keys.vocabulary, .vocabularySizeMismatch, found?.source ?? "")
  }

  /// Whether a guessed embedding bears the name of one.
  private static func isNamedEmbedding(_ name: String) -> Bool { ["emb", "wte", "tok"].contains(where: name.contains) }

  /// A matrix beside the blocks that has a row for each of so many tokens: of an embedding whose width is another than
  /// the model's (ALBERT), nothing else tells.
  private func rows(like vocabulary: Int) -> Sourced<Int>? {
    for pattern in table.patterns where pattern.stackPath == nil && pattern.part == .weight {
      let tensor = weightSet.tensors[pattern.example]
      guard tensor.shape.rank == 2, tensor.shape[0] == vocabulary else { continue }
      return Sourced(vocabulary, .derived, source: "rows of \(tensor.name)")
    }
    return nil
  }

  /// MLX packs along the rows, so an embedding still has one row per token.
  private func packedRows() -> Sourced<Int>? {
    for (number, pattern) in table.patterns.enumerated()
    where pattern.packing == .mlx && choice.assignment.roles[number] == .inputEmbedding {
      let tensor = weightSet.tensors[pattern.example]
      if tensor.shape.rank == 2 { return Sourced(tensor.shape[0], .exact, source: "rows of \(tensor.name)") }
    }
    return nil
  }

  private mutating func intermediateSize(_ model: ModelDescription) -> Sourced<Int>? {
    for layer in model.layers.prefix(8) {
      let modules = layer.modules
      if let up = modules[.up], let width = up.features?.output {
        return settled(
          Sourced(width, .exact, source: "\(up.path).weight"), keys.intermediate, .intermediateSizeMismatch,
          "\(up.path).weight")
      }
      if let down = modules[.down], let width = down.features?.input {
        return Sourced(width, .exact, source: "\(down.path).weight")
      }
    }
    if let said = declared(keys.intermediate) { return said }
    guard let expert = model.layers.first?.modules[.expertDown], let shape = expert.weight,
      let width = shape.dimensions.last
    else { return nil }
    return Sourced(width, .derived, source: "\(expert.path).weight")
  }

  private mutating func expertCount(_ model: ModelDescription) -> Sourced<Int>? {
    for layer in model.layers.prefix(8) {
      if let router = layer.modules[.router], let experts = router.features?.output {
        return settled(
          Sourced(experts, .exact, source: "rows of \(router.path).weight"), keys.experts,
          .expertCountMismatch, "rows of \(router.path).weight")
      }
    }
    let hasExperts = model.layers.contains { $0.modules[.expertDown] != nil || $0.modules[.router] != nil }
    return hasExperts ? declared(keys.experts) : nil
  }

  private func maximumPositions(_ model: ModelDescription) -> Sourced<Int>? {
    if let table = model.modules[.positionEmbedding], let shape = table.weight, shape.rank >= 2 {
      let rows = shape[shape.rank - 2] - (choice.family?.positionOffset ?? 0)
      if rows > 0 { return Sourced(rows, .exact, source: "rows of \(table.path)") }
    }
    return declared(keys.positions)
  }
}

extension ConfigurationKeys {
  /// Every family's words, for a model that has no row.
  static let unknown = ConfigurationKeys(
    layers: ["num_hidden_layers", "n_layer", "n_layers", "num_layers"],
    hidden: ["hidden_size", "n_embd", "d_model", "dim"],
    heads: ["num_attention_heads", "n_head", "n_heads", "num_heads"],
    keyValueHeads: ["num_key_value_heads", "num_kv_heads", "n_kv_heads", "n_head_kv"],
    headDimension: ["head_dim", "d_kv", "kv_channels"],
    intermediate: ["intermediate_size", "n_inner", "ffn_dim", "d_ff", "ffn_hidden_size"],
    positions: ["max_position_embeddings", "n_positions", "max_seq_len", "max_sequence_length", "seq_length"],
    experts: ["num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"])
}
