internal import Graph
internal import Units

/// What autograd keeps of an operator, and what its backward pass allocates.
///
/// One row per operator, after `tools/autograd/derivatives.yaml` of torch 2.11. Gradients are formed in the order
/// of the generated code: the arguments' names sorted (`other` before `self`, `mat1`, `mat2`, `self`).
struct Derivative {
  enum Saved {
    case input(Int)
    case output(Int)
    /// An input that a Python function keeps as an attribute of its context: no hook sees it, and it stays until the
    /// node itself is gone.
    case attribute(Int)
  }

  /// What is kept when these inputs need a gradient; inputs are packed before the operator runs, outputs after.
  var saved: (_ needed: [Bool]) -> [Saved]
  var backward: (inout BackwardStep) -> Void

  init(saved: @escaping (_ needed: [Bool]) -> [Saved] = { _ in [] }, backward: @escaping (inout BackwardStep) -> Void) {
    self.saved = saved
    self.backward = backward
  }
}

extension Derivative {
  /// A row for an operator with one input that needs a gradient.
  static func one(
    saved: @escaping (_ needed: [Bool]) -> [Saved] = { _ in [] }, _ form: @escaping (inout BackwardStep) -> Tensor
  ) -> Derivative {
    Derivative(saved: saved) { step in step.each([0]) { step, _ in form(&step) } }
  }

