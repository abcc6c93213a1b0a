internal import Graph
internal import Units

/// Shapes: C chunks of L tokens, G groups of N states, M heads of D features.
extension StateSpaceLowering {
  /// `Mamba2Mixer.forward` without kernels, from [B, S, H] to [B, S, H].
  func chunked(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ padding: Tensor?
  ) -> Tensor {
    guard let entrance = layer.modules[.mixerInput], let normModule = layer.modules[.mixerNorm],
      let biasModule = layer.modules[.timeStepBias], let skipModule = layer.modules[.skip],
      let kernel = layer.modules[.mixerConvolution]?.weight, let width = normModule.weight?[0]
    else { return input }
    let projected = g.hold(linear(&g, masked(&g, input, padding), entrance))
    guard let decay = decay(&g, layer), let bias = weight(&g, biasModule), let skip = weight(&g, skipModule) else {
      return input
    }
    let parts = g.split(projected, axis: -1, lengths: [width, kernel[0], decay.shape[0]])
    let convolved = g.hold(convolved(&g, g.transpose(parts[1], 1, 2), layer))
    let hidden = g.hold(masked(&g, g.transpose(convolved, 1, 2), padding))
    let states = (kernel[0] - width) / 2
    let pieces = g.split(hidden, axis: -1, lengths: [width, states, states])
    let heads = decay.shape[0]
    let scanned = g.hold(
      scan(
        &g,
        ChunkScan(
          hidden: g.reshape(pieces[0], [batch, length, heads, width / heads]), timeSteps: parts[2], bias: bias,
          decay: decay, input: g.reshape(pieces[1], [batch, length, groups, states / groups]),
          output: g.reshape(pieces[2], [batch, length, groups, states / groups]), skip: skip)))
    let whole = g.reshape(scanned, [batch, length, width])
    let normalized = g.hold(gatedNorm(&g, whole, parts[0], normModule))
    return leave(&g, g.cast(normalized, to: input.dataType), layer)
  }

  /// `n_groups` of the configuration.
  var groups: Int { configuration?.integer("n_groups") ?? 8 }
  var chunkSize: Int { configuration?.integer("chunk_size") ?? 256 }

  /// `MambaRMSNormGated.forward`.
  private func gatedNorm(
    _ g: inout GraphBuilder, _ input: Tensor, _ gate: Tensor, _ module: ModuleParameters
  ) -> Tensor {
    guard let weight = weight(&g, module) else { return input }
    return g.frame("norm") { g in
      let gated = g.multiply(g.cast(input, to: .float32), g.unary(.silu, g.cast(gate, to: .float32)))
      let variance = g.hold(g.mean(g.power(gated, 2)))
      let normalized = g.hold(g.multiply(gated, g.reciprocalSquareRoot(g.addScalar(variance))))
      return g.multiply(weight, g.cast(normalized, to: input.dataType))
    }
  }

  /// What a scan reads: hidden [B, S, M, D], time steps [B, S, M], decay, bias and skip [M], what comes in and goes out
  /// [B, S, G, N].
  private struct ChunkScan {
    var hidden: GraphBuilder.Tensor
    var timeSteps: GraphBuilder.Tensor
    var bias: GraphBuilder.Tensor
    var decay: GraphBuilder.Tensor
    var input: GraphBuilder.Tensor
    var output: GraphBuilder.Tensor
    var skip: GraphBuilder.Tensor
  }

  /// `mamba2_chunk_scan`.
  private func scan(_ g: inout GraphBuilder, _ scan: ChunkScan) -> Tensor {
    g.frame("") { g in
      let heads = scan.decay.shape[0]
      let missing = (chunkSize - length % chunkSize) % chunkSize
      let biased = g.add(scan.timeSteps, g.cast(scan.bias, to: scan.timeSteps.dataType))
      let steps = g.hold(g.clamp(g.preciseFunction("softplus", biased)))
      var hidden = g.cast(scan.hidden, to: .float32)
      let perHead = { (g: inout GraphBuilder, tensor: Tensor) in
        g.interleaved(g.cast(tensor, to: .float32), axis: 2, heads / tensor.shape[2])
      }
      let wholeInput = perHead(&g, scan.input)
      let wholeOutput = perHead(&g, scan.output)
      let skipped = g.hold(g.multiply(g.unsqueeze(scan.skip, 1), g.padded(hidden, axis: 1, by: missing)))
      hidden = g.multiply(hidden, g.cast(g.unsqueeze(steps, 3), to: .float32))
      let whole = [hidden, g.multiply(scan.decay, g.cast(steps, to: .float32)), wholeInput, wholeOutput]
      var chunks: [Tensor] = []
      for tensor in whole { chunks.append(g.hold(inChunks(&g, tensor, missing))) }
      for tensor in whole { g.keepUntilHere(tensor) }
      let decays = g.permute(chunks[1], [0, 3, 1, 2])
      let sums = g.hold(g.preciseFunction("cumsum", decays))
      let inside = g.hold(withinChunks(&g, chunks[0], decays, chunks[2], chunks[3]))
      let outside = g.hold(acrossChunks(&g, chunks[0], sums, chunks[2], chunks[3]))
      let sum = g.add(inside, outside)
      let flat = g.reshape(sum, [batch, sum.shape[1] * sum.shape[2], heads, sum.shape[4]])
      let output = g.add(flat, skipped)
      return missing > 0 ? g.slice(output, axis: 1, start: 0, length: length) : output
    }
  }

