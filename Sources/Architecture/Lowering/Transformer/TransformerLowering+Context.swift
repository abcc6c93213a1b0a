internal import Graph
internal import Units

// Context parallelism as transformers' Trainer and accelerate run torch's `context_parallel`: each rank has two chunks of
// every sequence, one from its head and one from its tail, and attention goes over the keys of all ranks.

extension TransformerLowering {
  /// What is left of a batch within `context_parallel`: the tensors that the Trainer hands over are cut in place, so that
  /// their storage stays (`_prepare_context_parallel_inputs` of trainer.py). The pieces that were copied into them have
  /// names as long.
  func partsOfSequence(_ g: inout GraphBuilder, _ share: ContextShare) -> TokenInputs {
    _ = g.input("labels", [batch, settings.sequenceLength], .int64)
    for number in 0..<5 { _ = g.input("shard\(number)", [batch, length], .int64) }
    let tokens = part(&g, "input_ids", [batch, settings.sequenceLength])
    return TokenInputs(
      tokens: tokens, labels: part(&g, "shift_labels", [batch, settings.sequenceLength]), padding: nil)
  }

  private func part(_ g: inout GraphBuilder, _ name: String, _ whole: Shape) -> Tensor {
    g.applyView(.view, g.input(name, whole, .int64), [Layout(contiguous: [batch, length])])[0]
  }

  /// The positions of the tokens: counted from zero, [S], or those of the chunks, [B, S], whose storage was one row for
  /// all sequences.
  func positionsOfSequence(_ g: inout GraphBuilder) -> Tensor {
    guard settings.context != nil else { return arange(&g) }
    return part(&g, "position_ids", [max(settings.sequenceLength, batch * length)])
  }

  /// transformers takes positions that jump for several sequences in one, and makes a mask of them that accelerate keeps
  /// from attention (`find_packed_sequence_indices` of masking_utils.py; `_attach_context_parallel_hooks`).
  func maskOfChunks(_ g: inout GraphBuilder, _ positions: Tensor) -> [Tensor] {
    guard let share = settings.context, !share.isOneStretch, !settings.usesCache else { return [] }
    let mask = g.frame("") { g in
      let sequences = g.hold(g.create("cumsum", [positions], [batch, length], .int64))
      let queries = g.hold(arange(&g))
      let keys = g.hold(arange(&g))
      let square: Shape = [1, 1, length, length]
      let before = g.create("bitwise_and", [g.create("le", [queries, keys], square, .bool)], square, .bool)
      let whole: Shape = [batch, 1, length, length]
      let places = [0, 1].map { _ in g.create("index", [sequences], [batch, length], .int64) }
      return g.create("bitwise_and", [g.hold(before), g.create("eq", places, whole, .bool)], whole, .bool)
    }
    return [g.hold(mask)]
  }

  /// Why ranks cannot share a sequence; nil where they can, or do not.
  var whyContextIsNotShared: String? {
    guard settings.context != nil else { return nil }
    let positions = if case .rotary = choices.positions { !hasDistances && choices.turning != .complex } else { false }
    guard case .interface = choices.attention, positions, choices.isCausal, task == .causalLM, latent == nil,
      !choices.alwaysMasks
    else { return "context parallelism of the \(description.family) family is not simulated yet" }
    if isEager { return "context parallelism runs with sdpa only, as accelerate checks" }
    if stack.layers.contains(where: isWindowed) || configuration?.integer("sliding_window") != nil {
      return "accelerate refuses context parallelism of a model whose layers see a window"
    }
    if settings.isPadded { return "a padded batch under context parallelism is not simulated yet" }
    if settings.technique != nil { return "this technique under context parallelism is not simulated" }
    guard settings.loss == .transformers else {
      return "a \(settings.loss.rawValue) loss under context parallelism is not simulated"
    }
    if sequenceRanks > 1 { return "context parallelism beside sequence parallelism is not simulated yet" }
    let type = settings.precision.autocast ?? settings.parameterType
    switch kernel(type, width: sizes.headDimension, isGrouped: sizes.groups > 1, isMasked: false) {
    case nil: return "torch's ring attention has flash and efficient kernels only, and neither takes these heads"
    case .efficient? where length % 64 != 0:
      return
        "torch's ring attention cannot merge the efficient kernel's log-sums of \(length / 2) tokens, which come in "
        + "blocks of 32"
    default: return nil
    }
  }
}
