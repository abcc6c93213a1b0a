internal import Graph

// Backward passes that are written out in Python or C++ as several operators.
extension BackwardStep {
  /// `index_backward`: zeros of the input's shape, into which the gradient is put.
  mutating func indexed() -> Tensor { make("index_put", Layout(contiguous: inputLayout(0).shape)) }

  /// -grad * ((self / other) / other): a quotient's divisor; `dividend` is the input that was divided.
  mutating func quotientDivisor(of dividend: Int) -> Tensor {
    let negated = likeGradient("neg")
    let ratio = elementwise("div", with: dividend)
    let twice = elementwise("div", with: dividend)
    let result = elementwise("mul", with: dividend)
    [twice, ratio, negated].forEach { drop($0) }
    return result
  }

  /// The gradient of an elementwise function: temporaries live until the expression's result is there.
  mutating func through(_ function: ElementwiseFunction) -> Tensor {
    let zero = function.masks > 0 ? scalar() : nil
    let masks = (0..<function.masks).map { _ in make("ge", inputLayout(0).preserved, .bool) }
    let temporaries = (0..<function.temporaries).map { _ in likeInput(function.name) }
    let result = likeGradient("\(function.name)_backward")
    for temporary in temporaries.reversed() + masks.reversed() { drop(temporary) }
    if let zero { drop(zero) }
    return result
  }

  /// One number as a tensor, as `where` wants it.
  mutating func scalar() -> Tensor { make("scalar_tensor", Layout(contiguous: [])) }

  /// where(mask, grad, 0).
  mutating func chosen() -> Tensor {
    let zero = scalar()
    let result = likeGradient("where")
    drop(zero)
    return result
  }

  /// where(self == other, grad / 2, grad).masked_fill_(self < other, 0).
  mutating func halved() -> Tensor {
    let half = likeGradient("div")
    let ties = truth("eq")
    let result = likeGradient("where")
    let losers = truth("lt")
    [losers, ties, half].forEach { drop($0) }
    return result
  }

  private mutating func truth(_ cause: String) -> Tensor { make(cause, gradient().layout.preserved, .bool) }

  /// grad * where(self == 0 and exponent >= 0, 0, result * self.log()).
  mutating func powerExponent() -> Tensor {
    let sign = make("ge", inputLayout(1).preserved, .bool)
    let zeros = make("eq", inputLayout(0).preserved, .bool)
    let condition = truth("logical_and")
    drop(zeros)
    drop(sign)
    let logarithm = likeInput("log")
    let product = likeGradient("mul")
    let zero = scalar()
    let choice = likeGradient("where")
    let result = likeGradient("mul")
    [choice, zero, product, logarithm, condition].forEach { drop($0) }
    return result
  }

  /// where(exponent == 0, 0, grad * (exponent * self.pow(exponent - 1))).
  mutating func powerBase() -> Tensor {
    let less = make("sub", inputLayout(1).preserved, inputType(1))
    let chain = ["pow", "mul", "mul"].map { likeGradient($0) }
    let zero = scalar()
    let mask = make("eq", inputLayout(1).preserved, .bool)
    let result = likeGradient("where")
    for temporary in [mask, zero] + chain.reversed() + [less] { drop(temporary) }
    return result
  }

  /// `bloom_gelu_back` of transformers 5.17, models/bloom/modeling_bloom.py.
  mutating func fusedTanhGELU() -> Tensor {
    // tanh(0.79788456 * x * (1 + 0.044715 * x * x))
    let scaled = likeInput("mul")
    let shifted = chain("mul", 3)
    let tanh = replace(merge(scaled, shifted, "mul"), "tanh")
    // 0.5 * x * ((1 - tanh²) * (0.79788456 + 0.1070322243 * x * x)) + 0.5 * (1 + tanh)
    let half = likeInput("mul")
    let slope = chain("rsub", 2)
    let curve = chain("add", 3)
    let product = merge(half, merge(slope, curve, "mul"), "mul")
    let level = chain("mul", 2)
    let factor = merge(product, level, "add")
    let result = likeGradient("mul")
    drop(factor)
    drop(tanh)
    return result
  }

  /// A new tensor in place of another, which goes once it is read.
  private mutating func replace(_ tensor: Tensor, _ cause: String) -> Tensor {
    let result = likeInput(cause)
    drop(tensor)
    return result
  }

  /// A new tensor in place of two.
  private mutating func merge(_ left: Tensor, _ right: Tensor, _ cause: String) -> Tensor {
    let result = likeInput(cause)
    drop(left)
    drop(right)
    return result
  }

  /// `count` operators, each reading the one before.
  private mutating func chain(_ cause: String, _ count: Int) -> Tensor {
    var result = likeInput(cause)
    for _ in 1..<count { result = replace(result, cause) }
    return result
  }
}
