internal import Graph
internal import Units

/// Normalizations with what the optimiser fuses into them, and networks that stand for whole layers.
extension Microsoft {
  static let normalization: [OperatorRow] =
    rows(["SkipLayerNormalization", "SkipSimplifiedLayerNormalization"], domain: domain, shape: skip)
    + rows(["MoE", "QMoE", "GroupNorm"], domain: domain, shape: likeFirst(1))
    // onnxruntime has it in the default domain.
    + [
      row("SimplifiedLayerNormalization", shape: simplified),
      row("SimplifiedLayerNormalization", domain: domain, shape: simplified),
      row("SkipGroupNorm", domain: domain, shape: likeFirst(2)),
      row("EmbedLayerNormalization", domain: domain, shape: embedding),
      row("QEmbedLayerNormalization", domain: domain, shape: quantizedEmbedding),
      row("AttnLSTM", domain: domain, shape: recurrent), row("DynamicQuantizeLSTM", domain: domain, shape: recurrent),
    ]

  /// The sum of input and skip, normalized; mean and inverse deviation; the sum itself.
  private static func skip(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    guard !shape.isEmpty else { throw .defect("its input is a scalar") }
    let statistics = Fact.tensor(.float32, shape.dropLast() + [1])
    return [.tensor(call.type(0), shape), statistics, statistics, .tensor(call.type(0), shape)]
  }

  /// Normalized from an axis on, which the inverse deviation does not have.
  private static func simplified(_ call: Call) throws(Unresolved) -> [Fact] {
    let shape = try call.shape(0)
    let axis = try call.axis(try call.integer("axis", default: -1), rank: shape.count)
    let statistics = shape.prefix(axis) + [Dimension](repeating: .one, count: shape.count - axis)
    // The scale has the type of the result.
    return [.tensor(call.type(1) ?? call.type(0), shape), .tensor(.float32, Array(statistics))]
  }

  /// The sum of embeddings, normalized; for each text of the batch where its padding starts; the sum itself.
  private static func embedding(_ call: Call) throws(Unresolved) -> [Fact] {
    let (tokens, words) = (try shape(call, 0, rank: 2), try shape(call, 2, rank: 2))
    let result = Fact.tensor(call.type(2), tokens + [words[1]])
    return [result, .tensor(.int32, [tokens[0]]), result]
  }

  private static func quantizedEmbedding(_ call: Call) throws(Unresolved) -> [Fact] {
    let (tokens, words) = (try shape(call, 0, rank: 2), try shape(call, 2, rank: 2))
    return [.tensor(call.type(8), tokens + [words[1]]), .tensor(.int32, [tokens[0]])]
  }

  /// An LSTM over [length, batch, features]: all states, the last one, and the last cell.
  private static func recurrent(_ call: Call) throws(Unresolved) -> [Fact] {
    let input = try shape(call, 0, rank: 3)
    let hidden = Dimension.constant(try call.requiredInteger("hidden_size"))
    let directions: Dimension = try call.string("direction") == "bidirectional" ? 2 : 1
    let last = Fact.tensor(call.type(0), [directions, input[1], hidden])
    return [.tensor(call.type(0), [input[0], directions, input[1], hidden]), last, last]
  }
}
