internal import Graph
internal import Units

/// Loops that generate tokens, each a node with a model in an attribute.
extension Microsoft {
  static let generation: [OperatorRow] = [
    row("GreedySearch", domain: domain, shape: greedy), row("Sampling", domain: domain, shape: greedy),
    row("BeamSearch", domain: domain, shape: beams), row("WhisperBeamSearch", domain: domain, shape: beams),
    row("NGramRepeatBlock", domain: domain) { call throws(Unresolved) in [.tensor(call.type(1), try call.shape(1))] },
    row("BifurcationDetector", domain: domain) { call throws(Unresolved) in
      [.tensor(call.type(0), [call.unknown("0", "the number of tokens")]), .scalar(call.type(2) ?? .int64)]
    },
  ]

  private static func vocabulary(_ call: Call, _ place: String) throws(Unresolved) -> Dimension {
    if let words = try call.integer("vocab_size"), words > 0 { return .constant(words) }
    return call.unknown(place, "the number of words")
  }

  /// [batch, longest], and of Sampling the scores of the first new token.
  private static func greedy(_ call: Call) throws(Unresolved) -> [Fact] {
    let input = try shape(call, 0, rank: 2)
    return [
      .tensor(.int32, [input[0], stated(call, 1, "1", "the greatest length")]),
      .tensor(.float32, [input[0], try vocabulary(call, "words")]),
    ]
  }

  /// [batch, returned, longest], their scores, and the scores of each word for each beam in each step.
  private static func beams(_ call: Call) throws(Unresolved) -> [Fact] {
    guard let batch = try call.shape(0).first else { throw .defect("its input is a scalar") }
    let longest = stated(call, 1, "longest", "the greatest length")
    let returned = stated(call, 4, "returned", "the number of sequences that are returned")
    let type: DataType? = call.has(5) ? call.type(5) : .float32
    let steps = call.unknown("steps", "the number of steps")
    return [
      .tensor(.int32, [batch, returned, longest]), .tensor(type, [batch, returned]),
      .tensor(type, [steps, batch, stated(call, 3, "beams", "the number of beams"), try vocabulary(call, "words")]),
    ]
  }
}
