internal import Graph
internal import Units

/// Operators that keep the shape of their first input and may tell statistics of it.
enum Normalization {
  static let all: [OperatorRow] = [
    row("BatchNormalization", shape: batch), row("LayerNormalization", shape: layer),
    row("RMSNormalization", shape: rootMeanSquare), row("GroupNormalization", shape: group),
    row("InstanceNormalization", shape: instance), row("LRN", shape: Elementwise.sameAsFirst),
    row("Dropout", storage: .reusable, shape: dropout),
  ]

  /// Versions 1 to 13 may give mean, variance and both as saved for the backward pass, from version 14 on the running
  /// mean and variance: all `[C]`.
  private static func batch(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0, ranks: 1...Call.highestRank)
    let channels = shape.count == 1 ? .one : shape[1]
    // Up to version 8, `spatial` of zero keeps statistics per place, not per channel.
    if try call.flag("spatial", default: true) {
      for input in 1..<5 where call.has(input) {
        guard let statistics = try call.tensor(input).shape else { continue }
        guard statistics.count == 1 else { throw .defect("input \(input) has rank \(statistics.count) instead of 1") }
        try call.agree(channels, statistics[0], "channels and input \(input) differ")
      }
    }
    var results = [Fact.tensor(call.type(0), shape)]
    for output in call.node.outputs.indices.dropFirst().prefix(4) {
      let source = output % 2 == 1 ? 3 : 4
      results.append(.tensor(call.type(source) ?? call.type(0), try call.shape(source)))
    }
    return results
  }

  /// LayerNormalization 17: mean and inverse deviation keep the axes before `axis` and have one for the others.
  private static func layer(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let axis = try call.axis(try call.integer("axis", default: -1), rank: shape.count)
    try checkScales(call, shape)
    let reduced = Array(shape[..<axis]) + [Dimension](repeating: .one, count: shape.count - axis)
    let type = try call.type(attribute: "stash_type", default: .float32)
    return [.tensor(call.type(0), shape), .tensor(type, reduced), .tensor(type, reduced)]
  }

  /// RMSNormalization 23; the result is of the scale's type.
  private static func rootMeanSquare(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    _ = try call.axis(try call.integer("axis", default: -1), rank: shape.count)
    try checkScales(call, shape)
    return [.tensor(call.type(1) ?? call.type(0), shape)]
  }

  private static func checkScales(_ call: Call, _ shape: [Dimension]) throws(Unresolved) {
    for input in 1..<3 where call.has(input) {
      if let scale = try call.tensor(input).shape { try call.fits(scale, into: shape, "input \(input)") }
    }
  }

  /// GroupNormalization 18 has a scale per group, 21 one per channel.
  private static func group(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0, ranks: 2...Call.highestRank)
    let groups = try call.requiredInteger("num_groups")
    guard groups >= 1 else { throw .defect("attribute 'num_groups' is \(groups)") }
    if let left = shape[1].remainder(.constant(groups)).constant, left != 0 {
      throw .defect("\(shape[1]) channels do not divide into \(groups) groups")
    }
    for input in 1..<3 where call.has(input) {
      guard let scale = try call.tensor(input).shape, let length = scale.first else { continue }
      let needed = call.version < 21 ? .constant(groups) : shape[1]
      try call.agree(length, needed, "input \(input) has another length")
    }
    return [.tensor(call.type(0), shape)]
  }

  private static func instance(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0, ranks: 2...Call.highestRank)
    for input in 1..<3 where call.has(input) {
      guard let scale = try call.tensor(input).shape, let length = scale.first else { continue }
      try call.agree(length, shape[1], "channels and input \(input) differ")
    }
    return [.tensor(call.type(0), shape)]
  }

  /// The mask is of the data's type up to version 9, and of truth values from version 10 on.
  private static func dropout(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    return [.tensor(call.type(0), shape), .tensor(call.version < 10 ? call.type(0) : .bool, shape)]
  }
}
