internal import Glibc
internal import Graph
internal import Units

/// Operators that compute each element from the elements in the same place.
enum Elementwise {
  static let all: [OperatorRow] =
    unary + arithmetic + comparisons + logic
    + [
      row("Cast", shape: cast, value: castValue), row("CastLike", shape: castLike, value: castValue),
      row("BitCast", shape: bitCast), row("Where", shape: select, value: selectValue),
      row("Clip", storage: .reusable, shape: sameAsFirst, value: clip), row("Mean", shape: broadcastAll),
      row("Sum", shape: broadcastAll, value: fold(+, +)), row("PRelu", shape: prelu),
    ]

  // MARK: - One operand

  private static let unary: [OperatorRow] =
    rows(
      [
        "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "BitwiseNot", "Celu", "Cosh", "Elu", "Gelu", "HardSigmoid",
        "HardSwish", "LeakyRelu", "Mish", "Selu", "Shrink", "Sinh", "Softplus", "Softsign", "Swish",
        "Tan", "ThresholdedRelu", "Affine", "Crop", "ParametricSoftplus", "ScaledTanh", "Hardmax", "LogSoftmax",
        "Softmax",
        "LpNormalization", "MeanVarianceNormalization", "CumSum", "CumProd",
      ], storage: .reusable, shape: sameAsFirst)
    + [
      number("Abs") {
        $0.isAtLeast(0) == true ? $0 : $0.isAtLeast(0) == false ? -$0 : nil
      } real: {
        abs($0)
      },
      number("Neg") {
        -$0
      } real: {
        -$0
      },
      number("Sign") {
        $0.constant.map { .constant($0.signum()) }
      } real: {
        $0 == 0 ? 0 : $0 > 0 ? 1 : -1
      },
      number("Relu") {
        Dimension.larger($0, 0)
      } real: {
        max($0, 0)
      },
      real("Ceil") { $0.rounded(.up) }, real("Floor") { $0.rounded(.down) },
      real("Round") { $0.rounded(.toNearestOrEven) }, real("Sqrt") { $0.squareRoot() }, real("Reciprocal") { 1 / $0 },
      real("Exp") { exp($0) }, real("Log") { log($0) }, real("Erf") { erf($0) }, real("Sigmoid") { 1 / (1 + exp(-$0)) },
      real("Tanh") { tanh($0) }, real("Sin") { sin($0) }, real("Cos") { cos($0) },
      row("Not", shape: sameAsFirst) { call, _ throws(Unresolved) in
        [try call.elements(0).map { $0.truth.map { .truth(!$0) } ?? .unknown }]
      },
    ] + rows(["IsInf", "IsNaN"], shape: truthOfFirst)

  private static func number(
    _ name: String, _ integer: @escaping @Sendable (Dimension) -> Dimension?,
    real: @escaping @Sendable (Double) -> Double
  ) -> OperatorRow {
    row(name, storage: .reusable, shape: sameAsFirst) { call, _ throws(Unresolved) in
      let elements = try call.elements(0)
      return [
        elements.map { element in
          switch element {
          case .integer(let value): integer(value).map { .integer($0) } ?? .unknown
          case .real(let value): .real(real(value))
          default: .unknown
          }
        }
      ]
    }
  }

  private static func real(_ name: String, _ function: @escaping @Sendable (Double) -> Double) -> OperatorRow {
    row(name, storage: .reusable, shape: sameAsFirst) { call, _ throws(Unresolved) in
      [try call.elements(0).map { $0.double.map { .real(function($0)) } ?? .unknown }]
    }
  }

  static func sameAsFirst(_ call: Call) throws(Unresolved) -> [Fact] {
    [.tensor(call.type(0), try call.shape(0))]
  }

  private static func truthOfFirst(_ call: Call) throws(Unresolved) -> [Fact] {
    [.tensor(.bool, try call.shape(0))]
  }

  // MARK: - Two operands

