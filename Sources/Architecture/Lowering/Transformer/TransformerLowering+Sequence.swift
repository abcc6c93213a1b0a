internal import Graph
internal import Units

// Sequence parallelism (arXiv 2205.05198) as torch's styles run it: norms and residuals on a piece of the sequence,
// attention and MLP between an all-gather and a reduce-scatter. Embedding and head see it whole.

extension TransformerLowering {
  /// The ranks that share what lies between attention and MLP along the sequence; one where they do not.
  var sequenceRanks: Int {
    guard let split = stack.layers.first?.modules[.attentionOutput]?.split, split.isAlongSequence else { return 1 }
    return split.ranks
  }

  /// Why ranks cannot share the sequence; nil where they can, or do not.
  var whySequenceIsNotShared: String? {
    guard sequenceRanks > 1 else { return nil }
    guard length % sequenceRanks == 0 else { return "\(length) tokens do not divide by \(sequenceRanks)" }
    guard settings.adapters == nil, settings.technique == nil, settings.frozen.isEmpty else {
      return "torch's SequenceParallel makes the norms' parameters anew, which then train: nothing can be frozen"
    }
    let isPlain =
      choices.parallel == nil && !choices.nestsBranches && !choices.flattensMLP && !choices.addsInMLP
      && choices.experts == nil && !choices.positions.areRelativeBiases && choices.norm != .bareLayerNorm
      && stack.layers.allSatisfy { $0.modules[.inputNorm] != nil && $0.modules[.preMLPNorm] != nil }
    return isPlain ? nil : "sequence parallelism of the \(description.family) family is not simulated yet"
  }

  /// What the first layer makes of its input (`PrepareModuleInput`).
  func pieceOfSequence(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    sequenceRanks > 1 ? g.hold(g.cut(input, axis: 1, ranks: sequenceRanks)) : input
  }

  /// Runs a module on the whole sequence. The caller names its piece until the module returns.
  func onWholeSequence<Result>(
    _ g: inout GraphBuilder, _ input: Tensor, _ module: (inout GraphBuilder, Tensor) -> Result
  ) -> Result {
    guard sequenceRanks > 1 else { return module(&g, input) }
    let result = module(&g, g.gathered(input, axis: 1, ranks: sequenceRanks, forParts: true))
    g.keepUntilHere(input)
    return result
  }

  /// Norms over a piece of the sequence hold DTensors.
  func noteSharedNorms(_ g: inout GraphBuilder) {
    guard sequenceRanks > 1 else { return }
    let roles: [Role] = [.inputNorm, .postAttentionNorm, .preMLPNorm, .postMLPNorm]
    let norms = stack.layers.flatMap { layer in roles.compactMap { layer.modules[$0] } }
    for norm in norms + (stack.modules[.finalNorm].map { [$0] } ?? []) {
      for parameter in [weight(&g, norm), bias(&g, norm)].compactMap({ $0 }) { g.noteDistributed(parameter) }
    }
  }
}
