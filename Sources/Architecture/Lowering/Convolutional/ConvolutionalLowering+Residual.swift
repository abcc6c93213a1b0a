internal import Graph
internal import Units

// models/resnet/modeling_resnet.py of transformers 5.17.
extension ConvolutionalLowering {
  /// A wide convolution and a pool, then stages of blocks around which the input is added.
  func residualBody(_ g: inout GraphBuilder, _ pixels: Tensor) -> Tensor {
    var hidden = g.frame("embedder") { g in
      let window = ImageWindow(size: 7, stride: 2, padding: 3)
      let wide = normed(&g, pixels, "embedder.embedder", width: sizes.stem, window: window)
      return g.maximumPool(wide, ImageWindow(size: 3, stride: 2, padding: 1))
    }
    for (stage, width) in sizes.widths.enumerated() {
      let shrinks = stage > 0 || configuration?.boolean("downsample_in_first_stage") == true
      for layer in 0..<sizes.depths[stage] {
        let path = "encoder.stages.\(stage).layers.\(layer)"
        let input = hidden
        let stride = layer == 0 && shrinks ? 2 : 1
        hidden = g.frame(path) { g in residualBlock(&g, input, path, width: width, stride: stride) }
      }
    }
    return hidden
  }

  private func residualBlock(
    _ g: inout GraphBuilder, _ input: Tensor, _ path: String, width: Int, stride: Int
  ) -> Tensor {
    var hidden = input
    let isBasic = configuration?.string("layer_type") == "basic"
    if isBasic {
      hidden = normed(
        &g, hidden, "\(path).layer.0", width: width, window: ImageWindow(size: 3, stride: stride, padding: 1))
      hidden = normed(
        &g, hidden, "\(path).layer.1", width: width, window: ImageWindow(size: 3, padding: 1), isBent: false)
    } else {
      let narrow = max(1, width / 4)
      let isEarly = configuration?.boolean("downsample_in_bottleneck") == true
      hidden = normed(
        &g, hidden, "\(path).layer.0", width: narrow, window: ImageWindow(size: 1, stride: isEarly ? stride : 1))
      hidden = normed(
        &g, hidden, "\(path).layer.1", width: narrow,
        window: ImageWindow(size: 3, stride: isEarly ? 1 : stride, padding: 1))
      hidden = normed(&g, hidden, "\(path).layer.2", width: width, window: ImageWindow(size: 1), isBent: false)
    }
    var residual = input
    if input.shape[1] != width || stride != 1 {
      residual = normed(
        &g, input, "\(path).shortcut", width: width, window: ImageWindow(size: 1, stride: stride), isBent: false)
    }
    g.hold(residual)
    return activation(&g, g.addInPlace(hidden, residual), ConfiguredValue("hidden_act", "relu"))
  }

  /// A convolution, a norm over the batch, and an activation (`ResNetConvLayer`).
  private func normed(
    _ g: inout GraphBuilder, _ input: Tensor, _ path: String, width: Int, window: ImageWindow, isBent: Bool = true
  ) -> Tensor {
    g.frame(path) { g in
      let kernel = module("\(path).convolution", [width, input.shape[1], window.size, window.size], hasBias: false)
      let norm = module("\(path).normalization", [width], hasBias: true)
      let hidden =
        settings.technique?.kind == .tunedConvolutions
        ? tuned(&g, input, kernel, norm, window)
        : batchNormed(&g, convolved(&g, input, kernel, stride: window.stride, padding: window.padding), norm)
      return isBent ? activation(&g, hidden, ConfiguredValue("hidden_act", "relu")) : hidden
    }
  }

  private func batchNormed(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters) -> Tensor {
    guard let weight = weight(&g, module), let bias = bias(&g, module) else { return input }
    let (mean, variance) = statistics(&g, module, weight.shape)
    return g.batchNorm(input, weight, bias, mean: mean, variance: variance)
  }

  /// What a norm over the batch has counted.
  private func statistics(
    _ g: inout GraphBuilder, _ module: ModuleParameters, _ shape: Shape
  ) -> (mean: Tensor, variance: Tensor) {
    let mean = g.buffer("\(module.path).running_mean", shape, settings.bufferType)
    let variance = g.buffer("\(module.path).running_var", shape, settings.bufferType)
    _ = g.buffer("\(module.path).num_batches_tracked", [], .int64)
    return (mean, variance)
  }

  /// `efficient_conv_bn_eval` (torch/_inductor/fx_passes/efficient_conv_bn_eval.py), run eagerly: a convolution whose
  /// weight and bias are formed anew from its own, the norm's and what that has counted.
  private func tuned(
    _ g: inout GraphBuilder, _ input: Tensor, _ kernel: ModuleParameters, _ module: ModuleParameters,
    _ window: ImageWindow
  ) -> Tensor {
    guard let kernel = weight(&g, kernel), let weight = weight(&g, module), let bias = bias(&g, module) else {
      return input
    }
    let (mean, variance) = statistics(&g, module, weight.shape)
    let (channels, wide) = (weight.shape, Shape([weight.shape[0], 1, 1, 1]))
    return g.frame("normalization") { g in
      let none = g.create("zeros_like", [], channels, type)
      let deviation = g.create("rsqrt", [g.create("add", [variance], channels, type)], channels, type)
      let scale = g.hold(g.multiply(g.reshape(weight, wide), g.hold(g.reshape(deviation, wide))))
      let folded = g.hold(g.multiply(kernel, scale))
      let shift = g.create("sub", [none, mean], channels, type)
      let moved = g.hold(g.add(bias, g.multiply(g.reshape(scale, channels), shift)))
      g.keepUntilHere(none)
      return g.frame("convolution") { g in
        g.imageConvolution(input, folded, moved, stride: window.stride, padding: window.padding)
      }
    }
  }
}
