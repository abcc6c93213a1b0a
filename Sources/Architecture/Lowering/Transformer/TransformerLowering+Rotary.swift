internal import Graph
internal import Units

extension TransformerLowering {
  /// `apply_rotary_pos_emb` with halves, on queries and keys [B, heads, S, D].
  func rotated(_ g: inout GraphBuilder, _ heads: Heads, _ rotary: (cosine: Tensor, sine: Tensor)) -> Heads {
    if settings.kernels == .liger, choices.turning == .halves, choices.turningType == .hidden, !choices.rejoinsRotated {
      return g.frame("") { g in
        let query = g.fusedRotation(heads.query, rotary.cosine, rotary.sine)
        return (query, g.fusedRotation(heads.key, rotary.cosine, rotary.sine), heads.value)
      }
    }
    let type = choices.turningType == .hidden ? nil : heads.query.dataType
    if choices.turningType == .wideEach {
      let query = turnedWide(&g, heads.query, rotary)
      return (query, turnedWide(&g, heads.key, rotary), heads.value)
    }
    return g.frame("") { g in
      var heads = heads
      if choices.turningType == .wide {
        heads.query = g.hold(g.cast(heads.query, to: .float32))
        heads.key = g.hold(g.cast(heads.key, to: .float32))
      }
      var cosine = g.unsqueeze(rotary.cosine, 1)
      var sine = g.unsqueeze(rotary.sine, 1)
      if choices.turning == .neighboursSpread {
        cosine = g.hold(g.create("clone", [cosine], cosine.shape, cosine.dataType))
        sine = g.hold(g.create("clone", [sine], sine.shape, sine.dataType))
      }
      if choices.turning == .narrowHalves {
        let query = turnedHalves(&g, heads.query, cosine, sine)
        return (query, turnedHalves(&g, heads.key, cosine, sine), heads.value)
      }
      guard choices.rejoinsRotated else {
        let query = g.hold(turned(&g, heads.query, cosine, sine))
        let key = g.hold(turned(&g, heads.key, cosine, sine))
        guard let type else { return (query, key, heads.value) }
        return (g.cast(query, to: type), g.cast(key, to: type), heads.value)
      }
      let dimension = rotary.cosine.shape[2]
      let query = parts(&g, heads.query, dimension)
      let key = parts(&g, heads.key, dimension)
      let turnedQuery = turned(&g, query.turning, cosine, sine)
      // Phi-3 joins the query at once; GPT-NeoX and Phi turn the key first.
      if choices.fused == .slices {
        let joined = g.concatenate([turnedQuery, query.rest], axis: 3)
        return (joined, g.concatenate([turned(&g, key.turning, cosine, sine), key.rest], axis: 3), heads.value)
      }
      let turnedKey = turned(&g, key.turning, cosine, sine)
      if choices.holdsTurned { for tensor in [turnedQuery, turnedKey] { g.hold(tensor) } }
      let joined = g.concatenate([turnedQuery, query.rest], axis: 3)
      return (joined, g.concatenate([turnedKey, key.rest], axis: 3), heads.value)
    }
  }

  /// One of both, cast to fp32, turned, joined to what is not turned, and cast back.
  private func turnedWide(
    _ g: inout GraphBuilder, _ input: Tensor, _ rotary: (cosine: Tensor, sine: Tensor)
  ) -> Tensor {
    g.frame("") { g in
      let wide = g.hold(g.cast(input, to: .float32))
      let parts = parts(&g, wide, rotary.cosine.shape[2])
      let turned = g.hold(turned(&g, parts.turning, g.unsqueeze(rotary.cosine, 1), g.unsqueeze(rotary.sine, 1)))
      return g.cast(g.concatenate([turned, parts.rest], axis: 3), to: input.dataType)
    }
  }

  private func parts(
    _ g: inout GraphBuilder, _ input: Tensor, _ dimension: Int
  ) -> (turning: Tensor, rest: Tensor) {
    let turning =
      dimension == input.shape[3] ? input : g.slice(input, axis: 3, start: 0, length: dimension)
    return (turning, g.slice(input, axis: 3, start: dimension, length: input.shape[3] - dimension))
  }

  /// `_apply_rotary_emb` of gpt-oss: each half by cosines of its own length.
  private func turnedHalves(_ g: inout GraphBuilder, _ input: Tensor, _ cosine: Tensor, _ sine: Tensor) -> Tensor {
    g.frame("") { g in
      let half = input.shape[3] / 2
      let halves = g.split(input, axis: 3, lengths: [half, half])
      return turnedParts(&g, halves[0], halves[1], cosine, sine)
    }
  }