  /// `reshape_into_chunks`: [B, S, ..] to [B, C, L, ..].
  private func inChunks(_ g: inout GraphBuilder, _ input: Tensor, _ missing: Int) -> Tensor {
    g.frame("") { g in
      let padded = g.padded(input, axis: 1, by: missing)
      let size = chunkSize
      return g.reshape(padded, Shape([batch, padded.shape[1] / size, size] + padded.shape.dimensions.dropFirst(2)))
    }
  }

  /// `segment_sum` of [.., L] to [.., L, L].
  private func segmentSums(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    g.frame("") { g in
      let size = input.shape[input.shape.rank - 1]
      let wide = g.expand(g.unsqueeze(input, -1), to: Shape(input.shape.dimensions + [size]))
      func hiding(_ g: inout GraphBuilder) -> Tensor {
        let mask = g.hold(g.create("tril", [g.create("ones", [], [size, size], .bool)], [size, size], .bool))
        return g.create("bitwise_not", [mask], [size, size], .bool)
      }
      let lower = g.hold(g.whereVisible(wide, hiding(&g)))
      let sums = g.preciseFunction("cumsum", lower)
      return g.whereVisible(sums, hiding(&g))
    }
  }

  /// The outputs of a chunk from its own tokens, [B, C, L, M, D]. Python names every tensor until the scan returns.
  private func withinChunks(
    _ g: inout GraphBuilder, _ hidden: Tensor, _ decays: Tensor, _ input: Tensor, _ output: Tensor
  ) -> Tensor {
    let falls = g.hold(g.preciseFunction("exp", segmentSums(&g, decays)))
    let scores = g.hold(g.sum(g.multiply(g.unsqueeze(output, 3), g.unsqueeze(input, 2)), along: -1))
    let spread = g.unsqueeze(g.permute(falls, [0, 2, 3, 4, 1]), -1)
    let weights = g.hold(g.sum(g.multiply(g.unsqueeze(scores, -1), spread), along: -1))
    return g.sum(g.multiply(g.unsqueeze(weights, -1), g.unsqueeze(hidden, 2)), along: 3)
  }

  /// The outputs of a chunk from those before it, [B, C, L, M, D].
  private func acrossChunks(
    _ g: inout GraphBuilder, _ hidden: Tensor, _ sums: Tensor, _ input: Tensor, _ output: Tensor
  ) -> Tensor {
    let size = sums.shape[3]
    let last = g.slice(sums, axis: 3, start: size - 1, length: 1)
    let falls = g.hold(g.preciseFunction("exp", g.subtract(last, sums)))
    let fallen = g.hold(g.multiply(input, g.unsqueeze(g.permute(falls, [0, 2, 3, 1]), -1)))
    let made = g.sum(g.multiply(g.unsqueeze(fallen, 4), g.unsqueeze(hidden, 5)), along: 2)
    let first = g.slice(made, axis: 1, start: 0, length: 1)
    let before = g.hold(g.create("zeros_like", [], first.shape, .float32))
    let states = g.concatenate([before, made], axis: 1)
    let ends = g.select(sums, axis: 3)
    let chunkFalls = g.hold(g.preciseFunction("exp", segmentSums(&g, g.padded(ends, axis: -1, by: 1))))
    let spread = g.unsqueeze(g.unsqueeze(g.transpose(chunkFalls, 1, 3), -1), -1)
    let passed = g.hold(g.sum(g.multiply(spread, g.unsqueeze(states, 2)), along: 1))
    g.keepUntilHere(states)
    let known = g.slice(passed, axis: 1, start: 0, length: passed.shape[1] - 1)
    let leaving = g.hold(g.preciseFunction("exp", sums))
    let products = g.hold(g.multiply(g.unsqueeze(output, 4), g.unsqueeze(known, 2)))
    return g.multiply(g.sum(products, along: -1), g.unsqueeze(g.permute(leaving, [0, 2, 3, 1]), -1))
  }
}
