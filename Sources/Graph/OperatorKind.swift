/// What an operator does, in the vocabulary of eager PyTorch. Attributes that follow from the shapes of inputs and
/// outputs are not repeated here.
public enum OperatorKind: Hashable, Sendable {
  // Results without a gradient, by the framework's name for the operator.
  case create(String)

  // Views: the result shares the storage of its first input.
  case view
  case transpose(Int, Int)
  case expand
  case slice(axis: Int, start: Int)
  /// Rows picked by a list of indices along an axis: a copy.
  case pick(axis: Int)
  case select(axis: Int)
  /// Several results that together cover the input along one axis.
  case split(axis: Int)

  // Elementwise.
  case add, multiply, divide
  case addScalar, multiplyScalar, divideScalar
  case power(Double)
  case negate, cosine, sine, sigmoid, tanh, relu, gelu, silu, reciprocalSquareRoot
  /// A conversion to another element type.
  case cast
  /// A copy with the same values: `clone`, `contiguous`.
  case copy
  /// Elements of the first input, or a constant where the mask (second input) says so.
  case maskedFill
  /// Megatron's tanh GELU as one autograd function of the first input (BLOOM).
  case fusedTanhGELU
  /// Elements drawn to zero; results: the values and the boolean mask.
  case dropout

  // Reductions along the last axis.
  case mean
  case softmax, logSoftmax

  case concatenate(axis: Int)
  /// The pieces that several ranks hold of a tensor, put together along the last axis on each of them.
  case allGather
  /// A constant appended along the last axis.
  case pad

  /// Rows of a table (first input) by index (second input).
  case embedding
  /// input [.., in] × weight (+ bias); `transposed` weights are stored [in, out] (GPT-2's Conv1D).
  case linear(transposed: Bool)
  /// Batched matrix product of two rank-3 tensors.
  case batchedProduct
  /// bias-like tensor + batched product (`baddbmm`): inputs addend, left, right.
  case addedBatchedProduct
  /// inputs values, weight, bias?; results: values, mean, reciprocal deviation.
  case layerNorm
  /// inputs query, key, value, mask?; results: values and what the kernel keeps.
  case attention(AttentionKernel)
  /// inputs log-probabilities [N, V] and targets [N]; results: the loss and the weight total.
  case negativeLogLikelihood
}

/// The kernels behind `scaled_dot_product_attention`.
public enum AttentionKernel: String, Hashable, Sendable {
  case flash, efficient, cudnn
}

extension OperatorKind {
  /// The name under which PyTorch's dispatcher knows it.
  public var name: String {
    switch self {
    case .create(let name): name
    case .view: "view"
    case .transpose: "transpose"
    case .expand: "expand"
    case .slice: "slice"
    case .select: "select"
    case .pick: "index"
    case .split: "split"
    case .add, .addScalar: "add"
    case .multiply, .multiplyScalar: "mul"
    case .divide, .divideScalar: "div"
    case .power: "pow"
    case .negate: "neg"
    case .cosine: "cos"
    case .sine: "sin"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .relu: "relu"
    case .gelu: "gelu"
    case .silu: "silu"
    case .reciprocalSquareRoot: "rsqrt"
    case .cast: "_to_copy"
    case .copy: "clone"
    case .maskedFill: "where"
    case .fusedTanhGELU: "mul"
    case .dropout: "native_dropout"
    case .mean: "mean"
    case .softmax: "_softmax"
    case .logSoftmax: "_log_softmax"
    case .concatenate: "cat"
    case .allGather: "all_gather"
    case .pad: "constant_pad_nd"
    case .embedding: "embedding"
    case .linear: "linear"
    case .batchedProduct: "bmm"
    case .addedBatchedProduct: "baddbmm"
    case .layerNorm: "native_layer_norm"
    case .attention(let kernel): "_scaled_dot_product_\(kernel.rawValue)_attention"
    case .negativeLogLikelihood: "nll_loss_forward"
    }
  }
}
