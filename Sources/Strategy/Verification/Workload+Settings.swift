internal import Graph
public import TrainingStep

extension Workload {
  /// The settings that change which operators run or what is kept, one word each: what a traced run has to share with
  /// another for its error to say something of it.
  public var verifiableSettings: [String] {
    var words = [
      forward.precision.rawValue, "attention=\(forward.attention.rawValue)", "checkpointing=\(checkpointing.rawValue)",
      optimizer.rawValue,
    ]
    if forward.isPadded { words.append("padding") }
    if forward.usesCache { words.append("cache") }
    if let adapters = forward.adapters { words.append(adapters.form.word) }
    if let scheme = forward.quantization { words.append("quantize=\(scheme.rawValue)") }
    if forward.isPreparedForKBitTraining { words.append("kbit") }
    switch forward.technique?.kind {
    case .prompt?: words.append("prompt")
    case .prefix(_, let isProjected)?: words.append(isProjected ? "prefix=projected" : "prefix")
    case .scaling?: words.append("ia3")
    case .tunedConvolutions?: words.append("convbn-tune")
    case nil: break
    }
    if forward.loss != .transformers { words.append("loss=\(forward.loss.rawValue)") }
    if forward.kernels != .eager { words.append("kernels=\(forward.kernels.rawValue)") }
    if clipsGradients { words.append("clipping") }
    if !forward.frozen.isEmpty { words.append("freeze") }
    if accumulation > 1 { words.append("accumulate") }
    return words
  }
}

extension LowRankAdapters.Form {
  fileprivate var word: String {
    switch self {
    case .pair: "lora"
    case .dora: "dora"
    case .lamda: "lamda"
    }
  }
}