  private static let arithmetic: [OperatorRow] =
    [
      row("Add", storage: .reusable, shape: broadcast, value: fold(+, +)),
      row("Sub", storage: .reusable, shape: broadcast, value: fold(-, -)),
      row("Mul", storage: .reusable, shape: broadcast, value: fold(*, *)),
      row("Div", storage: .reusable, shape: broadcast, value: fold(truncatedQuotient, /)),
      row("Mod", shape: broadcast, value: modulus),
      row("Pow", storage: .reusable, shape: broadcast, value: fold(power, pow)),
      row("Max", storage: .reusable, shape: broadcastAll, value: fold(Dimension.larger, max)),
      row("Min", storage: .reusable, shape: broadcastAll, value: fold(Dimension.smaller, min)),
    ] + rows(["BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"], shape: broadcast)

  private static let comparisons: [OperatorRow] = [
    comparison("Equal") {
      $0.isEqual($1)
    } real: {
      $0 == $1
    },
    comparison("Greater") {
      $1.isAtLeast($0).map { !$0 }
    } real: {
      $0 > $1
    },
    comparison("GreaterOrEqual") {
      $0.isAtLeast($1)
    } real: {
      $0 >= $1
    },
    comparison("Less") {
      $0.isAtLeast($1).map { !$0 }
    } real: {
      $0 < $1
    },
    comparison("LessOrEqual") {
      $1.isAtLeast($0)
    } real: {
      $0 <= $1
    },
  ]

  private static let logic: [OperatorRow] = [
    truthTable("And") { a, b in a == false || b == false ? false : a.flatMap { a in b.map { a && $0 } } },
    truthTable("Or") { a, b in a == true || b == true ? true : a.flatMap { a in b.map { a || $0 } } },
    truthTable("Xor") { a, b in a.flatMap { a in b.map { a != $0 } } },
  ]

  private static func comparison(
    _ name: String, _ integers: @escaping @Sendable (Dimension, Dimension) -> Bool?,
    real: @escaping @Sendable (Double, Double) -> Bool
  ) -> OperatorRow {
    row(name, shape: truthOfBroadcast) { call, results throws(Unresolved) in
      [
        try call.combined(results[0]) { left, right in
          switch (left, right) {
          case (.integer(let a), .integer(let b)): integers(a, b).map { .truth($0) } ?? .unknown
          case (.text(let a), .text(let b)) where name == "Equal": .truth(a == b)
          default:
            if let a = left.double, let b = right.double { .truth(real(a, b)) } else { .unknown }
          }
        }
      ]
    }
  }

  private static func truthTable(
    _ name: String, _ table: @escaping @Sendable (Bool?, Bool?) -> Bool?
  ) -> OperatorRow {
    row(name, shape: truthOfBroadcast) { call, results throws(Unresolved) in
      [try call.combined(results[0]) { a, b in table(a.truth, b.truth).map { .truth($0) } ?? .unknown }]
    }
  }

  static func broadcast(_ call: Call) throws(Unresolved) -> [Fact] {
    // Before version 7 the second operand was only brought to the shape of the first.
    if call.version < 7, call.node.domain.isEmpty { return try sameAsFirst(call) }
    return try broadcastAll(call)
  }

  /// The first two operands may be any number of them for Max, Min, Sum and Mean.
  static func broadcastAll(_ call: Call) throws(Unresolved) -> [Fact] {
    var shapes: [[Dimension]] = []
    for input in call.inputs.indices { shapes.append(try call.shape(input)) }
    let type = call.inputs.indices.lazy.compactMap { call.type($0) }.first
    return [.tensor(type, try call.broadcast(shapes))]
  }

  private static func truthOfBroadcast(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try broadcast(call)[0].tensor?.shape ?? []
    return [.tensor(.bool, shape)]
  }

  /// A value function that folds every operand into the result.
  private static func fold(
    _ integers: @escaping @Sendable (Dimension, Dimension) -> Dimension,
    _ reals: @escaping @Sendable (Double, Double) -> Double
  ) -> OperatorRule.ValueFunction {
    { call, results throws(Unresolved) in
      [
        try call.combined(results[0]) { left, right in
          switch (left, right) {
          case (.integer(let a), .integer(let b)):
            let value = integers(a, b)
            return value == .undefined ? .unknown : .integer(value)
          default:
            guard let a = left.double, let b = right.double else { return .unknown }
            return results[0].dataType.map { Scalar.real(reals(a, b)).cast(to: $0) } ?? .real(reals(a, b))
          }
        }
      ]
    }
  }

