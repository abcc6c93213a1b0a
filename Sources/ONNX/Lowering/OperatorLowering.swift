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
      "Add": binary(.add, .addScalar), "Sum": binary(.add, .addScalar), "Mul": binary(.multiply, .multiplyScalar),
      // A number minus a tensor is `rsub`; a number over one is its reciprocal, multiplied.
      "Sub": binary(.subtract, .addScalar, before: ["rsub"].compactMap(named)),
      "Div": binary(.divide, .divideScalar, before: ["reciprocal"].compactMap(named) + [.multiplyScalar]),
      "Neg": unary(.negate), "Sin": unary(.sine), "Cos": unary(.cosine), "Sigmoid": unary(.sigmoid),
      "Tanh": unary(.tanh), "Relu": unary(.relu), "Gelu": unary(.gelu), "FastGelu": biased(.gelu),
      "BiasGelu": biased(.gelu), "Swish": unary(.silu),
      "Pow": { step, g throws(LoweringError) in
        guard let place = step.operand(1) else { throw LoweringError(message: "a power without an exponent") }
        if let function = named("rpow"), g.number(step.step.reads[0]) != nil, g.number(place) == nil {
          let exponent = try g.tensor(place)
          return [g.trained(g.builder.unary(function, exponent), by: [exponent])]
        }
        let input = try g.tensor(step.step.reads[0])
        if let number = g.number(place) { return [g.trained(g.builder.power(input, number), by: [input])] }
        let exponent = try g.tensor(place)
        let layout = Layout.elementwise([input.layout, exponent.layout])
        let inputs = [input, exponent]
        return [g.trained(g.builder.apply(.powerOf, inputs, layout, input.dataType), by: inputs)]
      },
      "Clip": { step, g throws(LoweringError) in
        let input = try g.tensor(step.step.reads[0])
        let places = [1, 2].count { step.operand($0) != nil }
        let count = places + ["min", "max"].count { step.float($0) != nil }
        guard let function = named(count == 1 ? "clamp_bound" : "clamp") else { return [input] }
        return [g.trained(g.builder.unary(function, input), by: [input])]
      },
      // x / (1 + x.abs()), F.softsign.
      "Softsign": composite { b, input in
        guard let abs = named("abs") else { return input }
        return b.divide(input, b.addScalar(b.unary(abs, input)))
      },
      // x * sigmoid(1.702 * x)
      "QuickGelu": composite { b, input in b.multiply(input, b.unary(.sigmoid, b.multiplyScalar(input))) },
      "Where": { step, g throws(LoweringError) in
        let condition = try g.tensor(step.step.reads[0])
        let shape = try g.shape(step.result)
        let (yes, no) = (step.step.reads[1], step.step.reads[2])
        let type = g.type(of: step.result)
        var choices: [Tensor] = []
        for place in [yes, no] {
          // A number becomes a tensor for the occasion.
          let isNumber = g.number(place) != nil && !g.isWeight(place)
          choices.append(isNumber ? g.builder.create("scalar_tensor", [], [], type) : try g.tensor(place))
        }
        return [g.trained(g.apply(.choose, [condition] + choices, shape, type), by: choices)]
      },
    ]
    let functions = [
      "Abs": "abs", "Acos": "acos", "Acosh": "acosh", "Asin": "asin", "Asinh": "asinh", "Atan": "atan",
      "Atanh": "atanh", "Ceil": "ceil", "Celu": "celu", "Cosh": "cosh", "Elu": "elu", "Erf": "erf",
      "Exp": "exp", "Floor": "floor", "HardSigmoid": "hardsigmoid", "HardSwish": "hardswish",
      "LeakyRelu": "leaky_relu", "Log": "log", "Mish": "mish", "Reciprocal": "reciprocal", "Round": "round",
      "Selu": "selu", "Sign": "sign", "Sinh": "sinh", "Softplus": "softplus", "Sqrt": "sqrt",
      "Tan": "tan", "ThresholdedRelu": "threshold", "CumSum": "cumsum", "RotaryEmbedding": "rotary",
    ]
    for (name, function) in functions {
      if let function = ElementwiseFunction.named(function) { rows[name] = unary(.function(function)) }
    }
    for (name, function) in ["Max": "maximum", "Min": "minimum"] {
      if let function = ElementwiseFunction.named(function) {
        rows[name] = binary(.extremum(function), named("clamp_bound") ?? .function(function))
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

  private static func named(_ function: String) -> OperatorKind? {
    ElementwiseFunction.named(function).map { .function($0) }
  }

  /// A function of one operand that is written with several operators, while which the operand lives.
  static func composite(_ body: @escaping @Sendable (inout GraphBuilder, Tensor) -> Tensor) -> Row {
    { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      return [g.trained(g.builder.frame("") { body(&$0, input) }, by: [input])]
    }
  }

  /// A function of a sum with a bias.
  private static func biased(_ kind: OperatorKind) -> Row {
    { step, g throws(LoweringError) in
      let input = try g.tensor(step.step.reads[0])
      guard let place = step.operand(1) else { return [g.trained(g.builder.unary(kind, input), by: [input])] }
      let bias = try g.tensor(place)
      let result = g.builder.frame("") { $0.unary(kind, $0.add(input, bias)) }
      return [g.trained(result, by: [input, bias])]
    }
  }

  /// A function of two operands, or of one and a number that comes after or before it.
  private static func binary(_ kind: OperatorKind, _ after: OperatorKind, before: [OperatorKind] = []) -> Row {
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
      let isNumber = step.step.reads.map { g.number($0) != nil && !g.isWeight($0) }
      guard isNumber.contains(true), isNumber.contains(false) else { return [result] }
      let kinds = isNumber[0] && !before.isEmpty ? before : [after]
      let made = g.builder.frame("") { b in kinds.reduce(result) { b.unary($1, $0) } }
      return [g.trained(made, by: [result])]
    }
  }
}
