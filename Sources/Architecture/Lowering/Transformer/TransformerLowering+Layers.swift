internal import Checkpoint

extension TransformerLowering {
  /// Whether a layer sees a window only, or a chunk.
  func isWindowed(_ layer: ModelDescription.Layer) -> Bool {
    switch choices.window {
    case .none, .all: return false
    case .chunks: return turns(layer)
    case .alternatingWhereUsed where configuration?.boolean("use_sliding_window") != true: return false
    case .alternating, .alternatingWhereUsed: break
    }
    if let types = configuration?.strings("layer_types") {
      return types.indices.contains(layer.index) && types[layer.index] == "sliding_attention"
    }
    if case .alternatingWhereUsed = choices.window,
      layer.index >= configuration?.integer("max_window_layers") ?? 28 { return false }
    return layer.index % 2 == 0
  }

  /// Whether a layer turns its queries and keys.
  func turns(_ layer: ModelDescription.Layer) -> Bool {
    switch choices.turned {
    case .all: return true
    case .listed:
      if let listed = configuration?.integers("no_rope_layers"), listed.indices.contains(layer.index) {
        return listed[layer.index] != 0
      }
      return (layer.index + 1) % max(1, configuration?.integer("no_rope_layer_interval") ?? 4) != 0
    }
  }
}
