internal import Graph
internal import Units

// Backward passes of bitsandbytes' functions (autograd/_functions.py of 0.50).
extension BackwardStep {
  /// The gradient times the whole weight, which is brought back for it.
  mutating func through(_ weight: QuantizedWeight) -> Tensor {
    let gradient = gradient()
    let rows = gradient.layout.shape.dimensions.dropLast().reduce(1, *)
    let matrix = reshaped(gradient, to: [rows, weight.output])
    let dense = weight.scheme.isFourBit ? dequantized(weight) : rescaled(weight)
    let result = make("mm", Layout(contiguous: inputLayout(0).shape))
    drop(dense)
    drop(matrix)
    return result
  }

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
}
