public import Units

extension GraphBuilder {
  public mutating func add(_ left: Tensor, _ right: Tensor) -> Tensor { binary(.add, left, right) }
  public mutating func subtract(_ left: Tensor, _ right: Tensor) -> Tensor { binary(.subtract, left, right) }
  public mutating func multiply(_ left: Tensor, _ right: Tensor) -> Tensor { binary(.multiply, left, right) }
  public mutating func divide(_ left: Tensor, _ right: Tensor) -> Tensor { binary(.divide, left, right) }

  private mutating func binary(_ kind: OperatorKind, _ left: Tensor, _ right: Tensor) -> Tensor {
    apply(kind, [left, right], .elementwise([left.layout, right.layout]), Self.promoted(left, right))
  }

  /// The type of a result of two tensors: floating point over integers, the wider of two of a kind, and tensors
  /// with axes over scalars (`torch.result_type`).
  private static func promoted(_ left: Tensor, _ right: Tensor) -> DataType {
    if left.dataType == right.dataType { return left.dataType }
    if left.dataType.isFloatingPoint != right.dataType.isFloatingPoint {
      return left.dataType.isFloatingPoint ? left.dataType : right.dataType
    }
    if (left.shape.rank == 0) != (right.shape.rank == 0) {
      return left.shape.rank == 0 ? right.dataType : left.dataType
    }
    if left.dataType.bitWidth == right.dataType.bitWidth { return .float32 }
    return left.dataType.bitWidth > right.dataType.bitWidth ? left.dataType : right.dataType
  }

  /// An operator of one input that keeps its extents and type.
  public mutating func unary(_ kind: OperatorKind, _ input: Tensor) -> Tensor {
    apply(kind, [input], input.layout.preserved, input.dataType)
  }

  public mutating func addScalar(_ input: Tensor) -> Tensor { unary(.addScalar, input) }
  public mutating func multiplyScalar(_ input: Tensor) -> Tensor { unary(.multiplyScalar, input) }
  public mutating func divideScalar(_ input: Tensor) -> Tensor { unary(.divideScalar, input) }

  /// `clamp` with two bounds. `clamp_` first copies what autograd keeps; then the copy is the result here.
  public mutating func clamp(_ input: Tensor) -> Tensor { function("clamp", input) }

  /// A function of the table, where autocast lists it in fp32 (`exp`, `softplus`, `cumsum`).
  public mutating func preciseFunction(_ name: String, _ input: Tensor) -> Tensor {
    function(name, castForPrecision(input))
  }

  mutating func function(_ name: String, _ input: Tensor) -> Tensor {
    ElementwiseFunction.named(name).map { unary(.function($0), input) } ?? input
  }

  /// `torch.pow`, which autocast runs in fp32.
  public mutating func power(_ input: Tensor, _ exponent: Double) -> Tensor {
    unary(.power(exponent), castForPrecision(input))
  }

  /// `torch.rsqrt`, which autocast runs in fp32.
  public mutating func reciprocalSquareRoot(_ input: Tensor) -> Tensor {
    unary(.reciprocalSquareRoot, castForPrecision(input))
  }

  /// Another element type; the tensor itself where it has it already.
  public mutating func cast(_ input: Tensor, to type: DataType) -> Tensor {
    input.dataType == type ? input : apply(.cast, [input], input.layout.preserved, type)
  }

  /// `input *= number`, `input /= number`: the storage stays.
  public mutating func multiplyScalarInPlace(_ input: Tensor) -> Tensor { applyInPlace(.multiplyScalar, [input]) }
  public mutating func divideScalarInPlace(_ input: Tensor) -> Tensor { applyInPlace(.divideScalar, [input]) }

  /// `torch.where(mask, input, number)`.
  public mutating func whereVisible(_ input: Tensor, _ mask: Tensor) -> Tensor {
    apply(.maskedFill, [input, mask], .elementwise([input.layout, mask.layout]), input.dataType)
  }

  /// `input.masked_scatter(mask, source)`.
  public mutating func scattered(_ input: Tensor, _ mask: Tensor, _ source: Tensor) -> Tensor {
    apply(.maskedScatter, [input, mask, source], Layout(contiguous: input.shape), input.dataType)
  }

  /// `input.masked_fill(mask, number)`.
  public mutating func maskedFill(_ input: Tensor, _ mask: Tensor) -> Tensor {
    apply(.fill, [input, mask], .elementwise([input.layout, mask.layout]), input.dataType)
  }

  /// `input.masked_fill_(mask, number)`: the storage stays.
  public mutating func maskedFillInPlace(_ input: Tensor, _ mask: Tensor) -> Tensor {
    applyInPlace(.fill, [input, mask])
  }

