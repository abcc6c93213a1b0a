internal import Checkpoint
internal import Graph
internal import Units

/// A vision tower, one of whose hidden states is projected to a language model's features (`LlavaModel`).
struct ProjectedTower: ImageReading {
  private let tower: VisionTower
  private let up: ModuleParameters
  private let down: ModuleParameters
  /// Which hidden states are read, counted from the tower's input.
  private let states: [Int]
  /// Whether the class token is left out.
  private let skipsFirst: Bool
  private let activation: ConfiguredValue<String>

  /// - Throws: ``LoweringError`` where there is no projection that fits tower and decoder.
  init(_ tower: VisionTower, _ configuration: Configuration?, width: Int) throws(LoweringError) {
    let modules = tower.description.modules
    guard let up = modules[.projectorUp], let down = modules[.projectorDown] else {
      throw LoweringError(message: "there is no projection of the image's features, so the model cannot be run")
    }
    let count = tower.stack.layers.count
    let chosen =
      configuration?.integers("vision_feature_layer") ?? [configuration?.integer("vision_feature_layer") ?? -2]
    states = chosen.map { $0 < 0 ? $0 + count + 1 : $0 }
    guard !states.isEmpty, states.allSatisfy({ (0...count).contains($0) }) else {
      throw LoweringError(message: "vision_feature_layer names a layer that the tower does not have")
    }
    if let misfit = up.misfit(input: states.count * tower.hidden, output: nil)
      ?? down.misfit(input: up.features?.output ?? 0, output: width)
    {
      throw LoweringError(message: "\(misfit), so the model cannot be run")
    }
    skipsFirst = configuration?.string("vision_feature_select_strategy") ?? "default" == "default"
    activation = ConfiguredValue("projector_hidden_act", configuration?.string("projector_hidden_act") ?? "gelu")
    self.tower = tower
    self.up = up
    self.down = down
  }

  var tokensPerSample: Int {
    tower.settings.imagesPerSample * (tower.blocks.length - (skipsFirst ? 1 : 0))
  }

  func declare(_ g: inout GraphBuilder) {
    tower.declare(&g)
    for module in [up, down] {
      tower.declare(&g, module)
      tower.declareAdapter(&g, module)
    }
    tower.declareAdapters(&g, tower.stack.layers)
  }

  func pixels(_ g: inout GraphBuilder) -> GraphBuilder.Tensor { tower.pixels(&g) }

  func features(_ g: inout GraphBuilder, _ pixels: GraphBuilder.Tensor) -> GraphBuilder.Tensor {
    let pieces = g.frame("get_image_features") { g in
      var seen: [GraphBuilder.Tensor] = []
      let last = tower.encoded(&g, pixels) { g, state in seen.append(g.hold(state)) }
      if let norm = tower.stack.modules[.finalNorm] {
        g.hold(tower.blocks.norm(&g, g.select(last, axis: 1), norm, "post_layernorm"))
      }
      var chosen = states.map { seen[$0] }
      let length = tower.blocks.length
      if skipsFirst {
        var parts: [GraphBuilder.Tensor] = []
        for state in chosen { parts.append(g.slice(state, axis: 1, start: 1, length: length - 1)) }
        chosen = parts
      }
      let source = chosen.count == 1 ? chosen[0] : g.concatenate(chosen, axis: 2)
      let projected = g.frame("multi_modal_projector") { g in
        tower.linear(&g, tower.activation(&g, tower.linear(&g, source, up), activation), down)
      }
      return g.split(projected, axis: 0, lengths: Array(repeating: 1, count: projected.shape[0]))
    }
    let all = g.concatenate(pieces, axis: 0)
    return g.reshape(all, [all.shape[0] * all.shape[1], all.shape[2]])
  }
}
