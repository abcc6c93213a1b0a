internal import Graph
internal import Units

/// Losses over classes.
enum Losses {
  static let all: [OperatorRow] = [
    row("NegativeLogLikelihoodLoss") { call throws(Unresolved) in [try loss(call)] },
    row("SoftmaxCrossEntropyLoss") { call throws(Unresolved) in
      [try loss(call), .tensor(call.type(0), try call.shape(0))]
    },
  ]

  /// Scores `[N, C, …]` and labels `[N, …]`: a loss for each label, or one for all (versions 12, 13, 22).
  private static func loss(_ call: Call) throws(Unresolved) -> Fact {
    let scores = try call.shape(0, ranks: 2...Call.highestRank)
    let labels = try call.shape(1, ranks: (scores.count - 1)...(scores.count - 1))
    for (label, score) in zip(labels, scores.prefix(1) + scores.dropFirst(2)) {
      try call.agree(label, score, "labels and scores differ")
    }
    if call.has(2), let weights = try call.tensor(2).shape {
      guard weights.count == 1 else { throw .defect("input 2 has rank \(weights.count) instead of 1") }
      try call.agree(weights[0], scores[1], "weights and classes differ in number")
    }
    switch try call.string("reduction") ?? "mean" {
    case "none": return .tensor(call.type(0), labels)
    case "sum", "mean": return .scalar(call.type(0))
    case let other: throw .defect("attribute 'reduction' is '\(other)'")
    }
  }
}
