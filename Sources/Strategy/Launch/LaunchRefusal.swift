/// Why an engine cannot run what was planned.
public struct LaunchRefusal: Error, Hashable {
  public var engine: LaunchEngine
  /// In one line: `torchtitan quantises no frozen weights`.
  public var reason: String
  /// The engines that could.
  public var alternatives: [LaunchEngine]
}

extension LaunchRequest {
  /// Throws where the engine cannot run the request, with its reason and the engines that could.
  public func check(_ engine: LaunchEngine) throws(LaunchRefusal) {
    guard let reason = reasonAgainst(engine) else { return }
    throw LaunchRefusal(
      engine: engine, reason: reason, alternatives: LaunchEngine.allCases.filter { reasonAgainst($0) == nil })
  }

  /// The engine whose files a scheduler's script starts; nil for an engine that starts itself.
  public func inner(of engine: LaunchEngine) -> LaunchEngine? {
    guard engine == .slurm || engine == .skypilot else { return nil }
    return reasonAgainst(.accelerate) == nil ? .accelerate : .fsdp
  }

  private func reasonAgainst(_ engine: LaunchEngine) -> String? {
    if let reason = reasonAgainstAll { return reason }
    if let inner = inner(of: engine) { return reasonAgainst(inner) ?? reasonAgainstScheduler(engine) }
    guard let abilities = EngineAbilities.of(engine) else { return nil }
    return abilities.reasonAgainst(self)
  }

  /// What no engine here takes.
  private var reasonAgainstAll: String? {
    guard layout.degrees.worldSize != nil else { return "the degrees' product is no number of GPUs" }
    guard gpus == gpusPerNode * nodes else {
      return "\(gpus) GPUs do not spread evenly over nodes of \(cluster.gpusPerNode)"
    }
    if layout.degrees.tensor > 1, layout.engine.tensorParallelism == .colossalAI {
      return "the matrices are split as Colossal-AI does it, for which nothing is written"
    }
    if let name = model.storedQuantization { return "the weights are stored quantised (\(name))" }
    if model.isEncoderDecoder { return "the training scripts feed one text, and an encoder-decoder reads two" }
    switch model.task {
    case .causalLM?, .maskedLM?, .sequenceClassification?: break
    case let task?: return "the training scripts have no data for \(task.rawValue)"
    case nil: return "what the model is trained to answer is not known; --task says it"
    }
    let forward = workload.forward
    if forward.imagesPerSample > 0 { return "the training scripts feed text alone" }
    if forward.adapters?.form == .lamda { return "no library of adapters has --method lamda" }
    if forward.technique?.kind == .tunedConvolutions { return "no library has --method convbn-tune" }
    if workload.clipsGradients, gradientNorm == nil { return "the norm to clip gradients to is not known" }
    return nil
  }

  private func reasonAgainstScheduler(_ engine: LaunchEngine) -> String? {
    if engine == .skypilot, cluster.gpu == nil { return "SkyPilot asks for GPUs by name; --gpu gives it" }
    return nil
  }
}
