internal import Graph
internal import Units

// models/convnext/modeling_convnext.py of transformers 5.17.
extension ConvolutionalLowering {
  /// Patches, then stages of blocks, each stage behind the first at half the sides.
  func depthwiseBody(_ g: inout GraphBuilder, _ pixels: Tensor) -> Tensor {
    let patch = min(max(1, configuration?.integer("patch_size") ?? 4), sizes.side)
    var hidden = g.frame("embeddings") { g in
      let kernel = module("embeddings.patch_embeddings", [sizes.stem, sizes.channels, patch, patch], hasBias: true)
      let cut = convolved(&g, pixels, kernel, stride: patch, padding: 0)
      return channelNorm(&g, cut, "embeddings.layernorm")
    }
    g.hold(hidden)
    let rates = dropRates()
    var block = 0
    for (stage, width) in sizes.widths.enumerated() {
      let path = "encoder.stages.\(stage)"
      let before = hidden
      hidden = g.frame("stages.\(stage)") { g in
        var hidden = before
        if stage > 0 {
          hidden = channelNorm(&g, hidden, "\(path).downsampling_layer.0")
          let kernel = module("\(path).downsampling_layer.1", [width, hidden.shape[1], 2, 2], hasBias: true)
          hidden = convolved(&g, hidden, kernel, stride: 2, padding: 0)
        }
        for layer in 0..<sizes.depths[stage] {
          let input = hidden
          let rate = rates[block]
          hidden = g.frame("layers.\(layer)") { g in depthwiseBlock(&g, input, "\(path).layers.\(layer)", rate) }
          block += 1
        }
        return hidden
      }
    }
    return hidden
  }

  /// Stochastic depth grows evenly from block to block.
  private func dropRates() -> [Double] {
    let count = sizes.depths.reduce(0, +)
    let last = configuration?.number("drop_path_rate") ?? 0
    return (0..<count).map { count > 1 ? last * Double($0) / Double(count - 1) : 0 }
  }

  private func depthwiseBlock(_ g: inout GraphBuilder, _ input: Tensor, _ path: String, _ rate: Double) -> Tensor {
    let width = input.shape[1]
    let spread = convolved(
      &g, input, module("\(path).dwconv", [width, 1, 7, 7], hasBias: true), stride: 1, padding: 3)
    let rows = g.permute(spread, [0, 2, 3, 1])
    var hidden = norm(&g, rows, module("\(path).layernorm", [width], hasBias: true), .layerNorm, "layernorm")
    hidden = linear(&g, hidden, module("\(path).pwconv1", [4 * width, width], hasBias: true))
    hidden = activation(&g, hidden, ConfiguredValue("hidden_act", "gelu"))
    hidden = linear(&g, hidden, module("\(path).pwconv2", [width, 4 * width], hasBias: true))
    if configuration?.number("layer_scale_init_value") ?? 1e-6 > 0 {
      let name = "\(module(path, [], hasBias: false).path).layer_scale_parameter"
      hidden = g.multiply(parameter(&g, name, [width]), hidden)
    }
    return g.add(input, dropPath(&g, g.permute(hidden, [0, 3, 1, 2]), rate: rate))
  }

  /// A norm over the channels of an image [B, C, H, W].
  private func channelNorm(_ g: inout GraphBuilder, _ input: Tensor, _ path: String) -> Tensor {
    let rows = g.permute(input, [0, 2, 3, 1])
    let normed = norm(&g, rows, module(path, [input.shape[1]], hasBias: true), .layerNorm, "layernorm")
    return g.permute(normed, [0, 3, 1, 2])
  }
}
