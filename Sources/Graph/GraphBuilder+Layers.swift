public import Units

// Autocast converts an operator's arguments from the last to the first: the order in which compilers on x86-64 Linux
// evaluate the call in `WrapFunction_` (aten/src/ATen/autocast_mode.h). The arguments themselves live until the
// operator has run.

extension GraphBuilder {
  /// `F.embedding`: rows of `table` [V, H] for indices of any shape.
  public mutating func embedding(_ indices: Tensor, _ table: Tensor) -> Tensor {
    let shape = Shape(indices.shape.dimensions + [table.shape[1]])
    return apply(.embedding, [table, indices], Layout(contiguous: shape), table.dataType)
  }

  /// `F.linear`: input [.., in], weight [out, in] (or [in, out] where transposed), bias [out].
  ///
  /// - Parameters:
  ///   - throughView: the weight is read through a view, as in `input @ weight.T`, whose copy autocast does not keep.
  ///   - sharesBias: each rank adds its share of the bias (`Partial._partition_value` of DTensor).
  public mutating func linear(
    _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, transposed: Bool = false, throughView: Bool = false,
    sharesBias: Bool = false
  ) -> Tensor {
    frame("") { g in
      // `F.linear(input, weight, bias)`, and a Conv1D's `addmm(bias, input, weight)`.
      let early = transposed ? nil : bias.map { g.castForSpeed($0) }
      let weight = g.castForSpeed(weight, keeps: !throughView)
      let input = g.castForSpeed(input)
      let bias = early ?? bias.map { g.castForSpeed($0) }
      if let bias, !transposed, input.shape.rank > 2, !input.layout.isContiguous {
        // Not flattened to `addmm`: a product, and the bias added to it (aten/src/ATen/native/Linear.cpp).
        return g.add(g.product(input, weight, transposed: false), bias)
      }
      let share = sharesBias ? bias.map { g.create("div", [$0], $0.shape, $0.dataType) } : nil
      let result = g.product(input, weight, bias, transposed: transposed)
      if let share { g.keepUntilHere(share) }
      return result
    }
  }

  private mutating func product(
    _ input: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, transposed: Bool
  ) -> Tensor {
    var input = input
    let rows = input.shape.dimensions.dropLast().reduce(1, *)
    let matrix: Shape = [rows, input.shape[input.shape.rank - 1]]
    if input.layout.viewed(as: matrix) == nil { input = contiguous(input) }
    let width = weight.shape[transposed ? 1 : 0]
    let shape = Shape(Array(input.shape.dimensions.dropLast()) + [width])
    return apply(
      .linear(transposed: transposed), [input, weight] + (bias.map { [$0] } ?? []), Layout(contiguous: shape),
      input.dataType)
  }

  /// `F.conv1d`: input [B, C, L], weight [O, C, K], bias [O].
  public mutating func convolution(
    _ input: Tensor, _ weight: Tensor, _ bias: Tensor?, stride: Int, padding: Int
  ) -> Tensor {
    frame("") { g in
      let bias = bias.map { g.castForSpeed($0) }
      let weight = g.castForSpeed(weight)
      let input = g.castForSpeed(input)
      let length = (input.shape[2] + 2 * padding - weight.shape[2]) / stride + 1
      return g.apply(
        .convolution, [input, weight] + (bias.map { [$0] } ?? []),
        Layout(contiguous: [input.shape[0], weight.shape[0], length]), input.dataType)
    }
  }

  /// Rows of a table by an index tensor (`table[indices]`), whose derivative puts them back with `index_put`.
  public mutating func indexed(_ table: Tensor, _ indices: Tensor) -> Tensor {
    let shape = Shape(indices.shape.dimensions + table.shape.dimensions.dropFirst())
    return apply(.pick(axis: 0), [table, indices], Layout(contiguous: shape), table.dataType)
  }

  /// `torch.matmul` of two rank-4 tensors: both are brought to rank 3 (which copies what no view can show) and
  /// multiplied by `bmm`.
  public mutating func matrixProduct(_ left: Tensor, _ right: Tensor) -> Tensor {
    frame("") { g in
      let right = g.castForSpeed(right)
      let left = g.castForSpeed(left)
      let batch = Shape(Array(left.shape.dimensions.dropLast(2)))
      let count = batch.dimensions.reduce(1, *)
      let (m, k, n) = (
        left.shape[left.shape.rank - 2], left.shape[left.shape.rank - 1], right.shape[right.shape.rank - 1]
      )
      let product = g.frame("") { g in
        let flatLeft = g.reshape(left, Shape([count, m, k]))
        let whole = Shape(batch.dimensions + [k, n])
        let flatRight = g.reshape(right.shape == whole ? right : g.expand(right, to: whole), Shape([count, k, n]))
        let flat: Shape = [count, m, n]
        return g.apply(.batchedProduct, [flatLeft, flatRight], Layout(contiguous: flat), left.dataType)
      }
      return g.applyView(.view, product, [Layout(contiguous: Shape(batch.dimensions + [m, n]))])[0]
    }
  }

  /// `torch.bmm` of two rank-3 tensors.
  public mutating func batchedProduct(_ left: Tensor, _ right: Tensor) -> Tensor {
    frame("") { g in
      let right = g.castForSpeed(right)
      let left = g.castForSpeed(left)
      let shape: Shape = [left.shape[0], left.shape[1], right.shape[2]]
      return g.apply(.batchedProduct, [left, right], Layout(contiguous: shape), left.dataType)
    }
  }

