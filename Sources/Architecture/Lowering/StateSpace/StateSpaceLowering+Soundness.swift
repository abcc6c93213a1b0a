internal import Checkpoint
internal import Graph
internal import Units

// Shapes come from a stranger's file. What follows them unchecked would be wrong, or out of bounds.

extension StateSpaceLowering {
  /// What of this model, or of these settings, cannot run; nil where there is nothing.
  var whatCannotRun: String? {
    guard settings.loss == .transformers else {
      return "a \(settings.loss.rawValue) loss of a state-space model is not simulated"
    }
    if let other = description.otherStacks.first {
      return "a model with a second column of layers (\(other.path)) is not simulated yet"
    }
    if description.parameterCount == nil { return "quantised base weights are not simulated yet" }
    guard let table = stack.modules[.inputEmbedding]?.weight, table.rank == 2, !stack.layers.isEmpty else {
      return "there is no input embedding, or no layer: a part of a model cannot be run without the rest"
    }
    let hidden = table[1]
    if !isTied, stack.modules[.head]?.weight?.dimensions.last != hidden {
      return "the head does not read \(hidden) features"
    }
    guard stack.modules[.finalNorm].map({ $0.weight == [hidden] }) ?? true else {
      return "the last norm is not over \(hidden) features"
    }
    // Each step of a scan is a few operators of its own.
    if mixer == .selective, length.multipliedReportingOverflow(by: stack.layers.count).partialValue > 1 << 17 {
      return "a scan of \(length) steps in each of \(stack.layers.count) layers is longer than is simulated"
    }
    for layer in stack.layers {
      if let misfit = misfit(layer, hidden) { return "\(layer.path): \(misfit), so the model cannot be run" }
    }
    return nil
  }

  /// What of a layer's shapes does not fit together; nil where all do.
  private func misfit(_ layer: ModelDescription.Layer, _ hidden: Int) -> String? {
    func shape(_ role: Role) -> Shape { layer.modules[role]?.weight ?? [] }
    let (entrance, kernel, exit) = (shape(.mixerInput), shape(.mixerConvolution), shape(.mixerOutput))
    guard entrance.rank == 2, kernel.rank == 3, exit.rank == 2, kernel[1] == 1, kernel[2] >= 1 else {
      return "there is no mixer of two projections and a convolution"
    }
    let width = exit[1]
    guard shape(.inputNorm) == [hidden], entrance[1] == hidden, exit[0] == hidden, width > 0 else {
      return "the mixer's projections do not fit \(hidden) features"
    }
    for (role, extent) in [(Role.mixerInput, entrance[0]), (.mixerConvolution, kernel[0]), (.mixerOutput, exit[0])] {
      guard layer.modules[role]?.bias.map({ $0 == [extent] }) ?? true else { return "a bias is not \(extent) long" }
    }
    let states: Int
    switch mixer {
    case .selective:
      let (projection, steps, decay) = (shape(.stateProjection), shape(.timeStepProjection), shape(.decay))
      guard projection.rank == 2, steps.rank == 2, decay.rank == 2 else { return "the scan's projections are missing" }
      states = decay[1]
      guard entrance[0] == 2 * width, kernel[0] == width, projection == [steps[1] + 2 * states, width],
        steps[0] == width, decay[0] == width, shape(.skip) == [width], states > 0,
        layer.modules[.timeStepProjection]?.bias.map({ $0 == [width] }) ?? true
      else { return "the scan's projections do not fit \(width) features" }
    case .chunked:
      let decay = shape(.decay)
      guard decay.rank == 1, decay[0] > 0, width % decay[0] == 0, shape(.skip) == decay, shape(.timeStepBias) == decay,
        shape(.mixerNorm) == [width], (1...1 << 20).contains(groups), (1...1 << 20).contains(chunkSize),
        decay[0] % groups == 0
      else { return "\(decay) heads do not fit \(width) features" }
      states = (kernel[0] - width) / 2
      guard states > 0, kernel[0] == width + 2 * states, states % groups == 0,
        entrance[0] == width + kernel[0] + decay[0]
      else { return "the projection's \(entrance[0]) features are not those of gate, convolution and heads" }
    }
    // The largest tensors: every feature's states of every token, or of a chunk's pairs of tokens.
    let pairs = mixer == .selective ? 1 : min(chunkSize, 1 << 20)
    guard fits([batch, length + chunkSize, pairs, max(width, entrance[0]), states]),
      fits([batch, length, description.vocabularySize?.value ?? 1])
    else { return "a tensor of this batch and sequence length would pass 2^50 elements" }
    return nil
  }

  private func fits(_ extents: [Int]) -> Bool {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, extent))
      guard !overflow, next <= 1 << 50 else { return false }
      product = next
    }
    return true
  }
}
