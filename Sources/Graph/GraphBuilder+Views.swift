public import Units

extension GraphBuilder {
  /// The same elements with other extents: a view where strides allow it, else a copy first.
  public mutating func reshape(_ input: Tensor, _ shape: Shape) -> Tensor {
    guard input.shape != shape else { return input }
    let source = input.layout.viewed(as: shape) == nil ? contiguous(input) : input
    return applyView(.view, source, [source.layout.viewed(as: shape) ?? Layout(contiguous: shape)])[0]
  }

  public mutating func transpose(_ input: Tensor, _ first: Int, _ second: Int) -> Tensor {
    let axes = (input.layout.axis(first), input.layout.axis(second))
    return applyView(.transpose(axes.0, axes.1), input, [input.layout.transposed(axes.0, axes.1)])[0]
  }

  public mutating func permute(_ input: Tensor, _ order: [Int]) -> Tensor {
    let moved = order.indices.filter { order[$0] != $0 }
    if moved.isEmpty { return input }
    if moved.count == 2 { return transpose(input, moved[0], moved[1]) }
    return applyView(.permute(order), input, [input.layout.permuted(order)])[0]
  }

  public mutating func unsqueeze(_ input: Tensor, _ axis: Int) -> Tensor {
    applyView(.view, input, [input.layout.unsqueezed(axis)])[0]
  }

  public mutating func expand(_ input: Tensor, to shape: Shape) -> Tensor {
    applyView(.expand, input, [input.layout.expanded(to: shape)])[0]
  }

  public mutating func slice(_ input: Tensor, axis: Int, start: Int, length: Int, step: Int = 1) -> Tensor {
    let axis = input.layout.axis(axis)
    let layout = input.layout.sliced(axis: axis, length: length, step: step)
    return applyView(.slice(axis: axis, start: start), input, [layout])[0]
  }

  /// One place along an axis, picked by a list of one index, which copies.
  public mutating func pick(_ input: Tensor, axis: Int) -> Tensor {
    var shape = input.shape
    shape.dimensions[axis] = 1
    return apply(.pick(axis: axis), [input], Layout(contiguous: shape), input.dataType)
  }

  /// All places along the first axis in another order, by indices off the device.
  public mutating func picked(_ input: Tensor) -> Tensor {
    apply(.pick(axis: 0), [input], Layout(contiguous: input.shape), input.dataType)
  }

  public mutating func select(_ input: Tensor, axis: Int) -> Tensor {
    applyView(.select(axis: input.layout.axis(axis)), input, [input.layout.selected(axis: axis)])[0]
  }

  public mutating func split(_ input: Tensor, axis: Int, lengths: [Int]) -> [Tensor] {
    let axis = input.layout.axis(axis)
    return applyView(.split(axis: axis), input, lengths.map { input.layout.sliced(axis: axis, length: $0) })
  }

  /// A row-major copy, or the tensor itself where it already is row-major.
  public mutating func contiguous(_ input: Tensor) -> Tensor {
    input.layout.isContiguous ? input : apply(.copy, [input], Layout(contiguous: input.shape), input.dataType)
  }
}
