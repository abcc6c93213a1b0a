internal import Checkpoint
internal import Strategy

extension TruthRow {
  /// How a run was spread over GPUs.
  static func layout(of parallel: Configuration?, _ id: String) throws -> Layout {
    guard let parallel else { return Layout(.single, ParallelDegrees()) }
    if parallel.string("kind") == "pp", let world = parallel.integer("world") {
      var layout = Layout(.pp, ParallelDegrees(pipeline: world))
      layout.engine.schedule = PipelineSchedule(rawValue: parallel.string("schedule") ?? "") ?? .oneForwardOneBackward
      return layout
    }
    guard parallel.string("kind") == "tp", let world = parallel.integer("world") else {
      throw Unsupported(id: id, reason: "several GPUs")
    }
    var layout = Layout(.tp, ParallelDegrees(tensor: world))
    layout.engine.isSequenceParallel = parallel.boolean("sequence") ?? false
    return layout
  }
}
