internal import Graph
internal import Units

// Backward passes of Liger's kernels, which write gradients over what they are given or have kept.
extension Derivative {
  static func of(_ kernel: FusedKernel) -> Derivative {
    switch kernel {
    case .rootMeanSquareNorm:
      Derivative(saved: { _ in [.input(0), .input(1), .output(1)] }) { step in
        step.each([0, 1]) { step, input in
          input == 0 ? step.overwritten() : step.weightGradient()
        }
      }
    case .rotation: .one(saved: { _ in [.input(1), .input(2)] }) { $0.overwritten() }
    case .gatedProduct:
      Derivative(saved: { _ in [.input(0), .input(1)] }) { step in
        let dense = step.overwritten()
        step.each([0, 1]) { $0.share($0.kept[$1]) }
        step.drop(dense)
      }
    }
  }
}

extension BackwardStep {
  /// The gradient's own storage, made contiguous where it is not.
  fileprivate mutating func overwritten() -> Tensor {
    let gradient = gradient()
    guard !gradient.layout.isContiguous else { return alias(gradient.layout) }
    return make("clone", Layout(contiguous: gradient.layout.shape))
  }

  /// The gradient of a norm's weight: a row of sums in fp32 for each multiprocessor, of which an A100 has 108.
  fileprivate mutating func weightGradient() -> Tensor {
    let width = inputLayout(1).shape
    let partial = make("empty", Layout(contiguous: Shape([108] + width.dimensions)), .float32)
    let sum = make("sum", Layout(contiguous: width), .float32)
    drop(partial)
    guard inputType(1) != .float32 else { return sum }
    let narrow = make("_to_copy", Layout(contiguous: width), inputType(1))
    drop(sum)
    return narrow
  }
}
