/// Every way to spread a run over GPUs that an engine offers.
struct LayoutSpace {
  var gpus: Int
  var gpusPerNode: Int
  /// The layers that pipeline stages share.
  var layers: Int
  /// Heads that tensor-parallel ranks share.
  var heads: Int
  /// Whether a sequence is long enough to be worth sharing, or is to be shared.
  var sharesSequences: Bool
  /// Experts of a mixture; 1 where there is none.
  var experts: Int
  var choices: PlanChoices

  /// With optimizer states, parameters or both in host memory, where that is not left to the choices.
  func layouts(offload: Offload = .none) -> [Layout] {
    guard gpus > 1 else {
      // DeepSpeed offloads on one GPU, too.
      let kinds = [.single, .zero2, .zero3] + (asked.map { [$0] } ?? [])
      let offloads = (choices.offload ?? offload) != .none
      return offloaded(kinds.filter { offloads || $0 == .single || $0 == asked }.map { layout($0) }, offload)
        .filter(choices.allow)
    }
    let divisors = Self.divisors(of: gpus)
    var result: [Layout] = []
    for tensor in divisors where tensor <= gpusPerNode && (tensor == 1 || heads % tensor == 0) {
      for pipeline in divisors where (gpus / tensor) % pipeline == 0 && pipeline <= max(layers, 1) {
        let rest = gpus / tensor / pipeline
        for context in Self.divisors(of: rest) where context == 1 || (sharesSequences && context <= 64) {
          for expert in Self.divisors(of: rest / context) where expert == 1 || experts % expert == 0 {
            result += layouts(
              ParallelDegrees(
                data: rest / context / expert, tensor: tensor, pipeline: pipeline, context: context, expert: expert))
          }
        }
      }
    }
    return offloaded(result, offload).filter(choices.allow)
  }

  /// The engines of one set of degrees.
  private func layouts(_ degrees: ParallelDegrees) -> [Layout] {
    let kinds: [StrategyKind] =
      switch (degrees.data > 1 || degrees.context > 1 || degrees.expert > 1, degrees.tensor > 1, degrees.pipeline > 1) {
      case (_, _, true): [.pp]
      case (false, _, _): [.tp]
      case (true, true, _): [.tp, .fsdp]
      case (true, false, _):
        [.ddp, .zero1, .zero2, .zero3, .fsdp] + (gpus > gpusPerNode && asked != .zeroPlusPlus ? [.zeroPlusPlus] : [])
          + (asked.map { [$0] } ?? [])
      }
    var result = kinds.map { layout($0, degrees) }
    if degrees.tensor > 1, degrees.pipeline == 1 {
      result += result.map { layout in
        var shared = layout
        shared.engine.isSequenceParallel = true
        return shared
      }
    }
    // Shards within a node, copies among nodes (HSDP).
    if kinds.contains(.fsdp), gpus > gpusPerNode, degrees.tensor == 1, degrees.data % gpusPerNode == 0 {
      var hybrid = Layout(.fsdp, degrees)
      hybrid.engine.shardDegree = choices.shardDegree ?? gpusPerNode
      result.append(hybrid)
    }
    return result
  }

  /// What is no engine by itself, or another's, is tried where it is asked for.
  private var asked: StrategyKind? {
    choices.strategy.flatMap { kind in
      kind.variant != nil || [.zeroRedundancy, .fsdp1, .gemini].contains(kind) ? kind : nil
    }
  }

  private func layout(_ kind: StrategyKind, _ degrees: ParallelDegrees = ParallelDegrees()) -> Layout {
    let layout = Layout(kind, degrees)
    return kind.variant == nil ? layout : layout.resolved(gpusPerNode: gpusPerNode)
  }

  private func offloaded(_ layouts: [Layout], _ offload: Offload) -> [Layout] {
    let offload = choices.offload ?? offload
    guard offload != .none else { return layouts }
    return layouts.filter { $0.strategy.zeroStage != nil || $0.strategy == .fsdp }.flatMap { layout in
      var result = layout
      if layout.strategy.variant?.offload == nil { result.engine.offload = offload }
      // The same with turns of the CPU and the GPU.
      guard layout.strategy == .zero3, offload == .optimizer else { return [result] }
      return [result, self.layout(.deepOptimizerStates, layout.degrees)]
    }
  }

  /// In ascending order. No cluster has more GPUs than this, and a flag may hold any number.
  static func divisors(of number: Int) -> [Int] {
    guard number >= 1, number <= 1 << 20 else { return [1] }
    return (1...number).filter { number % $0 == 0 }
  }
}