  /// `torch.baddbmm`: a product of two rank-3 tensors added to one that repeats along its axes.
  public mutating func addedBatchedProduct(_ addend: Tensor, _ left: Tensor, _ right: Tensor) -> Tensor {
    frame("") { g in
      let right = g.castForSpeed(right)
      let left = g.castForSpeed(left)
      let addend = g.castForSpeed(addend)
      let shape: Shape = [left.shape[0], left.shape[1], right.shape[2]]
      return g.apply(.addedBatchedProduct, [addend, left, right], Layout(contiguous: shape), left.dataType)
    }
  }

  /// `nn.Conv1d` of [B, channels, S] with a stride of one, padded so that S stays.
  public mutating func convolution(_ input: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    let bias = bias.map { castForSpeed($0) }
    let weight = castForSpeed(weight)
    let input = castForSpeed(input)
    let shape: Shape = [input.shape[0], weight.shape[0], input.shape[2]]
    return apply(.convolution, [input, weight] + (bias.map { [$0] } ?? []), Layout(contiguous: shape), input.dataType)
  }

  /// `F.layer_norm` over the last axis, which autocast runs in fp32.
  public mutating func layerNorm(_ input: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Tensor {
    frame("") { g in
      let bias = bias.map { g.castForPrecision($0) }
      let weight = weight.map { g.castForPrecision($0) }
      let input = g.castForPrecision(input)
      var statistics = input.shape
      statistics.dimensions[statistics.rank - 1] = 1
      let layout = Layout(contiguous: statistics)
      return g.apply(
        .layerNorm, [input] + [weight, bias].compactMap { $0 },
        results: [(Layout(contiguous: input.shape), input.dataType), (layout, .float32), (layout, .float32)])[0]
    }
  }

  /// `F.softmax` along the last axis; `type` as its `dtype` argument. From fp16 to fp32 is one kernel; any other
  /// change of type is a copy first (aten/src/ATen/native/SoftMax.cpp).
  public mutating func softmax(_ input: Tensor, to type: DataType? = nil) -> Tensor {
    frame("") { g in
      let type = type ?? (g.autocast != nil ? .float32 : input.dataType)
      let isOneKernel = input.dataType == .float16 && type == .float32
      let source = isOneKernel ? input : g.cast(input, to: type)
      return g.apply(.softmax, [source], Layout(contiguous: input.shape), type)
    }
  }

  /// `F.scaled_dot_product_attention`, shapes [B, heads, S, D]; the kernel is the caller's choice.
  public mutating func attention(
    _ kernel: AttentionKernel, query: Tensor, key: Tensor, value: Tensor, mask: Tensor?, isCausal: Bool = false
  ) -> Tensor {
    let results = Self.attentionResults(kernel, query: query, value: value, length: query.shape[2])
    return apply(
      .attention(kernel, isCausal: isCausal && mask == nil), [query, key, value] + (mask.map { [$0] } ?? []),
      results: results)[0]
  }

  /// What a kernel of attention writes for so many of the queries: values, log-sums and the state of its random numbers.
  static func attentionResults(
    _ kernel: AttentionKernel, query: Tensor, value: Tensor, length: Int
  ) -> [(layout: Layout, dataType: DataType)] {
    let (batch, heads) = (query.shape[0], query.shape[1])
    let out = Shape([batch, heads, length, value.shape[3]])
    let scalar = Layout(contiguous: [])
    let statistics: Shape
    let layout: Layout
    let state: [(layout: Layout, dataType: DataType)]
    switch kernel {
    case .flash:
      layout = query.layout.preserved
      statistics = [batch, heads, length]
      state = [(Layout(contiguous: [2]), .uint64), (scalar, .uint64)]
    case .cudnn:
      layout = query.layout.preserved
      statistics = [batch, heads, length, 1]
      state = [(scalar, .int64), (scalar, .int64)]
    case .efficient:
      // The kernel writes [B, S, heads, D] and keeps log-sums for whole blocks of 32 rows.
      layout = Layout(contiguous: [batch, length, heads, value.shape[3]]).transposed(1, 2)
      statistics = [batch, heads, (length + 31) / 32 * 32]
      state = [(scalar, .int64), (scalar, .int64)]
    }
    return [
      (Layout(shape: out, strides: layout.strides), query.dataType), (Layout(contiguous: statistics), .float32),
    ] + state
  }

  /// The mean over a loss of each element, of outputs and targets alike in shape; autocast takes it in fp32.
  public mutating func pointwiseLoss(_ name: String, _ input: Tensor, _ targets: Tensor) -> Tensor {
    let targets = castForPrecision(targets)
    let input = castForPrecision(input)
    return apply(.pointwiseLoss(name), [input, targets], Layout(contiguous: []), input.dataType)
  }

  /// `F.cross_entropy` of logits [N, V] and targets [N] to a scalar. It names the logarithms' type, so that autocast
  /// leaves them in the logits'; only the likelihood is taken in fp32 (aten/src/ATen/native/LossNLL.cpp).
  public mutating func crossEntropy(_ logits: Tensor, _ targets: Tensor) -> Tensor {
    frame("") { g in
      let logarithms = g.apply(.logSoftmax, [logits], Layout(contiguous: logits.shape), logits.dataType)
      let wide = g.castForPrecision(logarithms)
      let scalar = (Layout(contiguous: []), wide.dataType)
      return g.apply(.negativeLogLikelihood, [wide, targets], results: [scalar, scalar])[0]
    }
  }
}