  /// The quotient as integers divide, toward zero.
  @Sendable private static func truncatedQuotient(_ a: Dimension, _ b: Dimension) -> Dimension {
    if let a = a.constant, let b = b.constant {
      let (quotient, overflow) = a.dividedReportingOverflow(by: b)
      return overflow ? .undefined : .constant(quotient)
    }
    guard a.isAtLeast(0) == true, b.isAtLeast(1) == true else { return .undefined }
    return a.quotient(b)
  }

  @Sendable private static func power(_ base: Dimension, _ exponent: Dimension) -> Dimension {
    guard let exponent = exponent.constant, (0...64).contains(exponent) else { return .undefined }
    return (0..<exponent).reduce(.one) { product, _ in product * base }
  }

  private static func modulus(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let keepsSignOfDividend = try call.flag("fmod")
    return [
      try call.combined(results[0]) { left, right in
        switch (left, right) {
        case (.integer(let a), .integer(let b)):
          let isCertain = a.isAtLeast(0) == true && b.isAtLeast(1) == true
          let value = keepsSignOfDividend && !isCertain ? .undefined : a.remainder(b)
          return value == .undefined ? .unknown : .integer(value)
        default:
          guard let a = left.double, let b = right.double, keepsSignOfDividend else { return .unknown }
          return .real(fmod(a, b))
        }
      }
    ]
  }

  // MARK: - Others

  private static func prelu(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    return [.tensor(call.type(0), shape)]
  }

  private static func cast(_ call: Call) throws(Unresolved) -> [Fact] {
    // Version 1 names the type by a text.
    if case .string(let name)? = call.attributes["to"] {
      return [.tensor(DataType(onnxName: name), try call.shape(0))]
    }
    return [.tensor(try call.type(attribute: "to"), try call.shape(0))]
  }

  private static func castLike(_ call: Call) throws(Unresolved) -> [Fact] {
    [.tensor(call.type(1), try call.shape(0))]
  }

  private static func castValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    guard let target = results[0].dataType else { return [nil] }
    return [try call.elements(0).map { $0.cast(to: target) }]
  }

  /// The same bytes read as another type; the last axis counts them anew where the widths differ.
  private static func bitCast(_ call: Call) throws(Unresolved) -> [Fact] {
    var shape = try call.shape(0)
    guard let target = try call.type(attribute: "to") else { throw .defect("attribute 'to' names no type") }
    guard let source = call.type(0), source.bitWidth > 0, target.bitWidth > 0 else {
      throw .data("the element type of its input is not known")
    }
    if source.bitWidth != target.bitWidth {
      guard let last = shape.popLast() else { throw .defect("a scalar cannot be read as another width") }
      shape.append((last * .constant(source.bitWidth)).quotient(.constant(target.bitWidth)))
    }
    return [.tensor(target, shape)]
  }

  private static func select(_ call: Call) throws(Unresolved) -> [Fact] {
    [
      .tensor(
        call.type(1) ?? call.type(2), try call.broadcast([try call.shape(0), try call.shape(1), try call.shape(2)]))
    ]
  }

  private static func selectValue(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let target = results[0]
    let condition = try call.expanded(0, to: target)
    let (yes, no) = (try? call.expanded(1, to: target), try? call.expanded(2, to: target))
    return [
      condition.indices.map { place in
        let (a, b) = (yes?[place] ?? .unknown, no?[place] ?? .unknown)
        guard let isTrue = condition[place].truth else { return a == b ? a : .unknown }
        return isTrue ? a : b
      }
    ]
  }

  private static func clip(_ call: Call, _ results: [TensorFact]) throws(Unresolved) -> [[Scalar]?] {
    let low = call.has(1) ? try call.elements(1).first : call.float("min").map { .real($0) }
    let high = call.has(2) ? try call.elements(2).first : call.float("max").map { .real($0) }
    return [
      try call.elements(0).map { element in
        switch element {
        case .integer(var value):
          if let low {
            guard let low = low.dimension else { return .unknown }
            value = Dimension.larger(value, low)
          }
          if let high {
            guard let high = high.dimension else { return .unknown }
            value = Dimension.smaller(value, high)
          }
          return .integer(value)
        case .real(let value):
          return .real(Swift.min(Swift.max(value, low?.double ?? -.infinity), high?.double ?? .infinity))
        default: return .unknown
        }
      }
    ]
  }
}
