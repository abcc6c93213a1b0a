internal import Graph
internal import Units

extension DecoderLowering {
  /// A norm over the hidden features.
  func norm(_ g: inout GraphBuilder, _ input: Tensor, _ module: ModuleParameters, _ name: String) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    return g.frame(name) { g in
      switch choices.norm {
      case .layerNorm: return g.layerNorm(input, weight, bias)
      case .rms:
        let normalized = rootMeanSquare(&g, input)
        return g.multiply(weight, g.cast(normalized, to: input.dataType))
      case .rmsOnePlus:
        let normalized = rootMeanSquare(&g, input)
        let scale = g.addScalar(g.cast(weight, to: .float32))
        return g.cast(g.multiply(normalized, scale), to: input.dataType)
      }
    }
  }

  /// x · rsqrt(mean(x²) + ε) in fp32, with the variables that the Python code keeps.
  private func rootMeanSquare(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let wide = g.cast(input, to: .float32)
    let variance = g.hold(g.mean(g.power(wide, 2)))
    return g.hold(g.multiply(wide, g.reciprocalSquareRoot(g.addScalar(variance))))
  }

  /// The feed-forward part of a layer.
  func mlp(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor {
    guard let up = layer.modules[.up], let down = layer.modules[.down] else { return input }
    if let gate = layer.modules[.gate] {
      return g.frame("mlp") { g in
        let gated = activation(&g, linear(&g, input, gate))
        return linear(&g, g.multiply(gated, linear(&g, input, up)), down)
      }
    }
    return g.frame(choices.flattensMLP ? "" : "mlp") { g in
      let hidden = activation(&g, linear(&g, input, up))
      return dropped(&g, linear(&g, hidden, down), choices.residualDropout)
    }
  }

  /// The activation function that the configuration names, as `transformers.activations.ACT2FN` implements it.
  func activation(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let name = configuration?.string(choices.activation.key) ?? choices.activation.value
    return g.frame("act") { g in
      switch name {
      case "gelu_new", "gelu_fast": newGELU(&g, input)
      case "relu": g.unary(.relu, input)
      case "gelu", "gelu_pytorch_tanh", "gelu_python": g.unary(.gelu, input)
      default: g.unary(.silu, input)
      }
    }
  }

  /// 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), operator by operator (`NewGELUActivation`).
  private func newGELU(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let half = g.multiplyScalar(input)
    let inner = g.add(input, g.multiplyScalar(g.power(input, 3)))
    let bent = g.unary(.tanh, g.multiplyScalar(inner))
    return g.multiply(half, g.addScalar(bent))
  }
}
