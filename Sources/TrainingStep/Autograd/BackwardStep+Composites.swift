internal import Graph

// Backward passes that are written out in Python or C++ as several operators.
extension BackwardStep {
  /// `index_backward`: zeros of the input's shape, into which the gradient is put.
  mutating func indexed() -> Tensor { make("index_put", Layout(contiguous: inputLayout(0).shape)) }

  /// The gradient of an elementwise function: temporaries live until the expression's result is there.
  mutating func through(_ function: ElementwiseFunction) -> Tensor {
    let temporaries = (0..<function.temporaries).map { _ in likeInput(function.name) }
    let result = likeGradient("\(function.name)_backward")
    for temporary in temporaries.reversed() { drop(temporary) }
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
