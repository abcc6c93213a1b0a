/// In which order one rank of a pipeline runs the forward and backward passes of its stages
/// (torch/distributed/pipelining/schedules.py).
public struct PipelineOrder: Hashable, Sendable {
  public struct Action: Hashable, Sendable {
    public var isForward: Bool
    /// Which of the rank's own stages.
    public var stage: Int
    public var batch: Int
  }

  public var actions: [Action]
  public var batches: Int

  /// `ScheduleGPipe`: all forward passes, then all backward passes.
  public static func gpipe(batches: Int) -> PipelineOrder {
    let forward = (0..<batches).map { Action(isForward: true, stage: 0, batch: $0) }
    let backward = (0..<batches).map { Action(isForward: false, stage: 0, batch: $0) }
    return PipelineOrder(actions: forward + backward, batches: batches)
  }

  /// `Schedule1F1B`: as many forward passes as there are stages from this one on, then one backward and one forward pass
  /// in turn.
  public static func oneForwardOneBackward(batches: Int, ranks: Int, rank: Int) -> PipelineOrder {
    let ahead = min(batches, ranks - rank)
    var actions = (0..<ahead).map { Action(isForward: true, stage: 0, batch: $0) }
    for batch in 0..<batches {
      actions.append(Action(isForward: false, stage: 0, batch: batch))
      if batch + ahead < batches { actions.append(Action(isForward: true, stage: 0, batch: batch + ahead)) }
    }
    return PipelineOrder(actions: actions, batches: batches)
  }

  /// `ScheduleInterleaved1F1B`: the same over several stages a rank, in rounds of micro-batches; nil where these do not
  /// divide into rounds.
  public static func interleaved(batches: Int, ranks: Int, rank: Int, stages: Int) -> PipelineOrder? {
    let rounds = max(1, batches / ranks)
    guard batches % rounds == 0 else { return nil }
    let round = batches / rounds
    let total = batches * stages
    let ahead = min(total, (stages - 1) * round + 2 * (ranks - 1 - rank))
    var counts = (forward: [Int](repeating: 0, count: stages), backward: [Int](repeating: 0, count: stages))
    var actions: [Action] = []
    for place in 0..<total + ahead {
      if place < total {
        let stage = place / round % stages
        actions.append(Action(isForward: true, stage: stage, batch: counts.forward[stage]))
        counts.forward[stage] += 1
      }
      if place >= ahead {
        let stage = stages - 1 - (place - ahead) / round % stages
        actions.append(Action(isForward: false, stage: stage, batch: counts.backward[stage]))
        counts.backward[stage] += 1
      }
    }
    return PipelineOrder(actions: actions, batches: batches)
  }
}
