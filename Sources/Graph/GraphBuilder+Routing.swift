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

  /// `masked_fill`.
  public mutating func fill(_ input: Tensor, _ mask: Tensor) -> Tensor {
    apply(.routed(.fill(inPlace: false)), [input, mask], input.layout.preserved, input.dataType)
  }

  /// `masked_fill_`.
  public mutating func fillInPlace(_ input: Tensor, _ mask: Tensor) -> Tensor {
    applyInPlace(.routed(.fill(inPlace: true)), [input, mask])
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

  /// `input.add_(other)`.
  public mutating func addInPlace(_ input: Tensor, _ other: Tensor) -> Tensor {
    applyInPlace(.routed(.addInPlace), [input, other])
  }

  /// `input.scatter_(-1, places, values)`.
  public mutating func scatterInPlace(_ input: Tensor, _ places: Tensor, _ values: Tensor) -> Tensor {
    applyInPlace(.routed(.scatterInPlace), [input, places, values])
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
