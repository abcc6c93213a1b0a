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
    case .fill: one(saved: { _ in [.input(1)] }) { $0.likeGradient("masked_fill") }
    case .divideInPlace:
      Derivative(saved: { need in (need[1] ? [.input(2)] : []) + [.input(1)] }) { step in
        step.each([1, 0]) { $1 == 1 ? $0.quotientDivisor(of: 2) : $0.elementwise("div", with: 1) }
      }
    case .clampInPlace:
      one(saved: { _ in [.input(1)] }) { step in
        // where(logical_and(self >= min, self <= max), grad, 0) (clamp_backward)
        let zero = step.scalar()
        let masks = ["ge", "le"].map { step.make($0, step.inputLayout(0).preserved, .bool) }
        let both = step.make("logical_and_", step.inputLayout(0).preserved, .bool)
        let result = step.likeGradient("where")
        for temporary in [both] + masks.reversed() + [zero] { step.drop(temporary) }
        return result
      }
    case .addInPlace: Derivative { step in step.each([1, 0]) { step, _ in step.alias(step.gradient().layout) } }
    case .scatterInPlace:
      Derivative(saved: { _ in [.input(1)] }) { step in
        step.each([2]) { $0.make("gather", Layout(contiguous: $0.inputLayout($1).shape)) }
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

extension BackwardStep {
  /// Zeros of the input's shape, and a copy of them that holds the gradient where it belongs.
  fileprivate mutating func scattered() -> Tensor { filled("zeros", "scatter") }

  fileprivate mutating func put() -> Tensor { filled("new_zeros", "index_put") }

  private mutating func filled(_ empty: String, _ cause: String) -> Tensor {
    let layout = Layout(contiguous: inputLayout(0).shape)
    let zeros = make(empty, layout)
    let result = make(cause, layout)
    drop(zeros)
    return result
  }
}