  /// [a · cos − b · sin, b · cos + a · sin].
  func turnedParts(
    _ g: inout GraphBuilder, _ first: Tensor, _ second: Tensor, _ cosine: Tensor, _ sine: Tensor
  ) -> Tensor {
    let left = g.subtract(g.multiply(first, cosine), g.multiply(second, sine))
    let right = g.add(g.multiply(second, cosine), g.multiply(first, sine))
    return g.concatenate([left, right], axis: 3)
  }

  /// x · cos + rotate_half(x) · sin along the last axis.
  func turned(_ g: inout GraphBuilder, _ input: Tensor, _ cosine: Tensor, _ sine: Tensor) -> Tensor {
    let half = input.shape[input.shape.rank - 1] / 2
    let isCast = choices.turningType == .wideTwice
    let isWide = choices.turningType == .factors
    let straight = g.multiply(isCast || isWide ? g.cast(input, to: .float32) : input, cosine)
    let source = isCast ? g.cast(input, to: .float32) : input
    let turned = g.frame("") { g in
      if choices.turning == .neighbours || choices.turning == .neighboursSpread { return neighboursSwapped(&g, source) }
      let first = g.slice(source, axis: -1, start: 0, length: half)
      let second = g.slice(source, axis: -1, start: half, length: half)
      return g.concatenate([g.unary(.negate, second), first], axis: -1)
    }
    return g.add(straight, g.multiply(isWide ? g.cast(turned, to: .float32) : turned, sine))
  }

  /// Every two features (a, b) as (-b, a).
  private func neighboursSwapped(_ g: inout GraphBuilder, _ input: Tensor) -> Tensor {
    let half = input.shape[3] / 2
    let even = g.slice(input, axis: 3, start: 0, length: half, step: 2)
    let odd = g.slice(input, axis: 3, start: 1, length: half, step: 2)
    return g.reshape(g.stack([g.unary(.negate, odd), even]), input.shape)
  }

  // MARK: - From a table of sines

  /// Rotation of every two features on [B, S, heads, D], by a table that the layer holds (GPT-J, CodeGen).
  func rotatedByTable(
    _ g: inout GraphBuilder, _ heads: Heads, _ layer: ModelDescription.Layer, _ positions: Tensor
  ) -> Heads {
    let dimension = configuration?.integer("rotary_dim").map { min($0, sizes.headDimension) } ?? sizes.headDimension
    let rows = description.maximumPositions?.value ?? length
    let table = g.buffer("\(layer.path).attn.embed_positions", [rows, dimension], .float32)
    let angles: Tensor
    if case .groups = choices.fused {
      angles = g.hold(g.create("index", [table, positions], [1, length, dimension], .float32))
    } else {
      let repeated = g.hold(g.create("repeat", [table], [1, rows, dimension], .float32))
      let indices = g.hold(g.create("repeat", [positions], [1, length, dimension], .int64))
      let gathered = g.create("gather", [repeated, indices], [1, length, dimension], .float32)
      let type = heads.key.dataType
      angles = g.hold(
        type == .float32 ? gathered : g.create("_to_copy", [gathered], [1, length, dimension], type))
    }
    let key = turnedPairs(&g, g.transpose(heads.key, 1, 2), angles, dimension)
    let query = turnedPairs(&g, g.transpose(heads.query, 1, 2), angles, dimension)
    let joinedKey = key.rest.map { g.concatenate([key.turned, $0], axis: 3) } ?? key.turned
    let joinedQuery = query.rest.map { g.concatenate([query.turned, $0], axis: 3) } ?? query.turned
    return (g.transpose(joinedQuery, 1, 2), g.transpose(joinedKey, 1, 2), heads.value)
  }

  private func turnedPairs(
    _ g: inout GraphBuilder, _ input: Tensor, _ angles: Tensor, _ dimension: Int
  ) -> (turned: Tensor, rest: Tensor?) {
    let isPartial = configuration?.integer("rotary_dim") != nil
    let turning = isPartial ? g.slice(input, axis: 3, start: 0, length: dimension) : input
    let rest =
      isPartial ? g.slice(input, axis: 3, start: dimension, length: input.shape[3] - dimension) : nil
    let turned = g.frame("") { g in
      let shape: Shape = [1, length, 1, dimension]
      let sine = g.hold(g.create("clone", [angles], shape, angles.dataType))
      let cosine = g.hold(g.create("clone", [angles], shape, angles.dataType))
      let straight = g.multiply(turning, cosine)
      let swapped = g.frame("") { g in neighboursSwapped(&g, turning) }
      return g.add(straight, g.multiply(swapped, sine))
    }
    if isPartial { g.hold(turned) }
    return (turned, rest)
  }
}
