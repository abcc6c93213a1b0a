public import Graph
public import Units

/// How tokens reach the experts of a sparse layer, as far as memory depends on it.
public enum ExpertRouting: Sendable {
  /// One row for each token and each expert picked for it, sorted by expert.
  case grouped
  /// Every token passes every expert, weighted by its score (Llama 4).
  case everyExpert
  /// Experts run one after the other on the rows that are theirs, so what each makes depends on how many those are.
  case loop
}

extension ModelDescription {
  /// How tokens reach experts; nil where no layer has a router that runs.
  public func expertRouting(_ settings: ForwardSettings) -> ExpertRouting? {
    guard layers.contains(where: { $0.modules[.router] != nil }), let experts = expertChoices else { return nil }
    if case .sigmoidOfAll = experts.routing { return .everyExpert }
    return experts.loop(settings) == nil ? .grouped : .loop
  }

  private var expertChoices: ExpertChoices? {
    guard case .transformer(let choices)? = Family.row(family)?.forward else { return nil }
    return choices.experts
  }

  /// How many bytes more the experts take in stacks, which bitsandbytes does not quantise, than one by one.
  public func bytesAddedByStacking(_ settings: ForwardSettings) -> ByteCount {
    guard let choices = expertChoices, let loop = choices.loop(settings), let hidden = hiddenSize?.value,
      let scheme = settings.quantization
    else { return .zero }
    func bytes(_ shape: Shape, _ type: DataType) -> ByteCount { shape.elementCount?.bytes(of: type) ?? .zero }
    return layers.reduce(into: .zero) { sum, layer in
      guard let stack = expertStack(layer, choices) else { return }
      let modules = stack.expert(0, loop.names, hidden: hidden)
      for features in [modules.gate, modules.up, modules.down].compactMap(\.features) {
        let packed = QuantizedWeight(
          scheme, input: features.input, output: features.output, wideType: settings.quantizedTypes.wide)
        sum += bytes(packed.shape, settings.parameterType) * stack.count
        for storage in packed.storages { sum -= bytes(storage.shape, storage.dataType) * stack.count }
      }
    }
  }
}