  /// `left += right`: the storage stays.
  public mutating func addInPlace(_ left: Tensor, _ right: Tensor) -> Tensor { applyInPlace(.add, [left, right]) }

  /// `torch.stack` along a new last axis.
  public mutating func stack(_ inputs: [Tensor]) -> Tensor {
    var parts: [Tensor] = []
    for input in inputs { parts.append(unsqueeze(input, -1)) }
    return concatenate(parts, axis: -1)
  }

  /// BLOOM's GELU: a function of its own to autograd, with temporaries that no graph keeps.
  public mutating func fusedTanhGELU(_ input: Tensor) -> Tensor {
    func number(_ g: inout GraphBuilder, _ inputs: Tensor...) -> Tensor {
      g.apply(.create("mul"), inputs, input.layout.preserved, input.dataType)
    }
    return frame("") { g in
      // x * 0.5 * (1 + tanh(0.79788456 * x * (1 + 0.044715 * x * x)))
      let half = number(&g, input)
      let scaled = number(&g, input)
      let square = number(&g, number(&g, input), input)
      let inner = number(&g, scaled, number(&g, square))
      let outer = number(&g, number(&g, inner))
      return g.apply(.fusedTanhGELU, [input, half, outer], input.layout.preserved, input.dataType)
    }
  }

  /// `nn.Dropout` while training; nothing at all with probability zero.
  public mutating func dropout(_ input: Tensor, _ probability: Double) -> Tensor {
    guard probability > 0 else { return input }
    let layout = input.layout.preserved
    return apply(.dropout, [input], results: [(layout, input.dataType), (layout, .bool)])[0]
  }

  /// The mean along the last axis, which stays with extent one.
  public mutating func mean(_ input: Tensor) -> Tensor {
    var shape = input.shape
    shape.dimensions[shape.rank - 1] = 1
    return apply(.mean, [input], Layout(contiguous: shape), input.dataType)
  }

  /// `torch.cat`, perhaps beside an empty tensor of some type.
  public mutating func concatenate(_ inputs: [Tensor], axis: Int, besideEmpty empty: DataType? = nil) -> Tensor {
    var shape = inputs[0].shape
    let axis = inputs[0].layout.axis(axis)
    shape.dimensions[axis] = inputs.reduce(0) { $0 + $1.shape[axis] }
    let types = inputs.map(\.dataType) + (empty.map { [$0] } ?? [])
    let type = types.dropFirst().reduce(types[0]) { $0.bitWidth >= $1.bitWidth ? $0 : $1 }
    return apply(.concatenate(axis: axis), inputs, Layout(contiguous: shape), type)
  }

  /// A tensor that carries no gradient, computed from others that carry none.
  public mutating func create(
    _ name: String, _ inputs: [Tensor] = [], _ shape: Shape, _ type: DataType
  ) -> Tensor {
    apply(.create(name), inputs, Layout(contiguous: shape), type)
  }
}

// MARK: - Autocast

extension GraphBuilder {
  /// The input as an operator on autocast's lower-precision list sees it. A parameter's copy is kept until autocast
  /// ends, so that its next use finds it (`cached_cast` in aten/src/ATen/autocast_mode.cpp); a frozen one's is not, nor
  /// that of a parameter's view.
  package mutating func castForSpeed(_ input: Tensor, keeps: Bool = true) -> Tensor {
    guard let autocast, input.dataType.isFloatingPoint, input.dataType != .float64 else { return input }
    guard keeps, input.dataType == .float32, isLeaf(input) else {
      let copy = cast(input, to: autocast)
      if keeps, input.dataType == .float32 { noteAutocastCopy(copy) }
      return copy
    }
    if let known = castParameters[input.id] { return known }
    let copy = cast(input, to: autocast)
    castParameters[input.id] = copy
    return copy
  }

  private func isLeaf(_ input: Tensor) -> Bool {
    graph[input.id].origin == .parameter(trains: true) || graph.extraLeaves.contains(input.id)
  }

  /// The input as an operator on autocast's fp32 list sees it.
  package mutating func castForPrecision(_ input: Tensor) -> Tensor {
    guard autocast != nil, input.dataType == .bfloat16 || input.dataType == .float16 else { return input }
    return cast(input, to: .float32)
  }

  /// Ends autocast, and with it the copies of parameters that no saved tensor needs.
  public mutating func endAutocast() {
    for copy in castParameters.values { keepUntilHere(copy) }
    castParameters = [:]
    autocast = nil
  }

  /// Runs `body` with autocast off, as rotary embeddings do to stay in fp32.
  public mutating func withoutAutocast<Result>(_ body: (inout GraphBuilder) -> Result) -> Result {
    let outer = autocast
    autocast = nil
    let result = body(&self)
    autocast = outer
    return result
  }
}
