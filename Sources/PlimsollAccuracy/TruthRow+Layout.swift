internal import Checkpoint
internal import Strategy

extension TruthRow {
  /// How a run is spread over GPUs, in the table's words.
  static func layout(of parallel: Configuration?, _ id: String) throws -> Layout {
    guard let parallel else { return Layout(.single, ParallelDegrees()) }
    let kind = parallel.string("kind") ?? ""
    let kinds: [String: StrategyKind] = [
      "fsdp2": .fsdp, "ddp": .ddp, "zero1": .zeroRedundancy, "tp": .tp, "fsdp1": .fsdp1, "pp": .pp,
      "fsdp2tp": .fsdp, "cp": parallel.string("inner") == "fsdp2" ? .fsdp : .ddp,
    ]
    guard let strategy = kinds[kind], let world = parallel.integer("world") else {
      throw Unsupported(id: id, reason: "parallelism \(kind)")
    }
    let tensor = parallel.integer("tp") ?? 1
    let context = parallel.integer("cp") ?? 1
    let degrees =
      switch strategy {
      case .tp: ParallelDegrees(tensor: world)
      case .pp: ParallelDegrees(pipeline: world)
      default: ParallelDegrees(data: world / tensor / context, tensor: tensor, context: context)
      }
    var layout = Layout(strategy, degrees)
    layout.engine.isSequenceParallel = parallel.boolean("sequence") ?? false
    if let schedule = parallel.string("schedule").flatMap(PipelineSchedule.init) { layout.engine.schedule = schedule }
    layout.engine.usesBucketView = parallel.boolean("bucket_view") ?? false
    layout.engine.reshardsAfterForward = parallel.boolean("reshard") ?? true
    if let policy = parallel.string("mp") {
      layout.engine.parameterType = .bfloat16
      if policy == "bf16_reduce32" { layout.engine.reductionType = .float32 }
    }
    return layout
  }
}
