internal import Graph
internal import Units

extension OperatorLowering {
  static let layers: [String: Row] = [
    "MatMul": matrixProduct,
    "Gemm": gemm,
    "FusedMatMul": matrixProduct,
    "Gather": gather,
    "GatherElements": { step, g throws(LoweringError) in
      let (input, index) = (try g.tensor(step.step.reads[0]), try g.tensor(step.step.reads[1]))
      return [g.apply(.gather, [input, index], try g.shape(step.result))]
    },
    "GatherND": { step, g throws(LoweringError) in
      let inputs = [try g.tensor(step.step.reads[0]), try g.tensor(step.step.reads[1])]
      return [g.apply(.pick(axis: 0), inputs, try g.shape(step.result))]
    },
    "Concat": { step, g throws(LoweringError) in
      var inputs: [Tensor] = []
      for place in step.step.reads { inputs.append(try g.tensor(place)) }
      return [g.trained(g.builder.concatenate(inputs, axis: step.integer("axis") ?? 0), by: inputs)]
    },
    "Pad": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      return [g.apply(.pad, [input], try g.shape(step.result))]
    },
    "Softmax": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      return [g.trained(g.builder.softmax(input), by: [input])]
    },
    "LogSoftmax": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      return [g.apply(.logSoftmax, [input], input.shape)]
    },
    "ReduceMean": reduction(.mean), "GlobalAveragePool": reduction(.mean),
    "ReduceSum": reduction(.sum),
    "ReduceL2": reduction(.vectorNorm), "ReduceLogSumExp": reduction(.logSumExp),
    "ReduceL1": reduction(
      .sum, of: { b, x in ElementwiseFunction.named("abs").map { b.unary(.function($0), x) } ?? x }),
    "ReduceSumSquare": reduction(.sum, of: { b, x in b.multiply(x, x) }),
    "ReduceLogSum": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      let layout = Layout(contiguous: try g.shape(step.result))
      let result = g.builder.frame("") { b in
        let sum = b.apply(.sum, [input], layout, input.dataType)
        return ElementwiseFunction.named("log").map { b.unary(.function($0), sum) } ?? sum
      }
      return [g.trained(result, by: [input])]
    },
    "ReduceMax": reduction(.extreme), "ReduceMin": reduction(.extreme), "GlobalMaxPool": reduction(.extreme),
    "LayerNormalization": { step, g throws(LoweringError) in
      [try layerNorm(try g.tensor(step.step.reads[0]), step.operand(1), step.operand(2), &g)]
    },
    "SkipLayerNormalization": { step, g throws(LoweringError) in
      guard let weight = step.operand(2) else { throw LoweringError(message: "a norm without a scale") }
      let scale = try g.tensor(weight)
      let shift = try step.operand(3).map { place throws(LoweringError) in try g.tensor(place) }
      return try skipped(step, bias: 4, &g) { $0.layerNorm($1, scale, shift) }
    },
    "EmbedLayerNormalization": embedding,
    "RMSNormalization": rootMeanSquareNorm,
    "SimplifiedLayerNormalization": rootMeanSquareNorm,
    "SkipSimplifiedLayerNormalization": { step, g throws(LoweringError) in
      guard let weight = step.operand(2) else { throw LoweringError(message: "a norm without a scale") }
      let scale = try g.tensor(weight)
      return try skipped(step, bias: 3, &g) { rootMeanSquareNorm(&$0, $1, scale) }
    },
    "BatchNormalization": { step, g throws(LoweringError) in
      var inputs: [Tensor] = []
      for place in step.step.reads { inputs.append(try g.tensor(place)) }
      let channels = inputs[0].shape.rank > 1 ? inputs[0].shape[1] : 1
      return [normalized(.batchNorm, inputs, statistics: [channels], 2, &g)]
    },
    "InstanceNormalization": instanceNorm,
    "GroupNormalization": groupNorm,
    "Conv": convolution,
    "ConvTranspose": convolution,
    "MaxPool": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      let layout = Layout(contiguous: try g.shape(step.result))
      let results = g.builder.apply(.maximumPool, [input], results: [(layout, input.dataType), (layout, .int64)])
      return [g.trained(results[0], by: [input]), results[1]]
    },
    "AveragePool": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      return [g.apply(.averagePool, [input], try g.shape(step.result))]
    },
    "Resize": resample, "Upsample": resample,
    "DepthToSpace": copied, "SpaceToDepth": copied, "Tile": copied, "Trilu": copied, "ReverseSequence": copied,
  ]

  // MARK: - Products

  /// `F.linear` where the right operand is a matrix of the file, with the bias that is added next; else a batched
  /// product.
  private static func matrixProduct(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    let (left, right) = (step.step.reads[0], step.step.reads[1])
    let input = try g.tensor(left)
    let scales = (step.integer("transA") ?? 0) == 0 && (step.integer("transB") ?? 0) == 0
    let source = g.transposed[right]
    let weight = source ?? right
    if scales, g.isWeight(weight), try g.shape(weight).rank == 2, input.shape.rank >= 2 {
      let matrix = try g.tensor(weight)
      var bias: Tensor?
      let addition = g.onlyReader(of: step.result).flatMap { reader -> (step: Int, bias: Int)? in
        let sum = g.graph.steps[reader]
        guard g.graph.nodes[sum.node].operatorType == "Add", sum.reads.count == 2 else { return nil }
        return sum.reads.first { $0 != step.result && g.isWeight($0) }.map { (reader, $0) }
      }
      if let addition, try g.shape(addition.bias).rank == 1 { bias = try g.tensor(addition.bias) }
      let product = g.trained(
        g.builder.linear(input, matrix, bias, transposed: source == nil),
        by: [input, matrix] + (bias.map { [$0] } ?? []))
      if bias != nil, let addition { g.finish(addition.step, with: product) }
      return [product]
    }
    var operands = (input, try g.tensor(right))
    if step.integer("transA") ?? 0 != 0 { operands.0 = g.builder.transpose(operands.0, -1, -2) }
    if step.integer("transB") ?? 0 != 0 { operands.1 = g.builder.transpose(operands.1, -1, -2) }
    let shape = try g.shape(step.result)
    let inputs = [operands.0, operands.1]
    guard operands.0.shape.rank >= 2, operands.1.shape.rank >= 2 else {
      return [g.apply(.batchedProduct, inputs, shape)]
    }
    if operands.1.shape.rank == 2 {
      return [g.trained(g.builder.linear(operands.0, operands.1, nil, transposed: true), by: inputs)]
    }
    let batch = Array(shape.dimensions.dropLast(2))
    let whole = Shape(batch + operands.0.shape.dimensions.suffix(2))
    if operands.0.shape != whole { operands.0 = g.builder.expand(operands.0, to: whole) }
    return [g.trained(g.builder.matrixProduct(operands.0, operands.1), by: inputs)]
  }

  private static func gemm(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    var input = try g.tensor(step.step.reads[0])
    if step.integer("transA") ?? 0 != 0 { input = g.trained(g.builder.transpose(input, 0, 1), by: [input]) }
    let weight = try g.tensor(step.step.reads[1])
    let bias = try step.operand(2).map { place throws(LoweringError) in try g.tensor(place) }
    let isTransposed = step.integer("transB") ?? 0 == 0
    let inputs = [input, weight] + (bias.map { [$0] } ?? [])
    return [g.trained(g.builder.linear(input, weight, bias, transposed: isTransposed), by: inputs)]
  }

  private static func convolution(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    var inputs: [Tensor] = []
    for place in step.step.reads {
      inputs.append(g.builder.castForSpeed(try g.tensor(place), keeps: g.isWeight(place)))
    }
    return [g.apply(.convolution, inputs, try g.shape(step.result))]
  }

  // MARK: - Picking

  private static func gather(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    let (data, index) = (step.step.reads[0], step.step.reads[1])
    let input = try g.tensor(data)
    let axis = input.layout.axis(step.integer("axis") ?? 0)
    if g.isNumber(index), try g.shape(index).rank == 0 {
      return [g.trained(g.builder.select(input, axis: axis), by: [input])]
    }
    if axis == 0, input.shape.rank == 2, g.isWeight(data) {
      return [g.trained(g.builder.embedding(try g.tensor(index), input), by: [input])]
    }
    return [g.apply(.pick(axis: axis), [input, try g.tensor(index)], try g.shape(step.result))]
  }

  /// Word, position and segment embeddings added and normalised.
  private static func embedding(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    guard let ids = step.operand(0), let words = step.operand(2), let positions = step.operand(3) else {
      throw LoweringError(message: "EmbedLayerNormalization lacks its tables")
    }
    let index = try g.tensor(ids)
    let table = try g.tensor(words)
    var sum = g.trained(g.builder.embedding(index, table), by: [table])
    var tables = [(index, try g.tensor(positions))]
    if let segments = step.operand(1), let table = step.operand(4) {
      tables.append((try g.tensor(segments), try g.tensor(table)))
    }
    for (index, table) in tables {
      let rows = g.trained(g.builder.embedding(index, table), by: [table])
      sum = g.trained(g.builder.add(sum, rows), by: [sum, rows])
    }
    return [try layerNorm(sum, step.operand(5), step.operand(6), &g)]
  }

  // MARK: - Reductions and norms

  private static func reduction(
    _ kind: OperatorKind, of function: @escaping @Sendable (inout GraphBuilder, Tensor) -> Tensor = { $1 }
  ) -> Row {
    { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      let layout = Layout(contiguous: try g.shape(step.result))
      let result = g.builder.frame("") { b in b.apply(kind, [function(&b, input)], layout, input.dataType) }
      return [g.trained(result, by: [input])]
    }
  }

  /// A norm of a sum, and the sum.
  private static func skipped(
    _ step: LoweredStep, bias: Int, _ g: inout TrainingLowering, _ norm: (inout GraphBuilder, Tensor) -> Tensor
  ) throws(LoweringError) -> [Tensor?] {
    var terms = [try g.tensor(step.step.reads[0]), try g.tensor(step.step.reads[1])]
    if let place = step.operand(bias) { terms.append(try g.tensor(place)) }
    let (result, sum) = g.builder.frame("") { b in
      let sum = terms.dropFirst().reduce(terms[0]) { b.add($0, $1) }
      return (norm(&b, sum), sum)
    }
    // The weights train, whatever the terms do.
    return [g.trained(result, by: [result] + terms), nil, nil, g.trained(sum, by: terms)]
  }

  private static func layerNorm(
    _ input: Tensor, _ weight: Int?, _ bias: Int?, _ g: inout TrainingLowering
  ) throws(LoweringError) -> Tensor {
    guard let weight else { throw LoweringError(message: "a norm without a scale") }
    let scale = try g.tensor(weight)
    let shift = try bias.map { place throws(LoweringError) in try g.tensor(place) }
    return g.trained(g.builder.layerNorm(input, scale, shift), by: [input, scale])
  }

  private static func rootMeanSquareNorm(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    guard let weight = step.operand(1) else { throw LoweringError(message: "a norm without a scale") }
    let (input, scale) = (try g.tensor(step.step.reads[0]), try g.tensor(weight))
    return [g.trained(rootMeanSquareNorm(&g.builder, input, scale), by: [input, scale])]
  }

  private static func rootMeanSquareNorm(_ b: inout GraphBuilder, _ input: Tensor, _ scale: Tensor) -> Tensor {
    let statistics = Layout(contiguous: Shape(input.shape.dimensions.dropLast() + [1]))
    return b.apply(
      .rootMeanSquareNorm, [input, scale],
      results: [(Layout(contiguous: input.shape), input.dataType), (statistics, .float32)])[0]
  }

  /// `at::instance_norm`: a batch norm of each image's channels, the weights repeated for every image.
  private static func instanceNorm(
    _ step: LoweredStep, _ g: inout TrainingLowering
  ) throws(LoweringError) -> [Tensor?] {
    var inputs: [Tensor] = []
    for place in step.step.reads { inputs.append(try g.tensor(place)) }
    let shape = inputs[0].shape
    guard shape.rank >= 2 else { throw LoweringError(message: "a norm of a tensor without channels") }
    let (count, channels) = (shape[0], shape[1])
    let flat = Shape([1, count * channels] + shape.dimensions.dropFirst(2))
    let statistics = (Layout(contiguous: [count * channels]), DataType.float32)
    let result = g.builder.frame("") { b in
      let weights = inputs.dropFirst().map { weight in
        let copy = b.apply(
          .copy, [b.expand(weight, to: [count, channels])], Layout(contiguous: [count, channels]), weight.dataType)
        return b.reshape(copy, [count * channels])
      }
      let values = b.apply(
        .batchNorm, [b.reshape(inputs[0], flat)] + weights,
        results: [(Layout(contiguous: flat), inputs[0].dataType), statistics, statistics])[0]
      return b.reshape(values, shape)
    }
    return [g.trained(result, by: inputs)]
  }

  private static func groupNorm(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    var inputs: [Tensor] = []
    for place in step.step.reads { inputs.append(try g.tensor(place)) }
    guard inputs[0].shape.rank >= 2 else { throw LoweringError(message: "a norm of a tensor without channels") }
    let groups = step.integer("num_groups") ?? inputs[0].shape[1]
    return [normalized(.groupNorm, inputs, statistics: [inputs[0].shape[0], groups], 2, &g)]
  }

  /// A norm with `count` statistics beside its values.
  private static func normalized(
    _ kind: OperatorKind, _ inputs: [Tensor], statistics: Shape, _ count: Int, _ g: inout TrainingLowering
  ) -> Tensor {
    let kept = (Layout(contiguous: statistics), DataType.float32)
    let results = g.builder.apply(
      kind, inputs,
      results: [(Layout(contiguous: inputs[0].shape), inputs[0].dataType)]
        + [(Layout, DataType)](
          repeating: kept, count: count))
    return g.trained(results[0], by: inputs)
  }

  // MARK: - Others

  private static func resample(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    [g.apply(.resample, [try g.tensor(step.step.reads[0])], try g.shape(step.result))]
  }

  /// The same elements in another place: a view and a copy in PyTorch, whose gradient is as large as the input.
  private static func copied(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    [g.apply(.pick(axis: 0), [try g.tensor(step.step.reads[0])], try g.shape(step.result))]
  }
}
