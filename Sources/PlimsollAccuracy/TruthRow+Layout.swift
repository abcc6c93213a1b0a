  static func layout(of parallel: Configuration?, _ id: String) throws -> Layout {
    guard let parallel else { return Layout(.single, ParallelDegrees()) }
    let kind = parallel.string("kind") ?? ""
    let kinds: [String: StrategyKind] = [
      "fsdp2": .fsdp, "fsdp1": .fsdp1, "ddp": .ddp, "zero1": .zeroRedundancy, "tp": .tp, "pp": .pp,
    ]
    guard let strategy = kinds[kind], let world = parallel.integer("world") else {
      throw Unsupported(id: id, reason: "parallelism \(kind)")
    }
    let degrees: ParallelDegrees =
      switch strategy {
      case .tp: ParallelDegrees(tensor: world)
      case .pp: ParallelDegrees(pipeline: world)
      default: ParallelDegrees(data: world)
      }
    var layout = Layout(strategy, degrees)
    layout.engine.isSequenceParallel = parallel.boolean("sequence") ?? false
    layout.engine.schedule = PipelineSchedule(rawValue: parallel.string("schedule") ?? "") ?? .oneForwardOneBackward
    layout.engine.usesBucketView = parallel.boolean("bucket_view") ?? false
    layout.engine.reshardsAfterForward = parallel.boolean("reshard") ?? true
    if let policy = parallel.string("mp") {
      layout.engine.parameterType = .bfloat16
      if policy == "bf16_reduce32" { layout.engine.reductionType = .float32 }
    }
    return layout
  }
}
