internal import Units

/// Kernels of Liger 0.8 that stand for several operators of the model's own code.
public enum FusedKernel: String, Hashable, Sendable {
  /// inputs values, weight; results: values and the reciprocal root of the mean square (liger_kernel/ops/rms_norm.py).
  case rootMeanSquareNorm = "liger_rms_norm"
  /// inputs queries or keys [B, S, heads, D], cosines, sines; the result lies over the first (ops/rope.py).
  case rotation = "liger_rope"
  /// inputs gate, up; result: SiLU of the gate times up (ops/swiglu.py).
  case gatedProduct = "liger_swiglu"
}

extension GraphBuilder {
  /// `LigerRMSNorm`.
  public mutating func fusedRootMeanSquareNorm(_ input: Tensor, _ weight: Tensor) -> Tensor {
    let source = contiguous(input)
    let rows = Shape(Array(source.shape.dimensions.dropLast()))
    return apply(
      .fused(.rootMeanSquareNorm), [source, weight],
      results: [(Layout(contiguous: source.shape), source.dataType), (Layout(contiguous: rows), .float32)])[0]
  }

  /// `liger_rotary_pos_emb` on queries or keys [B, heads, S, D], which are turned where they lie, token by token.
  public mutating func fusedRotation(_ heads: Tensor, _ cosine: Tensor, _ sine: Tensor) -> Tensor {
    let tokens = contiguous(transpose(heads, 1, 2))
    return transpose(applyOver(.fused(.rotation), [tokens, cosine, sine], tokens), 1, 2)
  }

  /// `LigerSiLUMulFunction`.
  public mutating func fusedGatedProduct(_ gate: Tensor, _ up: Tensor) -> Tensor {
    let (gate, up) = (contiguous(gate), contiguous(up))
    return apply(.fused(.gatedProduct), [gate, up], Layout(contiguous: gate.shape), gate.dataType)
  }
}
