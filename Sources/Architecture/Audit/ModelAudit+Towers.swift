internal import Checkpoint

/// Towers, and blocks behind the last, that are promised or stored.
extension ModelAudit {
  /// Towers that read pictures or sound.
  mutating func towers() {
    guard let configuration else { return }
    let stored = stacks.filter { $0.path.isPerception }
    let isAlone = model.layers.first.map { $0.path.isPerception } ?? true
    let promised = configuration.keys.filter { key in
      Self.towerKeys.contains(key) && configuration.section(key) != nil
    }
    let hasNone = stored.isEmpty && !isAlone && !table.patterns.contains { $0.text.isPerception }
    // A tower may have a name of its own.
    if hasNone, stacks.count == 1, let key = promised.first {
      findings.add(
        .warning, .towerMissing, file: settings.file, "`\(key)` describes a tower, and no tensor of one is stored")
    } else if hasNone, promised.isEmpty, let name = settings.architecture, name.hasSuffix("ForConditionalGeneration"),
      settings.modelType?.hasSuffix("_text") == true
    {
      findings.add(
        .warning, .towerMissing, file: settings.file,
        "\(name) has a tower, and the configuration and the tensors are those of its text model")
    }
    let speaksOf = configuration.keys.contains { key in
      ["vision", "visual", "image", "audio", "vit", "speech", "mm_", "projector"].contains { key.contains($0) }
    }
    if let tower = stored.first, !isAlone, promised.isEmpty, !speaksOf {
      findings.add(
        model.isRecognised ? .warning : .note, .towerUnannounced, file: settings.file,
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
}
