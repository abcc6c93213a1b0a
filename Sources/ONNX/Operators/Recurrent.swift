internal import Graph
internal import Units

/// Recurrent layers.
enum Recurrent {
  static let all: [OperatorRow] = [
    row("RNN") { call throws(Unresolved) in try layer(call, gates: 1, states: 1) },
    row("GRU") { call throws(Unresolved) in try layer(call, gates: 3, states: 1) },
    row("LSTM") { call throws(Unresolved) in try layer(call, gates: 4, states: 2) },
  ]

  /// Input `[sequence, batch, width]`, weights `[directions, gates · hidden, width]`, recurrence
  /// `[directions, gates · hidden, hidden]`; results `[sequence, directions, batch, hidden]` and, for each state,
  /// `[directions, batch, hidden]`. Layout 1, from version 14 on, has the batch first in each.
  private static func layer(_ call: Call, gates: Int, states: Int) throws(Unresolved) -> [Fact] {
    let input = try call.shape(0, ranks: 3...3)
    let weights = try call.shape(1, ranks: 3...3)
    let recurrence = try call.shape(2, ranks: 3...3)
    let hidden = try call.integer("hidden_size").map { Dimension.constant($0) } ?? recurrence[2]
    let directions: Dimension
    switch try call.string("direction") ?? "forward" {
    case "forward", "reverse": directions = 1
    case "bidirectional": directions = 2
    case let other: throw .defect("attribute 'direction' is '\(other)'")
    }
    try call.agree(input[2], weights[2], "the widths of input and weights differ")
    try call.agree(recurrence[2], hidden, "the recurrence and 'hidden_size' differ")
    for matrix in [weights, recurrence] {
      try call.agree(matrix[0], directions, "weights and directions differ in number")
      try call.agree(matrix[1], hidden * .constant(gates), "weights do not hold \(gates) gates of \(hidden)")
    }
    let type = call.type(0)
    let isBatchFirst = try call.integer("layout", default: 0) != 0
    let (sequence, batch) = isBatchFirst ? (input[1], input[0]) : (input[0], input[1])
    let all = isBatchFirst ? [batch, sequence, directions, hidden] : [sequence, directions, batch, hidden]
    let last = isBatchFirst ? [batch, directions, hidden] : [directions, batch, hidden]
    return [.tensor(type, all)] + Array(repeating: .tensor(type, last), count: states)
  }
}
