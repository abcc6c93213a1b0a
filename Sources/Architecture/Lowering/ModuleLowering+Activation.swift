internal import Graph

extension ModuleLowering {
  /// The activation function that the configuration names, as `transformers.activations.ACT2FN` implements it.
  func activation(_ g: inout GraphBuilder, _ input: Tensor, _ setting: ConfiguredValue<String>) -> Tensor {
    let name = configuration?.string(setting.key) ?? setting.value
    return g.frame("act") { g in
      switch name {
      case "gelu_new", "gelu_fast": newGELU(&g, input)
      case "bloom_gelu": g.fusedTanhGELU(input)
      case "relu": g.unary(.relu, input)
      // x · sigmoid(1.702 · x) (`QuickGELUActivation`)
      case "quick_gelu": g.multiply(input, g.unary(.sigmoid, g.multiplyScalar(input)))
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