  static func of(_ kind: OperatorKind) -> Derivative {
    switch kind {
    case .create: Derivative { _ in }

    // Views give the gradient's storage on, seen differently.
    case .view: .one { $0.reshaped($0.gradient(), to: $0.inputLayout(0).shape) }
    case .transpose(let first, let second): .one { $0.alias($0.gradient().layout.transposed(first, second)) }
    case .permute(let order):
      .one { step in step.alias(step.gradient().layout.permuted(order.indices.map { order.firstIndex(of: $0) ?? $0 })) }
    case .expand: .one { $0.alias($0.gradient().layout) }
    case .slice: .one { $0.make("slice_backward", Layout(contiguous: $0.inputLayout(0).shape)) }
    // The zeros are filled in place (index_backward), except with fake tensors.
    case .pick: .one(saved: { need in need.count > 1 ? [.input(1)] : [] }) { $0.indexed() }
    case .fusedTanhGELU: .one(saved: { _ in [.input(0)] }) { $0.fusedTanhGELU() }
    case .select: .one { $0.make("select_backward", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .split: .one { $0.joinedPieces() }

    case .add: Derivative { step in step.each([1, 0]) { step, _ in step.alias(step.gradient().layout) } }
    case .subtract:
      Derivative { step in
        step.each([1, 0]) { $1 == 1 ? $0.likeGradient("neg") : $0.alias($0.gradient().layout) }
      }
    case .multiply:
      Derivative(saved: { need in (need[1] ? [.input(0)] : []) + (need[0] ? [.input(1)] : []) }) { step in
        step.each([1, 0]) { $0.elementwise("mul", with: 1 - $1) }
      }
    case .divide:
      Derivative(saved: { need in (need[1] ? [.input(0)] : []) + [.input(1)] }) { step in
        step.each([1, 0]) { step, input in
          input == 1 ? step.quotientDivisor(of: 0) : step.elementwise("div", with: 1)
        }
      }
    case .addScalar: .one { $0.alias($0.gradient().layout) }
    // The number is kept as a tensor off the device, which no hook sees (torch/csrc/autograd/saved_variable.cpp).
    case .multiplyScalar, .divideScalar: .one { $0.likeGradient(kind.name) }
    case .power:
      .one(saved: { _ in [.input(0)] }) { step in
        // grad * (exponent * self.pow(exponent - 1))
        let power = step.likeInput("pow")
        let scaled = step.likeInput("mul")
        let result = step.elementwise("mul", with: 0)
        step.drop(scaled)
        step.drop(power)
        return result
      }
    case .powerOf: powerOf
    case .negate: .one { $0.likeGradient("neg") }
    case .cosine, .sine:
      .one(saved: { _ in [.input(0)] }) { step in
        // grad * -self.sin(), grad * self.cos()
        let factor = step.likeInput(kind.name)
        let negated = kind == .cosine ? step.likeInput("neg") : nil
        let result = step.elementwise("mul", with: 0)
        if let negated { step.drop(negated) }
        step.drop(factor)
        return result
      }
    case .sigmoid: .one(saved: { _ in [.output(0)] }) { $0.likeGradient("sigmoid_backward") }
    case .tanh: .one(saved: { _ in [.output(0)] }) { $0.likeGradient("tanh_backward") }
    case .relu: .one(saved: { _ in [.output(0)] }) { $0.likeGradient("threshold_backward") }
    case .gelu: .one(saved: { _ in [.input(0)] }) { $0.likeGradient("gelu_backward") }
    case .silu: .one(saved: { _ in [.input(0)] }) { $0.likeGradient("silu_backward") }
    case .reciprocalSquareRoot:
      .one(saved: { _ in [.output(0)] }) { step in
        // -0.5 * grad * result.pow(3)
        let power = step.likeGradient("pow")
        let halved = step.likeGradient("mul")
        let result = step.likeGradient("mul")
        step.drop(halved)
        step.drop(power)
        return result
      }
    case .cast: .one { $0.make("_to_copy", $0.gradient().layout.preserved, $0.inputType(0)) }
    case .copy: .one { $0.alias($0.gradient().layout) }
    case .function(let function):
      .one(saved: { _ in
        switch function.keeps {
        case .input: [.input(0)]
        case .output: [.output(0)]
        case .both: [.input(0), .output(0)]
        case nil: []
        }
      }) { $0.through(function) }
    case .extremum:
      Derivative(saved: { _ in [.input(0), .input(1)] }) { step in step.each([1, 0]) { step, _ in step.halved() } }
    case .choose:
      Derivative(saved: { _ in [.input(0)] }) { step in
        step.each([1, 2]) { step, _ in step.chosen() }
      }
    case .fill: .one(saved: { _ in [.input(1)] }) { $0.likeGradient("masked_fill") }
    case .maskedFill: .one(saved: { _ in [.input(1)] }) { $0.chosen() }
    case .maskedScatter:
      Derivative(saved: { _ in [.input(1)] }) { step in
        step.each([0, 2]) { step, input in
          input == 0
            ? step.likeGradient("masked_fill")
            : step.make("masked_scatter_backward", Layout(contiguous: step.inputLayout(2).shape))
        }
      }
    case .dropout:
      .one(saved: { _ in [.output(1)] }) { step in
        let layout = step.gradient().layout
        return step.make("native_dropout_backward", layout.image(layout.shape))
      }

    // Every element gets the gradient of its sum: a view without strides.
    case .sum:
      .one { step in
        let shape = step.inputLayout(0).shape
        return step.alias(Layout(shape: shape, strides: shape.dimensions.map { _ in 0 }))
      }
    case .extreme:
      .one(saved: { _ in [.input(0), .output(0)] }) { step in
        // scale_grad_by_count: mask * (grad / mask.sum(dims))
        let mask = step.make("eq", step.inputLayout(0).preserved, .bool)
        let count = step.make("sum", step.gradient().layout, .int64)
        let share = step.likeGradient("div")
        let result = step.likeInput("mul")
        [share, count, mask].forEach { step.drop($0) }
        return result
      }
    case .vectorNorm:
      .one(saved: { _ in [.input(0), .output(0)] }) { step in
        // (self / norm).masked_fill_(norm == 0, 0) * grad (linalg_vector_norm_backward)
        let ratio = step.likeInput("div")
        let mask = step.make("eq", step.gradient().layout, .bool)
        let result = step.likeInput("mul")
        [mask, ratio].forEach { step.drop($0) }
        return result
      }
    case .logSumExp:
      .one(saved: { _ in [.input(0), .output(0)] }) { step in
        // grad * (self - result).exp() (logsumexp_backward)
        let difference = step.likeInput("sub")
        let exponential = step.likeInput("exp")
        let result = step.likeInput("mul")
        [exponential, difference].forEach { step.drop($0) }
        return result
      }
    case .mean: .one { $0.make("div", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .softmax: .one(saved: { _ in [.output(0)] }) { $0.likeInput("_softmax_backward_data") }
    case .logSoftmax:
      .one(saved: { _ in [.output(0)] }) { $0.likeInput("_log_softmax_backward_data") }

    case .collective(let collective): of(collective)
    // A padding of negative widths, which copies (constant_pad_nd).
    case .pad: .one { $0.make("constant_pad_nd", Layout(contiguous: $0.inputLayout(0).shape)) }
    case .concatenate:
      Derivative { step in
        step.each(Array(0..<step.inputCount)) { step, input in
          step.alias(Layout(shape: step.inputLayout(input).shape, strides: step.gradient().layout.strides))
        }
      }

    case .gather: .one(saved: { _ in [.input(0), .input(1)] }) { $0.likeInput("gather_backward") }
    case .resample: .one { $0.likeInput("upsample_backward") }
    case .routed(let kind): of(kind)

    case .embedding:
      .one(saved: { _ in [.input(1)] }) {
        $0.make("embedding_dense_backward", Layout(contiguous: $0.inputLayout(0).shape))
      }
    case .linear: linear
    case .quantizedLinear(let weight):
      .one(saved: { _ in weight.scheme == .int8 ? [.attribute(0)] : [] }) { $0.through(weight) }
    case .groupedLinear(let weight): .one { $0.through(weight) }
    case .fused(let kernel): of(kernel)
    case .batchedProduct:
      Derivative(saved: { need in (need[1] ? [.input(0)] : []) + (need[0] ? [.input(1)] : []) }) { step in
        step.each([1, 0]) { $0.make("bmm", Layout(contiguous: $0.inputLayout($1).shape)) }
      }
    case .addedBatchedProduct:
      Derivative(saved: { need in (need[2] ? [.input(1)] : []) + (need[1] ? [.input(2)] : []) }) { step in
        step.each([1, 2, 0]) { step, input in
          input == 0
            ? step.alias(step.gradient().layout) : step.make("bmm", Layout(contiguous: step.inputLayout(input).shape))
        }
      }
    case .addedScaledProduct:
      Derivative(saved: { need in (need[2] ? [.input(1)] : []) + (need[1] ? [.input(2)] : []) }) { step in
        step.each([1, 2, 0]) { step, input in
          guard input > 0 else { return step.alias(step.gradient().layout) }
          let product = step.make("bmm", Layout(contiguous: step.inputLayout(input).shape))
          let result = step.make("mul", product.layout)
          step.drop(product)
          return result
        }
      }
    case .layerNorm:
      Derivative(saved: { need in need.indices.map { .input($0) } + [.output(1), .output(2)] }) { step in
        // The kernel's result is contiguous. That of a trace is what the operators that stand for it there make of the
        // gradient, which a conversion to fp32 would have made contiguous (torch/_decomp/decompositions.py).
        let isConverted = step.inputType(0) != .float32
        let layout = step.gradient().layout.preserved
        step.each(Array(0..<step.inputCount)) { step, input in
          let rows = Layout(contiguous: step.inputLayout(input).shape)
          return step.make("native_layer_norm_backward", input > 0 || isConverted ? rows : layout)
        }
      }
    case .rootMeanSquareNorm:
      Derivative(saved: { need in need.indices.map { .input($0) } + [.output(1)] }) { step in
        step.each([0, 1]) { $0.make("_fused_rms_norm_backward", Layout(contiguous: $0.inputLayout($1).shape)) }
      }
    case .batchNorm, .groupNorm:
      Derivative(saved: { _ in [.input(0), .input(1), .output(1), .output(2)] }) { step in
        step.each(Array(0..<step.inputCount)) { $0.make($0.name, Layout(contiguous: $0.inputLayout($1).shape)) }
      }
    case .convolution:
      Derivative(saved: { _ in [.input(0), .input(1)] }) { step in
        step.each(Array(0..<step.inputCount)) { step, input in
          let layout = step.inputLayout(input)
          return step.make(step.name, input == 0 ? layout.image(layout.shape) : Layout(contiguous: layout.shape))
        }
      }
    case .maximumPool:
      .one(saved: { _ in [.input(0), .output(1)] }) { $0.likeInput("max_pool2d_with_indices_backward") }
    case .averagePool: .one(saved: { _ in [.input(0)] }) { $0.likeInput("avg_pool2d_backward") }
    case .attention(let kernel, _): attention(kernel)
    case .ringAttention(let ring): of(ring)
    case .pointwiseLoss: .one(saved: { _ in [.input(0), .input(1)] }) { $0.likeInput("\(kind.name)_backward") }
    case .negativeLogLikelihood:
      .one(saved: { _ in [.input(0), .input(1), .output(1)] }) { $0.likeInput("nll_loss_backward") }
    case .fusedLinearCrossEntropy(let count):
      Derivative(saved: { _ in (0..<count).map { .input(count + $0) } }) { step in
        step.each(Array(0..<count)) { $0.share($0.kept[$1]) }
      }
    }
  }

  /// `addmm` where there is a bias (gradients of input, weight, bias), else `mm` (weight before input). The
  /// gradient is read as a matrix, which copies it where it lies transposed.
  private static var linear: Derivative {
    Derivative(saved: { need in (need[1] ? [.input(0)] : []) + (need[0] ? [.input(1)] : []) }) { step in
      let gradient = step.gradient()
      let width = gradient.layout.shape[gradient.layout.shape.rank - 1]
      let rows = gradient.layout.shape.dimensions.dropLast().reduce(1, *)
      let matrix = step.reshaped(gradient, to: [rows, width])
      step.each(step.inputCount == 3 ? [0, 1, 2] : [1, 0]) { step, input in
        step.make(input == 2 ? "sum" : "mm", Layout(contiguous: step.inputLayout(input).shape))
      }
      step.drop(matrix)
    }
  }

  /// `pow_backward_exponent`, then `pow_backward_self` (torch/csrc/autograd/FunctionsManual.cpp).
  private static var powerOf: Derivative {
    Derivative(saved: { _ in [.input(0), .input(1), .output(0)] }) { step in
      step.each([1, 0]) { $1 == 1 ? $0.powerExponent() : $0.powerBase() }
    }
  }

  private static func attention(_ kernel: AttentionKernel) -> Derivative {
    Derivative(saved: { need in need.indices.map { .input($0) } + [.output(0), .output(1), .output(2), .output(3)] }) {
      step in
      step.each(Array(0..<step.inputCount)) { step, input in
        let layout = step.inputLayout(input)
        guard kernel == .efficient else { return step.make(step.name, layout.preserved) }
        let shape = layout.shape
        guard input == 3 else {
          return step.make(
            step.name, Layout(contiguous: [shape[0], shape[2], shape[1], shape[3]]).transposed(1, 2))
        }
        // The gradient of an additive mask, its rows aligned to sixteen.
        var aligned = shape
        aligned.dimensions[3] = (shape[3] + 15) / 16 * 16
        var gradient = step.make(step.name, Layout(contiguous: aligned), step.inputType(input))
        gradient.layout = gradient.layout.sliced(axis: 3, length: shape[3])
        return gradient
      }
    }
  }
}
