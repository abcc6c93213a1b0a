/// A function that is applied element by element, and what its derivative needs.
///
/// One row per operator of `tools/autograd/derivatives.yaml` (torch 2.11).
public struct ElementwiseFunction: Hashable, Sendable {
  public enum Kept: Sendable {
    case input, output
  }

  /// The name under which PyTorch's dispatcher knows it.
  public var name: String
  /// What autograd keeps; nil where the gradient alone is enough.
  public var keeps: Kept?
  /// Tensors of the input's size that live while the gradient is formed.
  public var temporaries: Int

  public init(_ name: String, keeps: Kept?, temporaries: Int = 0) {
    self.name = name
    self.keeps = keeps
    self.temporaries = temporaries
  }
}

extension ElementwiseFunction {
  /// The row of a function by its name; nil for one that is not here.
  public static func named(_ name: String) -> ElementwiseFunction? { rows[name] }

  private static let rows: [String: ElementwiseFunction] = {
    let all: [ElementwiseFunction] = [
      .init("abs", keeps: .input, temporaries: 1), .init("acos", keeps: .input, temporaries: 4),
      .init("acosh", keeps: .input, temporaries: 3), .init("asin", keeps: .input, temporaries: 3),
      .init("asinh", keeps: .input, temporaries: 3), .init("atan", keeps: .input, temporaries: 2),
      .init("atanh", keeps: .input, temporaries: 2), .init("ceil", keeps: nil), .init("celu", keeps: .input),
      .init("clamp", keeps: .input), .init("cosh", keeps: .input, temporaries: 1), .init("elu", keeps: .input),
      // 2/sqrt(pi) * exp(-(self.pow(2))) * grad
      .init("erf", keeps: .input, temporaries: 4), .init("exp", keeps: .output), .init("floor", keeps: nil),
      .init("hardsigmoid", keeps: .input), .init("hardswish", keeps: .input), .init("leaky_relu", keeps: .input),
      .init("log", keeps: .input), .init("mish", keeps: .input), .init("reciprocal", keeps: .output, temporaries: 2),
      .init("round", keeps: nil), .init("selu", keeps: .input), .init("sign", keeps: nil),
      .init("sinh", keeps: .input, temporaries: 1), .init("softplus", keeps: .input),
      .init("softsign", keeps: .input, temporaries: 2), .init("sqrt", keeps: .output, temporaries: 1),
      .init("tan", keeps: .output, temporaries: 2), .init("threshold", keeps: .input),
      .init("maximum", keeps: .input, temporaries: 1), .init("minimum", keeps: .input, temporaries: 1),
      .init("cumsum", keeps: nil, temporaries: 1), .init("rotary", keeps: nil, temporaries: 3),
    ]
    return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
  }()
}
