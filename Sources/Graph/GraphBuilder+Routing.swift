internal import Units

extension GraphBuilder {
  /// `torch.topk` along the last axis.
  public mutating func topK(_ input: Tensor, _ count: Int) -> (values: Tensor, places: Tensor) {
    var shape = input.shape
    shape.dimensions[shape.rank - 1] = count
    let layout = Layout(contiguous: shape)
    let results = apply(.routed(.topK), [input], results: [(layout, input.dataType), (layout, .int64)])
    return (results[0], results[1])
  }

  /// `torch.max` along the last axis.
  public mutating func largest(_ input: Tensor, keepsAxis: Bool) -> (values: Tensor, places: Tensor) {
    var dimensions = Array(input.shape.dimensions.dropLast())
    if keepsAxis { dimensions.append(1) }
    let layout = Layout(contiguous: Shape(dimensions))
    let results = apply(.routed(.largest), [input], results: [(layout, input.dataType), (layout, .int64)])
    return (results[0], results[1])
  }

  /// `input[places]` along the first axis.
  public mutating func rows(_ input: Tensor, _ places: Tensor) -> Tensor {
    let shape = Shape(places.shape.dimensions + input.shape.dimensions.dropFirst())
    return apply(.routed(.rows), [input, places], Layout(contiguous: shape), input.dataType)
  }

  /// `input.index_add_(0, places, addends)`.
  public mutating func addRowsInPlace(_ input: Tensor, _ places: Tensor, _ addends: Tensor) -> Tensor {
    applyInPlace(.routed(.addRowsInPlace), [input, places, addends])
  }

  /// `input /= divisor`; for the divisor's gradient autograd copies what is divided.
  public mutating func divideInPlace(_ input: Tensor, by divisor: Tensor) -> Tensor {
    frame("") { g in
      let original = g.create("clone", [input], input.shape, input.dataType)
      return g.applyInPlace(.routed(.divideInPlace), [input, divisor, original])
    }
  }

  /// `input.clamp_(…)`; autograd copies what is clamped.
  public mutating func clampInPlace(_ input: Tensor) -> Tensor {
    frame("") { g in
      let original = g.create("clone", [input], input.shape, input.dataType)
      return g.applyInPlace(.routed(.clampInPlace), [input, original])
    }
  }

  /// `input.scatter_(-1, places, values)`.
  public mutating func scatterInPlace(_ input: Tensor, _ places: Tensor, _ values: Tensor) -> Tensor {
    applyInPlace(.routed(.scatterInPlace), [input, places, values])
  }

  /// `input[places] = values` along the first axis of a constant.
  public mutating func putRowsInPlace(_ input: Tensor, _ places: Tensor, _ values: Tensor) -> Tensor {
    applyInPlace(.routed(.putRowsInPlace), [input, places, values])
  }

  /// `input *= factor` by a constant.
  public mutating func multiplyInPlace(_ input: Tensor, by factor: Tensor) -> Tensor {
    applyInPlace(.routed(.multiplyInPlace), [input, factor])
  }

  /// `input.gather(-1, places)`.
  public mutating func pick(_ input: Tensor, at places: Tensor) -> Tensor {
    apply(.routed(.pick), [input, places], Layout(contiguous: places.shape), input.dataType)
  }

  /// `torch.scatter(input, -1, places, number)`.
  public mutating func scatterConstant(_ input: Tensor, _ places: Tensor) -> Tensor {
    apply(.routed(.scatterConstant), [input, places], Layout(contiguous: input.shape), input.dataType)
  }

  /// `input.repeat(count, 1, …)`.
  public mutating func repeated(_ input: Tensor, _ count: Int) -> Tensor {
    var shape = input.shape
    shape.dimensions[0] *= count
    return apply(.routed(.repeated), [input], Layout(contiguous: shape), input.dataType)
  }

  /// `input[…].copy_(part)`.
  public mutating func copySlice(_ input: Tensor, _ part: Tensor) -> Tensor {
    applyInPlace(.routed(.copySlice), [input, part])
  }

  /// `input.sum(axis)`, which autocast runs in fp32.
  public mutating func sum(_ input: Tensor, axis: Int, keepsAxis: Bool) -> Tensor {
    let axis = input.layout.axis(axis)
    var shape = input.shape
    shape.dimensions[axis] = 1
    if !keepsAxis { shape.dimensions.remove(at: axis) }
    // Autocast names the result's type (`fp32_set_opt_dtype`), and the kernel converts as it reads.
    let isNarrow = input.dataType == .bfloat16 || input.dataType == .float16
    let type = autocast != nil && isNarrow ? .float32 : input.dataType
    return apply(.routed(.sum(axis: axis, keepsAxis: keepsAxis)), [input], Layout(contiguous: shape), type)
  }

  /// `F.grouped_mm`: rows [S, in] by experts [E, in, out], which autocast leaves in the weights' type.
  public mutating func groupedProduct(_ input: Tensor, _ weight: Tensor, ends: Tensor) -> Tensor {
    let shape: Shape = [input.shape[0], weight.shape[2]]
    return apply(.routed(.groupedProduct), [input, weight, ends], Layout(contiguous: shape), weight.dataType)
  }
}

extension GraphBuilder {
  /// `torch.baddbmm(addend, left, right, alpha=…)` with autocast off.
  public mutating func addedScaledProduct(_ addend: Tensor, _ left: Tensor, _ right: Tensor) -> Tensor {
    apply(.addedScaledProduct, [addend, left, right], Layout(contiguous: addend.shape), addend.dataType)
  }
}

// MARK: - Complex numbers

extension GraphBuilder {
  /// `torch.view_as_complex`: pairs along the last axis as one number each.
  public mutating func asComplex(_ input: Tensor) -> Tensor {
    let axes = input.shape.rank - 1
    let strides = input.layout.strides.prefix(axes).map { $0 / 2 }
    let layout = Layout(shape: Shape(Array(input.shape.dimensions.prefix(axes))), strides: strides)
    return see(.asComplex, input, layout, .complex64)
  }

  /// `torch.view_as_real`.
  public mutating func asReal(_ input: Tensor) -> Tensor {
    let layout = Layout(
      shape: Shape(input.shape.dimensions + [2]), strides: input.layout.strides.map { $0 * 2 } + [1])
    return see(.asReal, input, layout, .float32)
  }

  private mutating func see(
    _ kind: RoutedOperator, _ input: Tensor, _ layout: Layout, _ type: DataType
  ) -> Tensor {
    var source = input
    source.layout = layout
    source.dataType = type
    return applyOver(.routed(kind), [input], source)
  }

  /// Complex numbers turned by constants.
  public mutating func turn(_ input: Tensor, by angles: Tensor) -> Tensor {
    apply(.routed(.turn), [input, angles], .elementwise([input.layout, angles.layout]), input.dataType)
  }
}
