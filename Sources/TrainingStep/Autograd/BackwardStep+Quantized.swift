internal import Graph
internal import Units

// Backward passes of bitsandbytes' functions (autograd/_functions.py of 0.50), and of GPTQ's.
extension BackwardStep {
  /// The gradient times the whole weight, which is brought back for it.
  mutating func through(_ weight: QuantizedWeight) -> Tensor {
    let matrix = reshaped(gradient(), to: [inputRows, weight.output])
    let dense = weight.scheme.isFourBit ? dequantized(weight) : rescaled(weight)
    let result = make("mm", Layout(contiguous: inputLayout(0).shape))
    drop(dense)
    drop(matrix)
    return result
  }

  /// The rows of the input as a matrix.
  private var inputRows: Int { inputLayout(0).shape.dimensions.dropLast().reduce(1, *) }

  /// `dequantize_4bit(B, state).to(grad_output.dtype)`.
  private mutating func dequantized(_ weight: QuantizedWeight) -> Tensor {
    let layout = Layout(contiguous: weight.shape)
    let scales =
      weight.scheme == .nf4Double
      ? make("dequantize_blockwise", Layout(contiguous: [weight.blockCount]), .float32) : nil
    let dense = make("dequantize_4bit", layout, weight.wideType)
    if let scales { drop(scales) }
    guard dense.dataType != gradient().dataType else { return dense }
    let converted = make("_to_copy", layout)
    drop(dense)
    return converted
  }

  /// `CB.to(dtype_A, copy=True).mul_(SCB.unsqueeze(1).mul(1.0 / 127.0))`.
  private mutating func rescaled(_ weight: QuantizedWeight) -> Tensor {
    let dense = make("_to_copy", Layout(contiguous: weight.shape), inputType(0))
    drop(make("mul", Layout(contiguous: [weight.output, 1]), .float32))
    return dense
  }

  /// The gradient times the whole weight that GPTQ packed, which is brought back for it (`QuantLinearFunction` of
  /// AutoGPTQ and GPTQModel, over their Triton kernels).
  mutating func through(_ weight: GroupedWeight) -> Tensor {
    let matrix = reshaped(gradient(), to: [inputRows, weight.output])
    let dense = make("dequant", Layout(contiguous: [weight.input, weight.output]))
    let result = make("mm", Layout(contiguous: inputLayout(0).shape))
    drop(dense)
    drop(matrix)
    return result
  }
}
