internal import Graph
internal import Units

/// What every layer is handed beside the hidden states.
struct PositionInputs {
  var hidden: GraphBuilder.Tensor
  var mask: AttentionMask?
  /// Cosines and sines [1, S, D] of rotary embeddings.
  var rotary: (cosine: GraphBuilder.Tensor, sine: GraphBuilder.Tensor)?
}

/// A mask over [B, 1, S, S]: true where a token may be seen, or zero there and a large negative number elsewhere.
struct AttentionMask {
  var tensor: GraphBuilder.Tensor
  var isBoolean: Bool
}

extension DecoderLowering {
  /// Position embeddings, the attention mask and rotary angles, in the order of the family's `forward`.
  func positionInputs(_ g: inout GraphBuilder, _ embedded: Tensor, _ padding: Tensor?) -> PositionInputs {
    var hidden = embedded
    var mask: AttentionMask?
    switch choices.positions {
    case .none: mask = causalMask(&g, padding)
    case .learned:
      let positions = g.hold(arange(&g))
      if let module = description.modules[.positionEmbedding], let table = weight(&g, module) {
        let rows = g.hold(g.frame("embed_positions") { g in g.embedding(g.unsqueeze(positions, 0), table) })
        hidden = g.add(hidden, rows)
      }
      mask = causalMask(&g, padding)
      hidden = dropped(&g, hidden, choices.embeddingDropout)
    case .learnedFromMask:
      let seen = padding ?? g.hold(g.create("ones", [], [batch, length], .float32))
      let sums = g.create("cumsum", [seen], [batch, length], seen.dataType == .float32 ? .float32 : .int64)
      let product = g.create("mul", [sums, seen], [batch, length], sums.dataType)
      let less = g.create("sub", [product], [batch, length], sums.dataType)
      let positions = g.hold(g.create("_to_copy", [less], [batch, length], .int64))
      mask = causalMask(&g, padding, seen: seen)
      if let module = description.modules[.positionEmbedding], let table = weight(&g, module) {
        let rows = g.hold(
          g.frame("embed_positions") { g in
            g.embedding(g.create("add", [positions], [batch, length], .int64), table)
          })
        if let projection = description.modules[.embeddingProjection] { hidden = linear(&g, hidden, projection) }
        hidden = g.add(hidden, rows)
      }
      hidden = dropped(&g, hidden, choices.embeddingDropout)
    case .rotary:
      let positions = g.hold(arange(&g))
      mask = causalMask(&g, padding)
      let rotary = rotaryAngles(&g, positions, as: hidden.dataType)
      g.hold(rotary.cosine)
      g.hold(rotary.sine)
      return PositionInputs(hidden: hidden, mask: mask.map { held(&g, $0) }, rotary: rotary)
    }
    return PositionInputs(hidden: hidden, mask: mask.map { held(&g, $0) }, rotary: nil)
  }

  private func held(_ g: inout GraphBuilder, _ mask: AttentionMask) -> AttentionMask {
    g.hold(mask.tensor)
    return mask
  }

  /// `torch.arange(S) + 0`, [S].
  private func arange(_ g: inout GraphBuilder) -> Tensor {
    g.create("add", [g.create("arange", [], [length], .int64)], [length], .int64)
  }

  /// `LlamaRotaryEmbedding.forward`: angles in fp32 for one row of positions, then in the hidden states' type.
  private func rotaryAngles(
    _ g: inout GraphBuilder, _ positions: Tensor, as type: DataType
  ) -> (cosine: Tensor, sine: Tensor) {
    let half = sizes.headDimension / 2
    let frequencies = g.buffer("rotary_emb.inv_freq", [half], .float32)
    _ = g.buffer("rotary_emb.original_inv_freq", [half], .float32)
    return g.frame("rotary_emb") { g in
      let indices = g.hold(g.create("_to_copy", [positions], [1, 1, length], .float32))
      let angles = g.hold(g.create("bmm", [frequencies, indices], [1, half, length], .float32))
      let both = g.hold(g.create("cat", [angles], [1, length, 2 * half], .float32))
      let shape: Shape = [1, length, 2 * half]
      let cosine = g.hold(g.create("mul", [g.create("cos", [both], shape, .float32)], shape, .float32))
      let sine = g.hold(g.create("mul", [g.create("sin", [both], shape, .float32)], shape, .float32))
      guard type != .float32 else { return (cosine, sine) }
      return (g.create("_to_copy", [cosine], shape, type), g.create("_to_copy", [sine], shape, type))
    }
  }

  /// `create_causal_mask` (transformers/masking_utils.py): nothing where a kernel's causal flag does, a boolean mask
  /// for padded batches, an additive one for eager attention.
  private func causalMask(_ g: inout GraphBuilder, _ padding: Tensor?, seen: Tensor? = nil) -> AttentionMask? {
    let isEager = settings.attention == .eager
    guard isEager || padding != nil else { return nil }
    return g.frame("") { g in
      let given = (padding ?? seen).map { g.hold(g.create("_to_copy", [$0], [batch, length], .bool)) }
      let batches = g.hold(g.create("arange", [], [batch], .int64))
      let heads = g.hold(g.create("arange", [], [1], .int64))
      let queries = g.hold(arange(&g))
      let keys = g.hold(arange(&g))
      _ = (batches, heads)
      var mask = g.create("le", [queries, keys], [1, 1, length, length], .bool)
      if let given {
        let rows = g.create("index", [given], [batch, 1, 1, length], .bool)
        mask = g.create("bitwise_and", [mask, rows], [batch, 1, length, length], .bool)
      }
      guard isEager else { return AttentionMask(tensor: mask, isBoolean: true) }
      g.hold(mask)
      // The mask's type is that of the embeddings, which autocast leaves alone.
      let additive = g.create("where", [mask], [batch, 1, length, length], type)
      return AttentionMask(tensor: additive, isBoolean: false)
    }
  }
}
