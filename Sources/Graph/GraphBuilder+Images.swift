public import Units

extension Layout {
  /// Whether an image [B, C, H, W] lies pixel by pixel, all channels of each side by side.
  public var isChannelsLast: Bool {
    shape.rank == 4 && !isContiguous && permuted([0, 2, 3, 1]).isContiguous
  }

  /// A new image [B, C, H, W] in the order of this one's axes.
  public func image(_ shape: Shape) -> Layout {
    guard isChannelsLast else { return Layout(contiguous: shape) }
    return Layout(contiguous: [shape[0], shape[2], shape[3], shape[1]]).permuted([0, 3, 1, 2])
  }
}

/// How a window moves over an image; the same along both sides.
public struct ImageWindow: Hashable, Sendable {
  public var size: Int
  public var stride: Int
  public var padding: Int

  public init(size: Int, stride: Int = 1, padding: Int = 0) {
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  /// How many places it has along a side of so many pixels.
  public func places(along side: Int) -> Int { max(0, (side + 2 * padding - size) / stride + 1) }
}

extension GraphBuilder {
  /// `F.conv2d`: input [B, C, H, W], weight [out, C / groups, size, size], bias [out].
  public mutating func imageConvolution(
    _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, stride: Int = 1, padding: Int = 0
  ) -> Tensor {
    let bias = bias.map { castForSpeed($0) }
    let weight = castForSpeed(weight)
    let input = castForSpeed(input)
    let window = ImageWindow(size: weight.shape[2], stride: stride, padding: padding)
    let shape: Shape = [
      input.shape[0], weight.shape[0], window.places(along: input.shape[2]), window.places(along: input.shape[3]),
    ]
    return apply(.convolution, [input, weight] + (bias.map { [$0] } ?? []), input.layout.image(shape), input.dataType)
  }

  /// `F.batch_norm` over the channels of [B, C, H, W] while training.
  public mutating func batchNorm(
    _ input: Tensor, _ weight: Tensor, _ bias: Tensor, mean: Tensor, variance: Tensor
  ) -> Tensor {
    let statistics = Layout(contiguous: weight.shape)
    return apply(
      .batchNorm, [input, weight, bias, mean, variance],
      results: [(input.layout.preserved, input.dataType), (statistics, .float32), (statistics, .float32)])[0]
  }

  /// `F.max_pool2d`, with the places that the largest elements had.
  public mutating func maximumPool(_ input: Tensor, _ window: ImageWindow) -> Tensor {
    let shape: Shape = [
      input.shape[0], input.shape[1], window.places(along: input.shape[2]), window.places(along: input.shape[3]),
    ]
    let layout = input.layout.image(shape)
    return apply(.maximumPool, [input], results: [(layout, input.dataType), (layout, .int64)])[0]
  }

  /// `F.interpolate` of an image [B, C, H, W] to other sides.
  public mutating func resampled(_ input: Tensor, height: Int, width: Int) -> Tensor {
    apply(.resample, [input], input.layout.image([input.shape[0], input.shape[1], height, width]), input.dataType)
  }

  /// `torch.roll` along several axes.
  public mutating func rolled(_ input: Tensor) -> Tensor { function("roll", input) }

  /// `torch.cat` as autocast runs it: every part in the widest of their types first.
  public mutating func joined(_ inputs: [Tensor], axis: Int) -> Tensor {
    guard autocast != nil, inputs.contains(where: { $0.dataType == .float32 }) else {
      return concatenate(inputs, axis: axis)
    }
    var parts: [Tensor] = []
    for input in inputs.reversed() { parts.insert(cast(input, to: .float32), at: 0) }
    return concatenate(parts, axis: axis)
  }

  /// The mean along an axis, which disappears.
  public mutating func mean(_ input: Tensor, axis: Int) -> Tensor {
    var shape = input.shape
    shape.dimensions.remove(at: input.layout.axis(axis))
    return apply(.mean, [input], Layout(contiguous: shape), input.dataType)
  }
}
