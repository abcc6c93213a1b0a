internal import Checkpoint
internal import Units

/// What the configuration promises beside sizes.
extension ModelAudit {
  // MARK: Types

  /// The declared type against the one that most bytes have, and what is stored otherwise.
  mutating func types() {
    var bytes: [DataType: Int] = [:]
    var names: [DataType: [NamePattern]] = [:]
    for pattern in model.names.patterns where pattern.dataType.isFullWidth {
      // Scales are a quantiser's and buffers are computed again.
      guard model.placements[pattern.example].isParameter else { continue }
      bytes[pattern.dataType] = Tally.sum(bytes[pattern.dataType] ?? 0, pattern.tally.bytes)
      names[pattern.dataType, default: []].append(pattern)
    }
    guard let usual = bytes.max(by: { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) })?.key else { return }
    let declared = configuration.flatMap { $0.declaredDataType ?? $0.section("text_config")?.declaredDataType }
    // Beside quantised weights stands what the quantiser computes in.
    if let declared, declared != usual, model.storedQuantization == nil, bytes[declared] ?? 0 < bytes[usual] ?? 0 {
      findings.add(
        .warning, .dtypeMismatch, file: settings.file,
        "the configuration declares \(declared.rawValue), and \(percentage(bytes[usual] ?? 0, of: bytes)) of the weights "
          + "are stored in \(usual.rawValue)")
    }
    for (type, patterns) in names.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where type != usual {
      let count = patterns.reduce(0) { $0 + $1.tally.tensors }
      findings.add(
        .note, .dtypeIsland, tensor: weightSet.tensors[patterns[0].example].name,
        "\(count) tensors are stored in \(type.rawValue), most others in \(usual.rawValue): "
          + patterns.prefix(3).map(\.text).joined(separator: ", ") + (patterns.count > 3 ? ", …" : ""))
    }
  }

  private func percentage(_ part: Int, of bytes: [DataType: Int]) -> String {
    let all = bytes.values.reduce(0) { Tally.sum($0, $1) }
    return "\(Int((Double(part) / Double(max(all, 1)) * 100).rounded()))%"
  }

  // MARK: Towers and blocks behind the last

  /// Towers that read pictures or sound.
  mutating func towers() {
    guard let configuration else { return }
    let stored = stacks.filter { $0.path.isPerception }
    let isAlone = model.layers.first.map { $0.path.isPerception } ?? true
    let promised = configuration.keys.filter { key in
      Self.towerKeys.contains(key) && configuration.section(key) != nil
    }
    if stored.isEmpty, stacks.count == 1, !isAlone, let key = promised.first,
      !table.patterns.contains(where: { $0.text.isPerception })
    {
      findings.add(
        .warning, .towerMissing, file: settings.file, "`\(key)` describes a tower, and no tensor of one is stored")
    }
    let speaksOf = configuration.keys.contains { key in
      ["vision", "visual", "image", "audio", "vit", "speech", "mm_", "projector"].contains { key.contains($0) }
    }
    if let tower = stored.first, !isAlone, promised.isEmpty, !speaksOf {
      findings.add(
        .warning, .towerUnannounced, file: settings.file,
        tensor: weightSet.tensors[table.patterns[tower.patterns[0]].example].name,
        "\(tower.tensorCount) tensors lie under \(tower.path.dropLast()), of which the configuration does not speak")
    }
  }

  private static let towerKeys: Set<String> = [
    "vision_config", "audio_config", "visual", "vit_config", "speech_config",
  ]

  /// Blocks that predict tokens further on.
  mutating func predictionLayers() {
    let keys = ["num_nextn_predict_layers", "mtp_num_hidden_layers", "num_mtp_layers", "mtp_num_layers"]
    let promised = settings.size(keys)
    let named = stacks.first { $0.path.hasComponent("mtp") || $0.path.hasComponent("mtp_layers") }
    // Without shapes a block behind the last is told by the projection that joins embedding and state.
    let joined = stacks.first { stack in
      stack.patterns.contains { ["eh_proj", "shared_head.head"].contains(table.patterns[$0].module) }
    }
    let stored = model.multiTokenPrediction.map(\.layers.count) ?? named?.blocks.count ?? (joined == nil ? 0 : 1)
    if stored > 0 {
      findings.add(
        .note, .predictionLayersStored,
        tensor: model.multiTokenPrediction?.layers.first?.path ?? named.map { String($0.path.dropLast()) },
        "\(stored) \(stored == 1 ? "block" : "blocks") for multi-token prediction \(stored == 1 ? "is" : "are") stored"
          + (promised == nil && configuration != nil ? ", of which the configuration does not speak" : ""))
    } else if let promised {
      findings.add(
        .note, .predictionLayersMissing, file: settings.file,
        "\(promised.key) is \(promised.value), and no such block is stored")
    }
  }

  // MARK: Biases

  /// The flags that say whether linear layers have biases, against what is stored. Quantisers store biases of zeros.
  mutating func biases() {
    guard model.family != "generic", model.storedQuantization == nil else { return }
    for (key, roles) in Self.biasFlags {
      guard let isPromised = settings.boolean(key) else { continue }
      let modules = model.layers.flatMap { layer in roles.compactMap { layer.modules[$0] } }
      let stored = modules.filter { $0.bias != nil }
      if isPromised, stored.isEmpty, let first = modules.first {
        findings.add(
          .warning, .biasMissing, file: settings.file, tensor: "\(first.path).bias",
          "`\(key)` is true, and no bias is stored")
      } else if !isPromised, let first = stored.first {
        findings.add(
          .warning, .biasUnannounced, file: settings.file, tensor: "\(first.path).bias",
          "`\(key)` is false, and \(stored.count) biases are stored")
      }
    }
  }

  private static let biasFlags: [(key: String, roles: [Role])] = [
    ("attention_bias", [.query, .key, .value, .fusedQKV, .attentionOutput, .queryDown, .keyValueDown]),
    ("qkv_bias", [.query, .key, .value, .fusedQKV]), ("mlp_bias", [.gate, .up, .fusedGateUp, .down]),
  ]

  // MARK: Heads

  /// The head of the class that the configuration names against the one that is stored.
  mutating func headClass() {
    guard let architecture = settings.architecture else { return }
    let isClassifier = architecture.hasSuffix("ForSequenceClassification")
    let isLanguageModel = architecture.hasSuffix("ForCausalLM") || architecture.hasSuffix("LMHeadModel")
    let classifier = model.modules[.classifier]
    let head = model.modules[.head]
    if isLanguageModel, head == nil, let classifier {
      findings.add(
        .warning, .headClassMismatch, file: settings.file, tensor: "\(classifier.path).weight",
        "\(architecture) has a head over the vocabulary, and a classifier is stored")
    } else if isClassifier, classifier == nil, let head, head.path.hasSuffix("lm_head") {
      findings.add(
        .warning, .headClassMismatch, file: settings.file, tensor: "\(head.path).weight",
        "\(architecture) has a classifier, and a head over the vocabulary is stored")
    }
    let isBody = architecture.hasSuffix("Model") && !architecture.contains("Reward")
    guard !isBody, TrainingTask(architecture: architecture) == nil, head == nil, classifier == nil,
      !model.layers.isEmpty
    else { return }
    let own = model.others.filter { !$0.path.contains("#") && !$0.path.isPerception }
    guard let first = own.first, own.count <= 8 else { return }
    findings.add(
      .note, .taskHead, file: settings.file, tensor: "\(first.path).weight",
      "\(architecture) has no head over the vocabulary; beside the layers it stores "
        + own.map(\.path).joined(separator: ", "))
  }
}
