internal import Checkpoint

// In what the layers of one model differ.

extension TransformerLowering {
  /// Whether a layer sees a window only, or a chunk, with a mask of its own: as `layer_types` says, or by the family's
  /// rule.
  func isWindowed(_ layer: ModelDescription.Layer) -> Bool {
    switch choices.window {
    case .none, .all: return false
    case .chunks: return turns(layer)
    case .last where configuration?.boolean("use_sliding_window") != true: return false
    case .alternatingWhereUsed where configuration?.boolean("use_sliding_window") != true: return false
    case .alternating, .alternatingWhereUsed, .allButEvery, .last, .listed, .byKind: break
    }
    if let types = configuration?.strings("layer_types") {
      return types.indices.contains(layer.index) && types[layer.index] == "sliding_attention"
    }
    switch choices.window {
    case .alternating: return layer.index % 2 == 0
    case .alternatingWhereUsed:
      return layer.index % 2 == 0 && layer.index < configuration?.integer("max_window_layers") ?? 28
    case .allButEvery(let usual):
      let every = max(1, configuration?.integer(anyOf: "sliding_window_pattern", "_sliding_window_pattern") ?? usual)
      return (layer.index + 1) % every != 0
    case .last: return layer.index >= configuration?.integer("max_window_layers") ?? 28
    case .byKind: return layer.index % max(1, configuration?.integer("global_attn_every_n_layers") ?? 3) != 0
    case .none, .all, .listed, .chunks: return false
    }
  }

  /// Whether a layer turns its queries and keys.
  func turns(_ layer: ModelDescription.Layer) -> Bool {
    switch choices.turned {
    case .all: return true
    case .windowed: return isWindowed(layer) || configuration?.presence(of: "sliding_window") == .null
    case .listed:
      if let listed = configuration?.integers("no_rope_layers"), listed.indices.contains(layer.index) {
        return listed[layer.index] != 0
      }
      return (layer.index + 1) % max(1, configuration?.integer("no_rope_layer_interval") ?? 4) != 0
    }
  }
}
