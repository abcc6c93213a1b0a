internal import Graph
internal import Units

/// The optimizers of torch 2.11, by what they allocate.
public enum Optimizer: String, CaseIterable, Sendable {
  /// `torch.optim.AdamW(foreach=True)`.
  case adamW = "adamw"
  case adamWFused = "adamw-fused"
  /// `foreach=False`: one parameter after the other.
  case adamWLoop = "adamw-loop"
  case sgd
  case sgdMomentum = "sgd-momentum"
}

extension Optimizer {
  /// One of a parameter's state tensors.
  struct State {
    var cause: String
    /// Whether it has the parameter's shape and type; else it is one fp32 number.
    var isFull: Bool
  }

  /// What the first step leaves behind for each parameter, in the order in which it is made.
  var states: [State] {
    switch self {
    case .adamW, .adamWLoop: [State(cause: "zeros_like", isFull: true), State(cause: "zeros_like", isFull: true)]
    // A fused kernel reads its step counter on the device.
    case .adamWFused:
      [
        State(cause: "zeros", isFull: false), State(cause: "zeros_like", isFull: true),
        State(cause: "zeros_like", isFull: true),
      ]
    case .sgd: []
    case .sgdMomentum: [State(cause: "clone", isFull: true)]
    }
  }

  /// How many tensors of a parameter's size a step needs besides.
  enum Temporaries {
    case none
    /// One for every parameter at once (`_foreach_sqrt` in torch/optim/adam.py).
    case oneEach
    /// These many for one parameter at a time.
    case loop(Int)
  }

  var temporaries: Temporaries {
    switch self {
    case .adamW: .oneEach
    // `(exp_avg_sq.sqrt() / bias_correction2_sqrt).add_(eps)`: the root and the quotient.
    case .adamWLoop: .loop(2)
    case .adamWFused, .sgd, .sgdMomentum: .none
    }
  }
}
