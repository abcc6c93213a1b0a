internal import Architecture
internal import Checkpoint
internal import Report
internal import Strategy
internal import TrainingStep
internal import Units

extension Failure {
  /// A checkpoint that reads well but cannot be simulated.
  init(_ error: EstimationError, _ checkpoint: Checkpoint) {
    self.init(notSimulated: error.reason, help: error.help, checkpoint)
  }

  init(notSimulated reason: String, help: String? = nil, _ checkpoint: Checkpoint) {
    self.init(
      .malformedInput,
      ErrorReport(
        code: "not-simulated", file: checkpoint.path, message: reason,
        help: help ?? "'plimsoll inspect' shows what was recognised"))
  }
}

extension LLMemEstimator {
  /// The equations over a checkpoint's inventory.
  static func reading(
    _ checkpoint: Checkpoint, _ description: ModelDescription, sequenceLength: Int?, base: ByteCount?
  ) throws -> LLMemEstimator {
    let weights = try checkpoint.primaryWeightSet()
    do throws(LLMemModelError) {
      return LLMemEstimator(
        model: try LLMemModel(description, weightSet: weights),
        sequenceLength: sequenceLength ?? description.usualSequenceLength,
        base: base ?? DeviceConstant.llmemBase.value)
    } catch {
      throw Failure(
        .malformedInput,
        ErrorReport(code: error.code.rawValue, file: checkpoint.path, message: error.message))
    }
  }
}

extension ByteCount {
  /// More than any GPU has.
  static let unlimited = ByteCount(1 << 60)
}

extension HardwareOptions {
  /// `4 x v100-16gb on 1 node`.
  func summary(_ gpu: GPU?) -> String {
    let name = gpu?.id ?? gpuMemory.map { "GPU of \($0.bytes >> 20) MiB" } ?? "GPU"
    return "\(gpus) x \(name)" + (nodes > 1 ? " on \(nodes) nodes" : "")
  }
}

extension StrategyOptions {
  /// The strategy and its degrees: what the flags say, or the only one, or replicas.
  ///
  /// - Parameter nodes: the machines that the GPUs are spread over.
  func layout(worldSize: Int, nodes: Int = 1) -> Layout {
    let tensor = tensorParallel ?? (strategy == .tp && dataParallel == nil ? worldSize : 1)
    let pipeline = pipelineParallel ?? (strategy == .pp && dataParallel == nil ? worldSize / tensor : 1)
    let degrees = ParallelDegrees(
      data: dataParallel ?? worldSize / tensor / pipeline / (contextParallel ?? 1) / (expertParallel ?? 1),
      tensor: tensor, pipeline: pipeline, context: contextParallel ?? 1, expert: expertParallel ?? 1)
    let kind = strategy ?? (worldSize == 1 ? .single : pipeline > 1 ? .pp : tensor > 1 ? .tp : .ddp)
    var layout = Layout(kind, degrees, engine: engine)
    if kind == .zeroTopology {
      layout.engine.levels.parameters = shardDegree
      layout.engine.shardDegree = nil
    }
    layout = layout.resolved(gpusPerNode: worldSize / max(1, nodes))
    if let quantizedWeights { layout.engine.levels.quantizesParameters = quantizedWeights }
    if let quantizedGradients { layout.engine.levels.quantizesGradients = quantizedGradients }
    return layout
  }

  private var engine: EngineSettings {
    var result = EngineSettings()
    result.reshardsAfterForward = reshardAfterForward
    result.parameterType = paramDtype?.dataType
    result.reductionType = reduceDtype?.dataType
    result.usesBucketView = bucketView
    result.offload = offload
    result.isSequenceParallel = sequenceParallel
    result.schedule = schedule
    result.virtualStages = virtualStages
    result.shardDegree = shardDegree
    result.levels.secondary = secondaryDegree
    result.levels.gradients = gradientDegree
    result.updateStride = updateStride ?? result.updateStride
    return result
  }
}

extension Estimator {
  /// Why no layout of this workload can be simulated; nil where the plain one can.
  func reasonNotToRun(_ workload: Workload) -> EstimationError? {
    var smallest = workload
    smallest.forward.batchSize = 1
    do throws(EstimationError) {
      _ = try estimate(smallest)
      return nil
    } catch {
      return error
    }
  }
}
