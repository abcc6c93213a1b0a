internal import Units

// What models do along a sequence that are no attention.

extension GraphBuilder {
  /// `F.conv1d` of [B, C, S] with a kernel [C, 1, K] for each channel, padded by `padding` at both ends.
  public mutating func channelConvolution(
    _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, padding: Int
  ) -> Tensor {
    frame("") { g in
      let bias = bias.map { g.castForSpeed($0) }
      let weight = g.castForSpeed(weight, keeps: false)
      let input = g.castForSpeed(input)
      let length = input.shape[2] + 2 * padding - weight.shape[2] + 1
      let shape: Shape = [input.shape[0], weight.shape[0], length]
      return g.apply(
        .convolution, [input, weight] + (bias.map { [$0] } ?? []), Layout(contiguous: shape), input.dataType)
    }
  }

  /// `F.pad` with zeros behind an axis; a copy where there is nothing to pad.
  public mutating func padded(_ input: Tensor, axis: Int, by count: Int) -> Tensor {
    guard count > 0 else { return apply(.pad, [input], input.layout.preserved, input.dataType) }
    var shape = input.shape
    shape.dimensions[input.layout.axis(axis)] += count
    return apply(.pad, [input], Layout(contiguous: shape), input.dataType)
  }

  /// The sum along one axis, which goes.
  public mutating func sum(_ input: Tensor, along axis: Int) -> Tensor {
    var shape = input.shape
    let axis = input.layout.axis(axis)
    shape.dimensions[axis] = 1
    let kept = apply(.sum, [input], Layout(contiguous: shape), input.dataType)
    shape.dimensions.remove(at: axis)
    return reshape(kept, shape)
  }

  /// `repeat_interleave` along an axis: each place as often as `count` says, which copies.
  public mutating func interleaved(_ input: Tensor, axis: Int, _ count: Int) -> Tensor {
    let axis = input.layout.axis(axis)
    var wide = input.shape.dimensions
    wide.insert(count, at: axis + 1)
    let copy = apply(
      .copy, [expand(unsqueeze(input, axis + 1), to: Shape(wide))], Layout(contiguous: Shape(wide)), input.dataType)
    var flat = input.shape
    flat.dimensions[axis] *= count
    return reshape(copy, flat)
  }
}
