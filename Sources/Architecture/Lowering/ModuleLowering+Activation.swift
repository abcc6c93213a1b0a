internal import Graph

extension ModuleLowering {
  /// The activation function that the configuration names, as `transformers.activations.ACT2FN` implements it.
  func activation(_ g: inout GraphBuilder, _ input: Tensor, _ setting: ConfiguredValue<String>) -> Tensor {
    let name = configuration?.string(setting.key) ?? setting.value
    return g.frame("act") { g in
      switch name {
      case "gelu_new", "gelu_accurate", "gated-gelu": newGELU(&g, input)
      case "gelu_fast": fastGELU(&g, input)
      case "quick_gelu": g.multiply(input, g.unary(.sigmoid, g.multiplyScalar(input)))
      case "relu2": squaredReLU(&g, input)
      case "sigmoid": g.unary(.sigmoid, input)
      case "tanh": g.unary(.tanh, input)
      case "bloom_gelu": g.fusedTanhGELU(input)
      case "relu", "gated-relu": g.unary(.relu, input)
      case "gelu", "gelu_pytorch_tanh", "gelu_python": g.unary(.gelu, input)
      default: g.unary(.silu, input)
      }
    }
  }

  /// relu(x)² (`ReLUSquaredActivation`).
  private func squaredReLU(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    g.power(g.hold(g.unary(.relu, input)), 2)
  }

  /// 0.5 · x · (1 + tanh(x · 0.7978845608 · (1 + 0.044715 · x · x))) (`FastGELUActivation`).
  private func fastGELU(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let half = g.multiplyScalar(input)
    let scaled = g.multiplyScalar(input)
    let inner = g.multiply(scaled, g.addScalar(g.multiply(g.multiplyScalar(input), input)))
    return g.multiply(half, g.addScalar(g.unary(.tanh, inner)))
  }

  /// 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), operator by operator (`NewGELUActivation`).
  private func newGELU(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let half = g.multiplyScalar(input)
    let inner = g.add(input, g.multiplyScalar(g.power(input, 3)))
    let bent = g.unary(.tanh, g.multiplyScalar(inner))
    return g.multiply(half, g.addScalar(bent))
  }
}
