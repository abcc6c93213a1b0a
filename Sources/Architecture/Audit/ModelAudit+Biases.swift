internal import Checkpoint

/// Biases that are promised or stored.
extension ModelAudit {
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
}
