internal import Graph
internal import Units

// Expert parallelism: each rank has some of the experts, and rows go to the rank that has theirs and back
// (`ExpertParallel`, `_permute` and `_unpermute` of torchtitan/distributed/expert_parallel.py and models/moe/utils.py).

extension TransformerLowering {
  /// Rows of an expert are padded to a multiple of so many (`TOKEN_GROUP_ALIGN_SIZE_M`).
  private static let alignment = 8

  /// The experts of this rank.
  func ownExperts(_ layer: ModelDescription.Layer, _ choices: ExpertChoices) -> ExpertStack? {
    var stack = description.expertStack(layer, choices)
    stack?.count /= settings.expertRanks
    return stack
  }

  /// Rows that this rank's experts get: as many as it sends, or at worst those of all ranks.
  private func received(_ sent: Int, _ stack: ExpertStack) -> Int {
    switch settings.expertBalance {
    case .even: sent
    case .worst: sent / chosenExperts * min(chosenExperts, stack.count) * settings.expertRanks
    }
  }

  /// Rows sorted by expert [S, H] through the experts of all ranks, in the same order.
  func exchangedThroughExperts(
    _ g: inout GraphBuilder, _ rows: Tensor, _ counts: Tensor, _ stack: ExpertStack, _ choices: ExpertChoices,
    _ factors: (up: ExpertFactors?, down: ExpertFactors?)
  ) -> Tensor {
    g.frame("") { g in exchangedBothWays(&g, rows, counts, stack, choices, factors) }
  }

  private func exchangedBothWays(
    _ g: inout GraphBuilder, _ rows: Tensor, _ counts: Tensor, _ stack: ExpertStack, _ choices: ExpertChoices,
    _ factors: (up: ExpertFactors?, down: ExpertFactors?)
  ) -> Tensor {
    let width = rows.shape[1]
    let arriving = received(rows.shape[0], stack)
    let unit = Self.alignment
    let padded = (arriving + stack.count * unit + unit - 1) / unit * unit
    let all = g.hold(g.create("all_to_all_single", [counts], counts.shape, .int32))
    let places = g.hold(g.create("full", [all], [padded], .int32))
    let ends = g.hold(g.create("cumsum", [all], [stack.count], .int32))
    // A row of zeros stands for what is padded.
    let sorted = g.frame("") { g in
      let came = g.hold(g.exchanged(rows, rows: arriving))
      let zeros = g.create("new_zeros", [], [width], rows.dataType)
      return g.rows(g.joined([came, g.reshape(zeros, [1, width])], axis: 0), places)
    }
    g.hold(sorted)
    let outer = g.frame("") { g in
      let up = g.hold(adapted(&g, expertWeight(&g, stack, .up, choices), factors.up))
      let inner = gated(&g, groupedLinear(&g, sorted, up, nil, ends, choices), choices)
      let down = g.hold(adapted(&g, expertWeight(&g, stack, .down, choices), factors.down))
      return groupedLinear(&g, inner, down, nil, ends, choices)
    }
    g.hold(outer)
    let empty = g.create("new_empty", [], [arriving + 1, width], outer.dataType)
    let unsorted = g.slice(g.putRowsInPlace(empty, places, outer), axis: 0, start: 0, length: arriving)
    return g.exchanged(unsorted, rows: rows.shape[0])
  }

  /// Why ranks cannot share the experts; nil where they can, or do not.
  var whyExpertsAreNotShared: String? {
    let ranks = settings.expertRanks
    guard ranks > 1 else { return nil }
    guard let choices = choices.experts,
      let stack = stack.layers.lazy.compactMap({ description.expertStack($0, choices) }).first
    else { return "a \(description.family) model has no experts that ranks could share" }
    guard stack.count % ranks == 0 else { return "\(stack.count) experts do not divide by \(ranks)" }
    if choices.loop(settings) != nil { return "expert parallelism over quantised weights is not simulated yet" }
    if case .sigmoidOfAll = choices.routing { return "every token passes every expert, so none can be on another rank" }
    if choices.hasBiases { return "expert parallelism of experts with biases is not simulated yet" }
    return nil
  }
}
