internal import Architecture
internal import Checkpoint
internal import Graph
internal import ONNX
internal import Report
internal import TrainingStep
internal import Units

extension WorkloadOptions {
  /// The workload that the flags describe, with what they leave open taken from the checkpoint.
  ///
  /// - Parameter graph: the graph that the model brings along; nil where one is rebuilt.
  func workload(
    _ checkpoint: Checkpoint, _ description: ModelDescription, graph: Model? = nil
  ) throws(Failure) -> Workload {
    let quantization = Quantization(rawValue: quantize.rawValue)
    guard quantization == nil || graph == nil else { throw .notSimulated("--quantize on an ONNX graph") }
    guard !prepareKbit || quantization != nil || description.storedQuantization != nil else {
      throw Failure(
        .wrongUsage,
        ErrorReport(
          code: "no-quantisation", message: "--prepare-kbit prepares quantised weights, and these are not",
          help: "--quantize says how they are to be quantised"))
    }
    guard method == nil || graph == nil else { throw .notSimulated("--method on an ONNX graph") }
    guard method != .s2a else {
      throw Failure(
        .wrongUsage,
        ErrorReport(
          code: "not-simulated",
          message: "S2A (arXiv 2503.08154) is not simulated: no public code is known that says what its bias, prompt "
            + "and side modules keep, and how the four bits of each activation are stored",
          help: "the answer would be a guess"))
    }
    guard checkpointing == .none || graph == nil else { throw .notSimulated("--checkpointing on an ONNX graph") }
    guard loss == .transformers || graph == nil else { throw .notSimulated("--loss on an ONNX graph") }
    guard kernels == .eager || graph == nil else { throw .notSimulated("--kernels on an ONNX graph") }
    guard images == 0 || graph == nil else { throw .notSimulated("--images on an ONNX graph") }
    var forward = ForwardSettings(
      batchSize: batchSize,
      sequenceLength: sequenceLength ?? graph?.fixed(.sequence)
        ?? description.usualSequenceLength,
      precision: precision ?? Self.precision(of: checkpoint), attention: attention, isPadded: padding,
      // transformers switches the cache off where it checkpoints.
      usesCache: useCache && checkpointing == .none, loop: loop, loss: loss,
      adapters: adapters(description), technique: technique, frozen: freeze)
    forward.kernels = kernels
    forward.imageSize = imageSize
    forward.imagesPerSample = images
    forward.quantization = quantization
    forward.isPreparedForKBitTraining = prepareKbit
    return Workload(
      forward: forward, optimizer: optimizer, checkpointing: checkpointing, accumulation: accumulate,
      clipsGradients: maxGradNorm != nil,
      projection: GradientProjection(rank: galoreRank, targets: Self.names(galoreTargets)))
  }

  private var technique: Technique? {
    let kind: Technique.Kind
    switch method {
    case .prompt?: kind = .prompt(virtualTokens: virtualTokens ?? 20)
    case .prefix?: kind = .prefix(virtualTokens: virtualTokens ?? 20, isProjected: prefixProjection)
    case .ia3?: kind = .scaling
    case .convBNTune?: kind = .tunedConvolutions
    case .lamda?, .s2a?, nil: return nil
    }
    return Technique(kind)
  }

  /// The model as it is loaded: for the task, and in the edition, that are asked for.
  func loaded(
    _ checkpoint: Checkpoint, _ description: ModelDescription, graph: Model? = nil
  ) throws(Failure) -> ModelDescription {
    guard let bits = quantize.packedBits else {
      let loaded = try loadedForTask(description, graph: graph)
      guard dequantize else { return loaded }
      do throws(LoweringError) {
        return try loaded.dequantized()
      } catch {
        throw Failure(notSimulated: error.message, help: error.help, checkpoint)
      }
    }
    guard graph == nil else { throw .notSimulated("--quantize on an ONNX graph") }
    let whole = try loadedForTask(description, graph: graph)
    do throws(LoweringError) {
      return try whole.packedByGPTQ(bits: bits)
    } catch {
      throw Failure(notSimulated: error.message, checkpoint)
    }
  }

  private func loadedForTask(_ description: ModelDescription, graph: Model?) throws(Failure) -> ModelDescription {
    guard task != nil || labels != nil else { return description }
    guard graph == nil else { throw .notSimulated("--task on an ONNX graph") }
    let loaded = description.loaded(for: task, labels: labels)
    guard labels == nil || loaded.task?.value.isClassification == true else {
      throw Failure(
        .wrongUsage,
        ErrorReport(
          code: "wrong-usage", message: "--labels has no effect on a model that is no classifier",
          help: "--task sequence-classification or token-classification makes it one"))
    }
    return loaded
  }

  private func adapters(_ description: ModelDescription) -> LowRankAdapters? {
    guard let loraRank else { return nil }
    let targets: LowRankAdapters.Targets
    switch loraTargets {
    case "all-linear"?: targets = .allLinear
    case let names?: targets = .names(Self.names(names))
    case nil where method == .lamda: targets = .allLinear
    case nil: targets = .usual(of: description.modelType ?? "")
    }
    return LowRankAdapters(
      method == .lamda ? .lamda : dora ? .dora : .pair, rank: loraRank, targets: targets,
      excluded: Self.names(loraExclude), dropout: loraDropout)
  }

  /// The type that most of the weights are stored in, as `from_pretrained` keeps it.
  private static func precision(of checkpoint: Checkpoint) -> ForwardSettings.Precision {
    var bytes: [DataType: Int] = [:]
    for tensor in checkpoint.weightSets.first?.tensors ?? [] where tensor.dataType.isFloatingPoint {
      bytes[tensor.dataType, default: 0] += tensor.range.length
    }
    let most = bytes.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }?.key
    switch checkpoint.configuration?.declaredDataType ?? most {
    case .float32?, .float64?: return .fp32
    case .float16?: return .fp16
    default: return .bf16
    }
  }
}

extension Failure {
  /// A part of the contract that has no simulation yet.
  static func notSimulated(_ what: String) -> Failure {
    Failure(
      .wrongUsage,
      ErrorReport(
        code: "not-simulated", message: "\(what) is not simulated yet", help: "the answer would be a guess"))
  }
}
