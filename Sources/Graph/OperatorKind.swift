/// What an operator does, in the vocabulary of eager PyTorch. Attributes that follow from the shapes of inputs and
/// outputs are not repeated here.
public enum OperatorKind: Hashable, Sendable {
  // Results without a gradient, by the framework's name for the operator.
  case create(String)

  // Views: the result shares the storage of its first input.
  case view
  case transpose(Int, Int)
  /// Result axis i is the input's axis at place i of the list.
  case permute([Int])
  case expand
  case slice(axis: Int, start: Int)
  /// Rows picked by a list of indices along an axis: a copy. A second input is the list as a tensor.
  case pick(axis: Int)
  case select(axis: Int)
  /// Several results that together cover the input along one axis.
  case split(axis: Int)

  // Elementwise.
  case add, subtract, multiply, divide
  case addScalar, multiplyScalar, divideScalar
  case power(Double)
  /// A tensor to the power of a tensor.
  case powerOf
  case negate, cosine, sine, sigmoid, tanh, relu, gelu, silu, reciprocalSquareRoot
  /// A conversion to another element type.
  case cast
  /// A copy with the same values: `clone`, `contiguous`.
  case copy
  /// Elements of the first input, or a constant where the mask (second input) says so.
  case maskedFill
  /// Elements of the third input, in order, where the mask (second input) says so.
  case maskedScatter
  /// The first input with a number where the mask (second input) is true.
  case fill
  /// A function of one input, element by element.
  case function(ElementwiseFunction)
  /// The larger or the smaller of two.
  case extremum(ElementwiseFunction)
  /// Elements of the second input where the first, a mask, is true, else of the third.
  case choose
  /// Megatron's tanh GELU as one autograd function of the first input (BLOOM).
  case fusedTanhGELU
  /// Elements drawn to zero; results: the values and the boolean mask.
  case dropout

  // Reductions.
  case mean, sum
  /// The largest or smallest along axes: inputs and results are kept to find where they were.
  case extreme
  /// The Euclidean norm along axes.
  case vectorNorm
  case logSumExp
  case softmax, logSoftmax

  case concatenate(axis: Int)
  /// What the ranks of one model exchange.
  case collective(Collective)
  /// A constant around the elements.
  case pad
  /// Elements picked by an index of the result's shape (second input).
  case gather
  /// Another resolution by interpolation.
  case resample
  /// What a mixture of experts needs beside the rest.
  case routed(RoutedOperator)

  /// Rows of a table (first input) by index (second input).
  case embedding
  /// input [.., in] × weight (+ bias); `transposed` weights are stored [in, out] (GPT-2's Conv1D).
  case linear(transposed: Bool)
  /// input [.., in] × quantised weight (+ bias), as one function of bitsandbytes: inputs values, stored weight, bias?
  case quantizedLinear(QuantizedWeight)
  /// input [.., in] × a weight that GPTQ packed, as one function: inputs values, packed weight.
  case groupedLinear(GroupedWeight)
  /// A kernel of Liger's.
  case fused(FusedKernel)
  /// Batched matrix product of two rank-3 tensors.
  case batchedProduct
  /// bias-like tensor + batched product (`baddbmm`): inputs addend, left, right.
  case addedBatchedProduct
  /// The same with a factor before the product (`alpha`).
  case addedScaledProduct
  /// inputs values, weight, bias?; results: values, mean, reciprocal deviation.
  case layerNorm
  /// inputs values, weight; results: values and the reciprocal root of the mean square.
  case rootMeanSquareNorm
  /// inputs values, weight, bias, running mean and variance where there are; results: values, mean, reciprocal deviation.
  case batchNorm
  /// inputs values, weight, bias?; results: values, mean, reciprocal deviation of each group.
  case groupNorm
  /// inputs values, weight, bias?
  case convolution
  /// results: values and where they were.
  case maximumPool
  case averagePool
  /// inputs query, key, value, mask?; results: values and what the kernel keeps. A causal one passes over the blocks that
  /// no query may see.
  case attention(AttentionKernel, isCausal: Bool)
  /// The end of causal attention over the keys of all ranks: inputs query, key, value, and what was merged of values and
  /// log-sums; results like those of a kernel.
  case ringAttention(RingAttention)
  /// inputs log-probabilities [N, V] and targets [N]; results: the loss and the weight total.
  case negativeLogLikelihood
  /// inputs values and targets; result: the mean of what each element's loss is.
  case pointwiseLoss(String)
  /// A linear layer and the cross-entropy of its output, whose gradients are formed in the forward pass. Inputs: as many
  /// as there are gradients, those gradients, and what is only read; result: the loss.
  case fusedLinearCrossEntropy(gradients: Int)
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
    case .permute: "permute"
    case .expand: "expand"
    case .slice: "slice"
    case .select: "select"
    case .pick: "index"
    case .split: "split"
    case .add, .addScalar: "add"
    case .subtract: "sub"
    case .multiply, .multiplyScalar: "mul"
    case .divide, .divideScalar: "div"
    case .power, .powerOf: "pow"
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
    case .maskedScatter: "masked_scatter"
    case .fill: "masked_fill"
    case .function(let function), .extremum(let function): function.name
    case .choose: "where"
    case .fusedTanhGELU: "mul"
    case .dropout: "native_dropout"
    case .mean: "mean"
    case .sum: "sum"
    case .extreme: "amax"
    case .vectorNorm: "linalg_vector_norm"
    case .logSumExp: "logsumexp"
    case .softmax: "_softmax"
    case .logSoftmax: "_log_softmax"
    case .concatenate: "cat"
    case .collective(let collective): collective.name
    case .pad: "constant_pad_nd"
    case .gather: "gather"
    case .resample: "upsample"
    case .routed(let kind): kind.name
    case .embedding: "embedding"
    case .linear: "linear"
    case .quantizedLinear(let weight): weight.scheme.isFourBit ? "gemm_4bit" : "int8_scaled_mm"
    case .groupedLinear: "mm"
    case .fused(let kernel): kernel.rawValue
    case .batchedProduct: "bmm"
    case .addedBatchedProduct, .addedScaledProduct: "baddbmm"
    case .layerNorm: "native_layer_norm"
    case .rootMeanSquareNorm: "_fused_rms_norm"
    case .batchNorm: "native_batch_norm"
    case .groupNorm: "native_group_norm"
    case .convolution: "convolution"
    case .maximumPool: "max_pool2d_with_indices"
    case .averagePool: "avg_pool2d"
    case .attention(let kernel, _): "_scaled_dot_product_\(kernel.rawValue)_attention"
    case .ringAttention: "to"
    case .negativeLogLikelihood: "nll_loss_forward"
    case .pointwiseLoss(let name): name
    case .fusedLinearCrossEntropy: "fused_linear_cross_entropy"
    }
  }
}
