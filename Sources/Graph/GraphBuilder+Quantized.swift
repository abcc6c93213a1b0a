public import Units

// Products with quantised weights, as bitsandbytes 0.50 runs them on CUDA (autograd/_functions.py,
// backends/cuda/ops.py, backends/default/ops.py), and with those of GPTQ. To autograd each is one function, and what it makes on the way is
// named until it returns.

extension GraphBuilder {
  /// `Linear4bit.forward` or `Linear8bitLt.forward`: input [.., in] to [.., out].
  ///
  /// - Parameters:
  ///   - packed: the stored weight.
  ///   - compute: the type that a four-bit layer computes in (`bnb_4bit_compute_dtype`).
  public mutating func quantizedLinear(
    _ input: Tensor, _ packed: Tensor, _ weight: QuantizedWeight, _ bias: Tensor?, compute: DataType
  ) -> Tensor {
    guard weight.scheme.isFourBit else { return frame("") { g in g.byteLinear(input, packed, weight, bias) } }
    return frame("") { g in
      let narrow = g.hold(g.cast(input, to: compute))
      let product = g.frame("") { g in
        let scales = weight.scheme == .nf4Double ? g.scales(of: weight) : nil
        if let scales { g.hold(scales) }
        g.hold(g.create("dequantize_4bit", [], weight.shape, compute))
        return g.product(narrow, packed, weight, bias, compute)
      }
      return g.cast(product, to: input.dataType)
    }
  }

  /// `MatMul8bitLt.forward`: the input in eight bits row by row, a product in 32 bits, scaled back. No column is
  /// taken for an outlier.
  private mutating func byteLinear(
    _ input: Tensor, _ packed: Tensor, _ weight: QuantizedWeight, _ bias: Tensor?
  ) -> Tensor {
    let rows: Shape = [input.shape.dimensions.dropLast().reduce(1, *), weight.input]
    frame("") { g in
      if input.dataType != .float16 { g.hold(g.create("_to_copy", [input], rows, .float16)) }
      // Row scales and bytes are what the caller gets.
      g.holdOutside(g.create("empty", [], [rows[0]], .float32))
      g.holdOutside(g.create("int8_vectorwise_quant", [], rows, .int8))
      let absolute = g.create("abs", [], rows, .float16)
      let outliers = g.hold(g.create("ge", [absolute], rows, .bool))
      _ = g.create("any", [outliers], [], .bool)
    }
    let results: Shape = [rows[0], weight.output]
    return frame("") { g in
      g.hold(g.create("int8_linear_matmul", [], results, .int32))
      return g.frame("") { g in
        if input.dataType != .float16 { g.hold(g.create("int8_mm_dequant", [], results, .float16)) }
        return g.product(input, packed, weight, bias, input.dataType)
      }
    }
  }

  private mutating func product(
    _ input: Tensor, _ packed: Tensor, _ weight: QuantizedWeight, _ bias: Tensor?, _ type: DataType
  ) -> Tensor {
    let shape = Shape(Array(input.shape.dimensions.dropLast()) + [weight.output])
    return apply(
      .quantizedLinear(weight), [input, packed] + (bias.map { [$0] } ?? []), Layout(contiguous: shape), type)
  }

  /// The scales of a four-bit weight whose scales are quantised themselves.
  private mutating func scales(of weight: QuantizedWeight) -> Tensor {
    let narrow = hold(create("dequantize_blockwise", [], [weight.blockCount], .float32))
    return create("add", [narrow], [weight.blockCount], .float32)
  }

  /// `dequantize_bnb_weight` of PEFT: the whole weight [out, in], in the type that it had, or in fp32 from bytes.
  public mutating func dequantized(_ weight: QuantizedWeight) -> Tensor {
    frame("") { g in
      switch weight.scheme {
      case .nf4: break
      case .nf4Double: g.hold(g.create("dequantize_blockwise", [], [weight.blockCount], .float32))
      case .int8:
        let scaled = g.create("mul", [], weight.shape, .float32)
        return g.create("mul", [scaled], weight.shape, .float32)
      }
      return g.create("dequantize_4bit", [], weight.shape, weight.wideType)
    }
  }

  /// `QuantLinear.forward` over the Triton kernels of AutoGPTQ and GPTQModel: the whole weight [in, out] is brought back
  /// for the product, and named until it is there.
  public mutating func groupedLinear(
    _ input: Tensor, _ packed: Tensor, _ weight: GroupedWeight, compute: DataType
  ) -> Tensor {
    let rows = input.shape.dimensions.dropLast().reduce(1, *)
    let shape = Shape(Array(input.shape.dimensions.dropLast()) + [weight.output])
    return frame("") { g in
      let matrix = g.hold(g.cast(g.reshape(input, [rows, weight.input]), to: compute))
      g.hold(g.create("dequant", [], [weight.input, weight.output], compute))
      let product = g.apply(
        .groupedLinear(weight), [matrix, packed], Layout(contiguous: [rows, weight.output]), compute)
      return g.reshape(product, shape)
    }
  }
}
