internal import Graph
internal import Units

extension Derivative {
  /// The rows for a mixture of experts, after `tools/autograd/derivatives.yaml` of torch 2.11.
  static func of(_ kind: RoutedOperator) -> Derivative {
    switch kind {
    // value_selecting_reduction_backward: zeros, into which the gradient is scattered; with fake tensors into a copy.
    case .topK, .largest: one(saved: { _ in [.output(1)] }) { $0.scattered() }
    // index_backward: zeros, into which the gradient is put; with fake tensors into a copy.
    case .rows: one(saved: { _ in [.input(1)] }) { $0.put() }
    // grad.index_select(dim, index).expand_as(source): the addends are kept for their extents alone.
    case .addRowsInPlace:
      Derivative(saved: { need in need[2] ? [.input(1), .input(2)] : [] }) { step in
        step.each([0, 2]) { step, input in
          guard input == 2 else { return step.alias(step.gradient().layout) }
          return step.make("index_select", Layout(contiguous: step.inputLayout(2).shape))
        }
      }
    case .divideInPlace:
      Derivative(saved: { need in (need[1] ? [.input(2)] : []) + [.input(1)] }) { step in
        step.each([1, 0]) { $1 == 1 ? $0.quotientDivisor(of: 2) : $0.elementwise("div", with: 1) }
      }
    case .clampInPlace:
      one(saved: { _ in [.input(1)] }) { step in
        // where(logical_and_(self >= min, self <= max), grad, 0) (clamp_backward)
        let zero = step.scalar()
        let masks = ["ge", "le"].map { step.make($0, step.inputLayout(0).preserved, .bool) }
        let result = step.likeGradient("where")
        for temporary in masks.reversed() + [zero] { step.drop(temporary) }
        return result
      }
    case .multiplyInPlace: one(saved: { _ in [.input(1)] }) { $0.elementwise("mul", with: 1) }
    // gather_backward: zeros, to which the gradient is added; with fake tensors in a copy.
    case .pick: one(saved: { _ in [.input(0), .input(1)] }) { $0.filled("new_zeros", "scatter_add") }
    case .scatterConstant: one(saved: { _ in [.input(1)] }) { $0.likeGradient("scatter") }
    case .sparseMixer: sparseMixer
    // repeat_backward: the gradient seen by repetitions, and summed.
    case .repeated: one { $0.make("sum", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .copySlice: copySlice
    case .asComplex: one { $0.seen($0.gradient(), as: .float32) }
    case .asReal:
      one { step in
        let gradient = step.gradient()
        guard !gradient.layout.isContiguous else { return step.seen(gradient, as: .complex64) }
        let copy = step.make("clone", Layout(contiguous: gradient.layout.shape))
        let result = step.seen(copy, as: .complex64)
        step.drop(copy)
        return result
      }
    // grad * other.conj(), which is written out first.
    case .turn:
      one(saved: { _ in [.input(1)] }) { step in
        let conjugate = step.make("clone", Layout(contiguous: step.inputLayout(1).shape), step.inputType(1))
        let result = step.elementwise("mul", with: 1)
        step.drop(conjugate)
        return result
      }
    case .scatterInPlace:
      Derivative(saved: { _ in [.input(1)] }) { step in
        step.each([2]) { $0.make("gather", Layout(contiguous: $0.inputLayout($1).shape)) }
      }
    case .putRowsInPlace:
      Derivative(saved: { _ in [.input(1)] }) { step in
        step.each([2]) { $0.make("index", Layout(contiguous: $0.inputLayout($1).shape)) }
      }
    case .sum(let axis, let keepsAxis):
      one { step in
        var layout = step.gradient().layout
        if !keepsAxis { layout = layout.unsqueezed(axis) }
        return step.alias(layout.expanded(to: step.inputLayout(0).shape))
      }
    // Each gradient lies as its tensor does (_grouped_mm_mat1_backward, _grouped_mm_mat2_backward).
    case .groupedProduct:
      Derivative(saved: { need in (need[1] ? [.input(0)] : []) + (need[0] ? [.input(1)] : []) + [.input(2)] }) { step in
        step.each([1, 0]) { $0.make("_grouped_mm", $0.inputLayout($1).preserved) }
      }
    }
  }
}

extension Derivative {
  /// `PhimoeMultiplier.backward` (models/phimoe/modeling_phimoe.py): of the inputs only the logits get a gradient.
  private static var sparseMixer: Derivative {
    Derivative(saved: { _ in [.input(1), .input(2), .input(3)] }) { step in
      step.each([0]) { step, _ in
        let scaled = step.elementwise("mul", with: 1)
        let negated = step.elementwise("mul", with: 1)
        let result = step.make("mul", Layout(contiguous: step.inputLayout(3).shape), step.inputType(3))
        step.drop(negated)
        step.drop(scaled)
        return result
      }
    }
  }

  /// `CopySlices` (torch/csrc/autograd/functions/tensor.cpp): the gradient is copied, its part taken out of the copy,
  /// and zeros put in the part's place.
  private static var copySlice: Derivative {
    Derivative { step in
      let whole = step.make("new_empty_strided", step.inputLayout(0).preserved)
      let part = step.make("clone", Layout(contiguous: step.inputLayout(1).shape))
      step.each([0]) { step, _ in
        let zeros = step.make("zeros_like", Layout(contiguous: step.inputLayout(1).shape))
        step.drop(zeros)
        return whole
      }
      step.each([1]) { _, _ in part }
      if !step.needed[0] { step.drop(whole) }
      if !step.needed[1] { step.drop(part) }
    }
  }
}

extension BackwardStep {
  /// Real numbers in pairs seen as complex ones, or the other way, as the input lies.
  fileprivate mutating func seen(_ tensor: Tensor, as type: DataType) -> Tensor {
    memory.retain(tensor.storage)
    let axes = inputLayout(0).shape.rank
    let strides =
      type == .complex64
      ? tensor.layout.strides.prefix(axes).map { max(1, $0 / 2) } : tensor.layout.strides.map { $0 * 2 } + [1]
    return Tensor(
      storage: tensor.storage, layout: Layout(shape: inputLayout(0).shape, strides: Array(strides)), dataType: type)
  }

  /// Zeros of the input's shape, and a copy of them that holds the gradient where it belongs.
  fileprivate mutating func scattered() -> Tensor { filled("zeros", "scatter") }

  fileprivate mutating func put() -> Tensor { filled("new_zeros", "index_put") }

  fileprivate mutating func filled(_ empty: String, _ cause: String) -> Tensor {
    let layout = Layout(contiguous: inputLayout(0).shape)
    let zeros = make(empty, layout)
    let result = make(cause, layout)
    drop(zeros)
    return result
  }
}
