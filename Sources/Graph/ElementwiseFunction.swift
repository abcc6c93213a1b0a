/// A function that is applied element by element, and what its derivative needs.
///
/// One row per operator of `tools/autograd/derivatives.yaml` (torch 2.11).
public struct ElementwiseFunction: Hashable, Sendable {
  public enum Kept: Sendable {
    case input, output, both
  }

  /// The name under which PyTorch's dispatcher knows it.
  public var name: String
  /// What autograd keeps; nil where the gradient alone is enough.
  public var keeps: Kept?
  /// Tensors of the input's size that live while the gradient is formed.
  public var temporaries: Int
  /// Truth values of the input's shape that choose between the gradient and a zero, itself a tensor.
  public var masks: Int

  public init(_ name: String, keeps: Kept?, temporaries: Int = 0, masks: Int = 0) {
    self.name = name
    self.keeps = keeps
    self.temporaries = temporaries
    self.masks = masks
  }
}

extension ElementwiseFunction {
  /// The row of a function by its name; nil for one that is not here.
  public static func named(_ name: String) -> ElementwiseFunction? { rows[name] }

  private static let rows: [String: ElementwiseFunction] = {
    let all: [ElementwiseFunction] = [
      .init("abs", keeps: .input, temporaries: 1),
      // grad * -((-self * self + 1).rsqrt())
      .init("acos", keeps: .input, temporaries: 5),
      .init("acosh", keeps: .input, temporaries: 3), .init("asin", keeps: .input, temporaries: 4),
      .init("asinh", keeps: .input, temporaries: 3), .init("atan", keeps: .input, temporaries: 2),
      .init("atanh", keeps: .input, temporaries: 3), .init("ceil", keeps: nil), .init("celu", keeps: .input),
      // where(logical_and_(self >= min, self <= max), grad, 0), or one of the two (clamp_backward)
      .init("clamp", keeps: .input, masks: 2), .init("clamp_bound", keeps: .input, masks: 1),
      .init("cosh", keeps: .input, temporaries: 1), .init("elu", keeps: .input),
      // 2/sqrt(pi) * exp(-(self.pow(2))) * grad
      .init("erf", keeps: .input, temporaries: 4), .init("exp", keeps: .output), .init("floor", keeps: nil),
      .init("hardsigmoid", keeps: .input), .init("hardswish", keeps: .input), .init("leaky_relu", keeps: .input),
      .init("log", keeps: .input), .init("mish", keeps: .input), .init("reciprocal", keeps: .output, temporaries: 2),
      .init("roll", keeps: nil), .init("round", keeps: nil), .init("selu", keeps: .input), .init("sign", keeps: nil),
      .init("sinh", keeps: .input, temporaries: 1), .init("softplus", keeps: .input),
      // grad * (result * log(self)) of a number's power (pow_backward_exponent)
      .init("rpow", keeps: .both, temporaries: 1), .init("rsub", keeps: nil),
      .init("sqrt", keeps: .output, temporaries: 1),
      .init("tan", keeps: .output, temporaries: 2), .init("threshold", keeps: .input),
      .init("maximum", keeps: .both), .init("minimum", keeps: .both),
      // grad.flip(dim).cumsum(dim).flip(dim)
      .init("cumsum", keeps: nil, temporaries: 2), .init("rotary", keeps: nil, temporaries: 3),
    ]
    return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
  }()
}
