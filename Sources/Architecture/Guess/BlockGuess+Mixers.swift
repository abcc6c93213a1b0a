internal import Units

// What is neither attention over all features nor an MLP: scans of states, convolutions, attention through narrow spaces.
extension BlockGuess {
  /// Mamba's mixer: a convolution of each inner channel, and what the scan is steered by.
  mutating func guessStateSpace(_ weights: [Int], _ hidden: Int) {
    guard hints.allows(.mixerInput),
      let convolution = weights.first(where: { shape($0).rank == 3 && shape($0)[1] == 1 && shape($0)[2] < 16 })
    else { return }
    let inner = shape(convolution)[0]
    // A block may hold attention and an MLP beside it: what belongs to the mixer stands where its convolution does.
    let home = parent(of: convolution)
    let weights = weights.filter { parent(of: $0) == home }
    guard hints.expected != nil || weights.contains(where: { shape($0) == [hidden, inner] }) else { return }
    claim(convolution, .mixerConvolution, "a filter for each of \(inner) channels")
    for pattern in weights {
      let shape = shape(pattern)
      switch (shape.rank, shape.dimensions.first, shape.dimensions.last) {
      case (2, hidden, inner): claim(pattern, .mixerOutput, "back from \(inner) channels to the block's width")
      case (2, _, hidden): claim(pattern, .mixerInput, "from the block's width to what the mixer reads")
      case (2, _, inner): claim(pattern, .stateProjection, "steps and states of \(inner) channels")
      // The decay is a parameter by itself, and the steps' projection a module with a bias.
      case (2, inner, _) where hasBias(pattern):
        claim(pattern, .timeStepProjection, "the steps of \(inner) channels, with a bias")
      case (2, inner, _): claim(pattern, .decay, "\(inner) channels by states, without a bias")
      case (1, inner, _): claim(pattern, .skip, "a number for each of \(inner) channels")
      default: break
      }
    }
  }

  private func parent(of pattern: Int) -> Substring {
    let module = table.patterns[pattern].module
    return module.lastIndex { $0 == "." || $0 == "/" }.map { module[..<$0] } ?? ""
  }

  /// Convolutions over pictures: each channel by itself, or all together.
  mutating func guessConvolutions(_ weights: [Int]) {
    for pattern in weights {
      let shape = shape(pattern)
      if shape[1] == 1, shape[0] > 1 {
        claim(pattern, .depthwise, "a filter for each of \(shape[0]) channels by itself")
      } else if shape[2] > 1 {
        claim(pattern, .imageConvolution, "a filter over \(shape[1]) channels")
      }
    }
  }

  /// DeepSeek's attention: into and out of the spaces whose widths the configuration gives.
  mutating func guessLatentAttention(_ weights: [Int], _ hidden: Int) {
    guard hints.expected?.contains(.keyValueDown) == true, let heads = hints.heads, let latent = hints.latent else {
      return
    }
    let spread = latent.keyValueRank + latent.turned
    for pattern in weights where shape(pattern).rank == 2 && !isNumbered(pattern) {
      let (output, input) = (shape(pattern)[0], shape(pattern)[1])
      switch (output, input) {
      case (spread, hidden):
        claim(pattern, .keyValueDown, "down to \(latent.keyValueRank) features and the turned ones")
      case (heads * (latent.plain + latent.value), latent.keyValueRank):
        claim(pattern, .keyValueUp, "up from \(latent.keyValueRank) features to all heads")
      case (latent.queryRank ?? -1, hidden): claim(pattern, .queryDown, "down to \(output) features")
      case (heads * (latent.plain + latent.turned), latent.queryRank ?? -1):
        claim(pattern, .queryUp, "up from \(input) features to all heads")
      case (heads * (latent.plain + latent.turned), hidden): claim(pattern, .query, "all heads' queries")
      case (hidden, heads * latent.value): claim(pattern, .attentionOutput, "takes the values of all heads")
      default: break
      }
    }
    for pattern in weights where shape(pattern).rank == 1 {
      let length = shape(pattern)[0]
      if length == latent.keyValueRank { claim(pattern, .keyValueDownNorm, "as long as the narrow space of keys") }
      if length == latent.queryRank { claim(pattern, .queryDownNorm, "as long as the narrow space of queries") }
    }
  }

  /// T5's bias of the scores: a number for each head and range of distances, in one block only.
  mutating func guessRelativeBias(_ weights: [Int]) {
    guard hints.expected?.contains(.relativePositionBias) == true, let heads = hints.heads, heads != hidden else {
      return
    }
    for pattern in weights where shape(pattern).rank == 2 && shape(pattern)[1] == heads {
      guard table.patterns[pattern].tally.tensors == 1 else { continue }
      claim(pattern, .relativePositionBias, "\(shape(pattern)[0]) rows of \(heads) heads, in one block only")
    }
  }
}
