internal import Graph
internal import Units

/// ONNX operators as those of eager PyTorch, by rows: a row says which operators run, and through them what is kept.
enum OperatorLowering {
  typealias Row = @Sendable (LoweredStep, inout TrainingLowering) throws(LoweringError) -> [Tensor?]

  /// Whether a step is lowered in the same way where no gradient flows: a view stays a view.
  static func isPlain(_ node: Node) -> Bool { node.domain.isEmpty && views[node.operatorType] != nil }

  /// The results of a step; nil where there is no row.
  static func lower(_ step: LoweredStep, _ lowering: inout TrainingLowering) throws(LoweringError) -> [Tensor?]? {
    let name = step.node.operatorType
    guard let row = views[name] ?? elementwise[name] ?? layers[name] ?? attention[name] else { return nil }
    return try row(step, &lowering)
  }

  // MARK: - Views

  private static let views: [String: Row] = [
    "Identity": { step, g throws(LoweringError) in [try g.tensor(step.step.reads[0])] },
    "Reshape": reshape, "Flatten": reshape, "Squeeze": reshape, "Unsqueeze": reshape,
    "Transpose": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      if input.shape.rank == 2 { g.transposed[step.result] = step.step.reads[0] }
      let order = step.integers("perm") ?? Array((0..<input.shape.rank).reversed())
      let axes = order.map { $0 < 0 ? $0 + input.shape.rank : $0 }
      return [g.trained(g.builder.permute(input, axes), by: [input])]
    },
    "Expand": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      let shape = try g.shape(step.result)
      return [shape == input.shape ? input : g.trained(g.builder.expand(input, to: shape), by: [input])]
    },
    "Slice": slice,
    "Split": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      let axis = input.layout.axis(step.integer("axis") ?? 0)
      var lengths: [Int] = []
      for case let place? in step.step.writes { lengths.append(try g.shape(place)[axis]) }
      var parts: [Tensor] = []
      for part in g.builder.split(input, axis: axis, lengths: lengths) { parts.append(g.trained(part, by: [input])) }
      return parts
    },
    "Cast": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      return [g.trained(g.builder.cast(input, to: g.type(of: step.result)), by: [input])]
    },
    "Dropout": { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      let ratio = step.operand(1).flatMap { g.number($0) } ?? step.float("ratio") ?? 0.5
      // The mask is an output only of a graph that was exported for training.
      let trains = step.operand(2).flatMap { g.number($0) } == 1
      return [trains ? g.trained(g.builder.dropout(input, ratio), by: [input]) : input]
    },
  ]

  private static func reshape(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    let input = try g.tensor(step.step.reads[0])
    return [g.trained(g.builder.reshape(input, try g.shape(step.result)), by: [input])]
  }

  private static func slice(_ step: LoweredStep, _ g: inout TrainingLowering) throws(LoweringError) -> [Tensor?] {
    let input = try g.tensor(step.step.reads[0])
    let shape = try g.shape(step.result)
    var result = input
    for axis in 0..<shape.rank where shape[axis] != input.shape[axis] {
      result = g.trained(g.builder.slice(result, axis: axis, start: 0, length: shape[axis]), by: [input])
    }
    return [result]
  }

  // MARK: - Element by element

  private static let elementwise: [String: Row] = {
    var rows: [String: Row] = [
      "Add": binary(.add, .addScalar), "Sub": binary(.add, .addScalar), "Mul": binary(.multiply, .multiplyScalar),
      "Div": binary(.divide, .divideScalar), "Sum": binary(.add, .addScalar),
      "Neg": unary(.negate), "Sin": unary(.sine), "Cos": unary(.cosine), "Sigmoid": unary(.sigmoid),
      "Tanh": unary(.tanh), "Relu": unary(.relu), "Gelu": unary(.gelu), "FastGelu": biased(.gelu),
      "BiasGelu": biased(.gelu), "QuickGelu": unary(.silu), "Swish": unary(.silu),
      "Pow": { step, g throws(LoweringError) in
        let input = try g.tensor(step.step.reads[0])
        let exponent = step.operand(1).flatMap { g.number($0) }
        guard let exponent else { throw LoweringError(message: "a power with a trained exponent is not simulated") }
        return [g.trained(g.builder.power(input, exponent), by: [input])]
      },
      "Where": { step, g throws(LoweringError) in
        let condition = try g.tensor(step.step.reads[0])
        let shape = try g.shape(step.result)
        let (yes, no) = (step.step.reads[1], step.step.reads[2])
        for (chosen, other) in [(yes, no), (no, yes)] where g.number(other) != nil {
          let input = try g.tensor(chosen)
          return [g.trained(g.builder.whereVisible(input, condition), by: [input])]
        }
        let (left, right) = (try g.tensor(yes), try g.tensor(no))
        return [g.trained(g.apply(.choose, [condition, left, right], shape, left.dataType), by: [left, right])]
      },
    ]
    let functions = [
      "Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh", "Atan": "atan",
      "Atanh": "atanh", "Ceil": "ceil", "Celu": "celu", "Clip": "clamp", "Cosh": "cosh", "Elu": "elu", "Erf": "erf",
      "Exp": "exp", "Floor": "floor", "HardSigmoid": "hardsigmoid", "HardSwish": "hardswish",
      "LeakyRelu": "leaky_relu", "Log": "log", "Mish": "mish", "Reciprocal": "reciprocal", "Round": "round",
      "Selu": "selu", "Sign": "sign", "Sinh": "sinh", "Softplus": "softplus", "Softsign": "softsign", "Sqrt": "sqrt",
      "Tan": "tan", "ThresholdedRelu": "threshold", "CumSum": "cumsum", "RotaryEmbedding": "rotary",
    ]
    for (name, function) in functions {
      if let function = ElementwiseFunction.named(function) { rows[name] = unary(.function(function)) }
    }
    for (name, function) in ["Max": "maximum", "Min": "minimum"] {
      if let function = ElementwiseFunction.named(function) {
        rows[name] = binary(.extremum(function), .function(function))
      }
    }
    return rows
  }()

  private static func unary(_ kind: OperatorKind) -> Row {
    { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      return [g.trained(g.builder.unary(kind, input), by: [input])]
    }
  }

  /// A function of a sum with a bias.
  private static func biased(_ kind: OperatorKind) -> Row {
    { step, g throws(LoweringError) in
      var input = try g.tensor(step.step.reads[0])
      if let bias = step.operand(1) {
        let bias = try g.tensor(bias)
        input = g.trained(g.builder.add(input, bias), by: [input, bias])
      }
      return [g.trained(g.builder.unary(kind, input), by: [input])]
    }
  }

  /// A function of two operands, or of one and a number.
  private static func binary(_ kind: OperatorKind, _ scalar: OperatorKind) -> Row {
    { step, g throws(LoweringError) in
      var result: Tensor?
      for place in step.step.reads {
        if g.number(place) != nil, !g.isWeight(place), step.step.reads.contains(where: { g.number($0) == nil }) {
          continue
        }
        let operand = try g.tensor(place)
        guard let left = result else {
          result = operand
          continue
        }
        let layout = Layout.elementwise([left.layout, operand.layout])
        let type = left.dataType.bitWidth >= operand.dataType.bitWidth ? left.dataType : operand.dataType
        result = g.trained(g.builder.apply(kind, [left, operand], layout, type), by: [left, operand])
      }
      guard let result else { throw LoweringError(message: "\(step.node.operatorType) has no operand") }
      let numbers = step.step.reads.count { g.number($0) != nil && !g.isWeight($0) }
      guard numbers > 0, numbers < step.step.reads.count else { return [result] }
      return [g.trained(g.builder.unary(scalar, result), by: [result])]
    }
  }
}
