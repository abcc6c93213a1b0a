internal import Graph

/// An activation function, by the ways in which `transformers.activations` writes them out.
enum ActivationFunction {
  case silu
  /// One kernel, whichever approximation it takes.
  case gelu
  case newGELU
  case fastGELU
  case quickGELU
  case bloomGELU
  case relu
  case squaredReLU
  case sigmoid
  case tanh

  /// - Parameter name: a key of `ACT2FN`, or a word of T5's `feed_forward_proj`.
  init?(_ name: String) {
    switch name {
    case "silu", "swish": self = .silu
    case "gelu", "gelu_pytorch_tanh", "gelu_python": self = .gelu
    case "gelu_new", "gelu_accurate", "gated-gelu": self = .newGELU
    case "gelu_fast": self = .fastGELU
    case "quick_gelu": self = .quickGELU
    case "bloom_gelu": self = .bloomGELU
    case "relu", "gated-relu": self = .relu
    case "relu2": self = .squaredReLU
    case "sigmoid": self = .sigmoid
    case "tanh": self = .tanh
    default: return nil
    }
  }
}

extension ModuleLowering {
  /// The activation function that the configuration names, as `transformers.activations.ACT2FN` implements it.
  func activation(_ g: inout GraphBuilder, _ input: Tensor, _ setting: ConfiguredValue<String>) -> Tensor {
    let function = ActivationFunction(configuration?.string(setting.key) ?? setting.value) ?? .silu
    return g.frame("act") { g in
      switch function {
      case .newGELU: newGELU(&g, input)
      case .fastGELU: fastGELU(&g, input)
      case .quickGELU: g.multiply(input, g.unary(.sigmoid, g.multiplyScalar(input)))
      case .squaredReLU: squaredReLU(&g, input)
      case .sigmoid: g.unary(.sigmoid, input)
      case .tanh: g.unary(.tanh, input)
      case .bloomGELU: g.fusedTanhGELU(input)
      case .relu: g.unary(.relu, input)
      case .gelu: g.unary(.gelu, input)
      case .silu: g.unary(.silu, input)
      }
    }
  }

  /// Why an activation that the configuration names cannot be run; nil where it can.
  func whyCannotRun(activation setting: ConfiguredValue<String>) -> String? {
    guard let name = configuration?.string(setting.key), ActivationFunction(name) == nil else { return nil }
    return "what the activation \"\(name)\" keeps is not known"
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
