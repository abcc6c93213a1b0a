/// A strategy with its degrees: what a plan tries, before a batch size is known.
public struct Layout: Hashable, Sendable {
  public var strategy: StrategyKind
  public var degrees: ParallelDegrees
  public var engine: EngineSettings

  public init(_ strategy: StrategyKind, _ degrees: ParallelDegrees, engine: EngineSettings = EngineSettings()) {
    self.strategy = strategy
    self.degrees = degrees
    self.engine = engine
  }

  /// Whether Gemini's chunks hold the model: alone, or over the data ranks beside Colossal-AI's tensor parallelism.
  var isGemini: Bool {
    strategy == .gemini || (strategy == .tp && degrees.data > 1 && engine.tensorParallelism == .colossalAI)
  }

  /// The methods of arXiv 2404.10933 over a number of GPUs, in the paper's order of equals: CDP, ADP, TP, and DP+TP for
  /// each tensor degree that divides the GPUs. One GPU has one way.
  ///
  /// - Parameter gpusPerNode: tensor parallelism stays within a node of this many.
  public static func llmem(gpus: Int, gpusPerNode: Int) -> [Layout] {
    guard gpus > 1 else { return [Layout(.single, ParallelDegrees())] }
    // No node holds more GPUs than this, and a flag may hold any number.
    let most = max(1, min(gpus, gpusPerNode, 1024))
    let tensorDegrees = (1...most).dropFirst().reversed().filter { gpus % $0 == 0 }
    var engine = EngineSettings()
    engine.tensorParallelism = .colossalAI
    return [
      Layout(.ddp, ParallelDegrees(data: gpus)),
      Layout(.gemini, ParallelDegrees(data: gpus)),
    ] + tensorDegrees.map { Layout(.tp, ParallelDegrees(data: gpus / $0, tensor: $0), engine: engine) }
  }
}
