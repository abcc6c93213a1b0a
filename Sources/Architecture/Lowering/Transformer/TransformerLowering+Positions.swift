internal import Checkpoint
internal import Graph
internal import Units

/// What every layer is handed beside the hidden states.
struct LayerInputs {
  var hidden: GraphBuilder.Tensor
  /// The mask of layers that see everything before them.
  var mask: AttentionMask?
  /// The mask of layers that see a window only; nil where the window holds the whole sequence.
  var windowMask: AttentionMask?
  /// Cosines and sines [1, S, R] of rotary embeddings, or [B, S, R] where each sequence brings its positions.
  var rotary: (cosine: GraphBuilder.Tensor, sine: GraphBuilder.Tensor)?
  /// Angles of rotary embeddings as complex numbers [1, S, R / 2].
  var complexAngles: GraphBuilder.Tensor?
  /// The same for layers that see a window only, where those have their own.
  var windowRotary: (cosine: GraphBuilder.Tensor, sine: GraphBuilder.Tensor)?
  /// Positions [S].
  var positions: GraphBuilder.Tensor?
  /// The mask of tokens that count [B, S], and the distances between them (DeBERTa).
  var seen: GraphBuilder.Tensor?
  var relative: RelativePositions?
  /// Biases by distance [B · N, 1, S].
  var alibi: GraphBuilder.Tensor?
  /// A bias by distance [1, N, S, S] that the first layer made.
  var bias: GraphBuilder.Tensor?
  /// What a decoder attends over.
  var memory: Memory?
  /// Keys and values that every layer sees before those of the tokens.
  var prefix: PrefixCache?
  /// Which of these a layer is handed by position, apart from the hidden states.
  var positional: [GraphBuilder.Tensor] = []
  /// What a layer is handed by keyword and does not read.
  var unread: [GraphBuilder.Tensor] = []

  /// An encoder's output [B, M, H], as a decoder's layers see it.
  struct Memory {
    var states: GraphBuilder.Tensor
    var mask: AttentionMask?
    /// The bias [1, N, S, M] that the first layer made.
    var bias: GraphBuilder.Tensor?
  }

  /// The cosines and sines of a layer.
  func rotary(isWindowed: Bool) -> (cosine: GraphBuilder.Tensor, sine: GraphBuilder.Tensor)? {
    isWindowed ? windowRotary ?? rotary : rotary
  }
}

/// A mask over [B, 1, S, S]: true where a token may be seen, or zero there and a large negative number elsewhere.
struct AttentionMask {
  var tensor: GraphBuilder.Tensor
  var isBoolean: Bool
}

extension TransformerLowering {
  /// Position embeddings, masks and rotary angles, in the order of the family's `forward`.
  func layerInputs(_ g: inout GraphBuilder, _ embedded: Tensor, _ padding: Tensor?) -> LayerInputs {
    var inputs = LayerInputs(hidden: embedded)
    switch choices.positions {
    case .learned:
      if choices.holdsCausalBuffer, let places = description.maximumPositions?.value {
        _ = g.buffer("bias", [places, places], .bool)
      }
      let positions = g.hold(arange(&g))
      inputs.hidden = withPositions(&g, embedded, g.unsqueeze(positions, 0))
      inputs.mask = causalMask(&g, padding)
      if choices.handsMaskByPosition, let mask = inputs.mask { inputs.positional = [mask.tensor] }
      inputs.hidden = dropped(&g, inputs.hidden, choices.embeddingDropout)
    case .learnedWithMask(let counted):
      let seen = padding ?? g.hold(g.create("ones", [], [batch, keyLength], .float32))
      let positions = counted ? countedPositions(&g, seen) : nil
      inputs.mask = causalMask(&g, seen)
      let rows = g.create("add", [positions ?? g.hold(arange(&g))], [counted ? batch : 1, length], .int64)
      inputs.hidden = withPositions(&g, embedded, rows)
      inputs.hidden = dropped(&g, inputs.hidden, choices.embeddingDropout)
    case .learnedWithTypes(let positions): return withTypes(&g, embedded, padding, positions)
    case .relative: return relativeInputs(&g, embedded, padding)
    case .rotaryByKind:
      let positions = g.hold(arange(&g))
      inputs.hidden = g.frame("embeddings") { g in
        let normed = stack.modules[.embeddingNorm].map { norm(&g, embedded, $0, "norm") } ?? embedded
        return dropped(&g, normed, choices.embeddingDropout)
      }
      g.hold(inputs.hidden)
      if settings.isPadded { inputs.mask = mask(&g, padding, windowed: false) }
      if settings.isPadded || window != nil { inputs.windowMask = mask(&g, padding, windowed: true) }
      inputs.rotary = rotaryAngles(&g, positions, as: inputs.hidden.dataType, table: "rotary_emb.full_attention")
      inputs.windowRotary = rotaryAngles(
        &g, positions, as: inputs.hidden.dataType, table: "rotary_emb.sliding_attention")
    case .rotary:
      if hasDistances {
        let seen = padding ?? g.hold(g.create("ones", [], [batch, keyLength], .int64))
        inputs.alibi = g.hold(alibi(&g, seen, as: embedded.dataType))
      }
      let positions = g.hold(positionsOfSequence(&g))
      inputs.mask = causalMask(&g, padding)
      if let alibi = inputs.alibi, let mask = inputs.mask { inputs.mask = withDistances(&g, mask, alibi) }
      if makesWindowMask { inputs.windowMask = windowMask(&g, padding) }
      inputs.hidden = dropped(&g, embedded, choices.embeddingDropout)
      if choices.turning == .complex {
        inputs.complexAngles = g.hold(complexAngles(&g, positions))
      } else {
        inputs.rotary = rotaryAngles(&g, positions, as: embedded.dataType)
      }
      inputs.unread = [positions] + maskOfChunks(&g, positions)
      if hasDistances, let rotary = inputs.rotary { inputs.unread += [rotary.cosine, rotary.sine] }
      if choices.turnsWindowsApart, stack.layers.contains(where: isWindowed) {
        inputs.windowRotary = rotaryAngles(&g, positions, as: embedded.dataType, table: "sliding_attention")
      }
    case .rotaryGrid:
      let positions = g.hold(gridPositions(&g))
      inputs.mask = causalMask(&g, padding)
      inputs.rotary = gridAngles(&g, positions, as: embedded.dataType)
    case .rotaryTable:
      inputs.positions = g.hold(arange(&g))
      inputs.mask = causalMask(&g, padding)
      inputs.hidden = dropped(&g, embedded, choices.embeddingDropout)
    case .alibi:
      if let norm = stack.modules[.embeddingNorm] {
        inputs.hidden = self.norm(&g, embedded, norm, "word_embeddings_layernorm")
      }
      let seen = padding ?? g.hold(g.create("ones", [], [batch, keyLength], .float32))
      inputs.alibi = g.hold(alibi(&g, seen, as: inputs.hidden.dataType))
      inputs.mask = causalMask(&g, seen)
    case .alibiBesideMask:
      let places = configuration?.integer("max_seq_len") ?? 2048
      inputs.alibi = g.hold(g.create("mul", [], [sizes.heads, 1, places], .float32))
      inputs.mask = causalMask(&g, padding).map { mask in
        AttentionMask(tensor: g.create("_to_copy", [mask.tensor], mask.tensor.shape, .bool), isBoolean: true)
      }
    case .relativeBias, .given: break
    }
    for case let mask? in [inputs.mask, inputs.windowMask] { g.hold(mask.tensor) }
    for case let rotary? in [inputs.rotary, inputs.windowRotary] {
      for tensor in [rotary.cosine, rotary.sine] { g.hold(tensor) }
    }
    return inputs
  }

  /// `BertEmbeddings.forward` after the words, and the mask of `create_bidirectional_mask`.
  private func withTypes(
    _ g: inout GraphBuilder, _ embedded: Tensor, _ padding: Tensor?, _ kind: TransformerChoices.TypedPositions
  ) -> LayerInputs {
    let places = stack.modules[.positionEmbedding]?.weight?[0] ?? length
    let positions = g.buffer("embeddings.position_ids", [1, places], .int64)
    let counted = kind == .counted
    var hidden = g.frame("embeddings") { g in
      var hidden = embedded
      let place = counted ? g.hold(positionsOfTokens(&g)) : g.slice(positions, axis: 1, start: 0, length: length)
      if kind != .untyped, let module = stack.modules[.tokenTypeEmbedding], let table = weight(&g, module) {
        let types = g.buffer("embeddings.token_type_ids", [1, places], .int64)
        let row = g.hold(g.create("gather", [types, place], [counted ? batch : 1, length], .int64))
        hidden = g.add(hidden, g.hold(g.embedding(g.expand(row, to: [batch, length]), table)))
      }
      if let module = stack.modules[.positionEmbedding], let table = weight(&g, module) {
        hidden = g.add(hidden, g.hold(g.embedding(place, table)))
      }
      if let module = stack.modules[.embeddingNorm] { hidden = norm(&g, hidden, module, "LayerNorm") }
      return dropped(&g, hidden, choices.embeddingDropout)
    }
    if let projection = stack.modules[.embeddingProjection] { hidden = linear(&g, hidden, projection) }
    var inputs = LayerInputs(hidden: g.hold(hidden))
    if settings.isPadded { inputs.mask = mask(&g, padding, windowed: false) }
    if let mask = inputs.mask { inputs.positional = [g.hold(mask.tensor)] }
    return inputs
  }

  /// `create_position_ids_from_input_ids`: the running count of tokens that are no padding.
  private func positionsOfTokens(_ g: inout GraphBuilder) -> Tensor {
    let shape: Shape = [batch, length]
    return g.frame("") { g in
      let mask = g.hold(g.create("_to_copy", [g.create("ne", [], shape, .bool)], shape, .int32))
      let sums = g.create("_to_copy", [g.create("cumsum", [mask], shape, .int64)], shape, .int32)
      let counts = g.hold(g.create("mul", [g.create("add", [sums], shape, .int32), mask], shape, .int32))
      return g.create("add", [g.create("_to_copy", [counts], shape, .int64)], shape, .int64)
    }
  }

  /// The rows of the position table added to the embeddings.
  private func withPositions(_ g: inout GraphBuilder, _ embedded: Tensor, _ positions: Tensor) -> Tensor {
    guard let module = stack.modules[.positionEmbedding], let table = weight(&g, module) else { return embedded }
    let rows = g.hold(g.frame("embed_positions") { g in g.embedding(positions, table) })
    let hidden = stack.modules[.embeddingProjection].map { linear(&g, embedded, $0) } ?? embedded
    return g.add(hidden, rows)
  }

  /// OPT's positions: the running sum of the mask, less one.
  private func countedPositions(_ g: inout GraphBuilder, _ seen: Tensor) -> Tensor {
    let type: DataType = seen.dataType == .float32 ? .float32 : .int64
    let shape: Shape = [batch, keyLength]
    let sums = g.create("cumsum", [seen], shape, type)
    let less = g.create("sub", [g.create("mul", [sums, seen], shape, type)], shape, type)
    return g.hold(type == .int64 ? less : g.create("_to_copy", [less], shape, .int64))
  }

  /// `torch.arange(S) + 0`, [S].
  func arange(_ g: inout GraphBuilder, _ count: Int? = nil) -> Tensor {
    let count = count ?? length
    return g.create("add", [g.create("arange", [], [count], .int64)], [count], .int64)
  }

  /// `build_alibi_tensor`: slopes times positions, [B · N, 1, S].
  private func alibi(_ g: inout GraphBuilder, _ seen: Tensor, as type: DataType) -> Tensor {
    g.frame("") { g in
      let slopes = g.hold(g.create("pow", [], [sizes.heads], .float32))
      let sums = g.create("cumsum", [seen], [batch, keyLength], .float32)
      let less = g.create("sub", [sums], [batch, keyLength], .float32)
      let places = g.hold(g.create("mul", [less, seen], [batch, keyLength], .float32))
      let biases = g.hold(g.create("mul", [slopes, places], [batch * sizes.heads, 1, keyLength], .float32))
      return type == .float32 ? biases : g.create("_to_copy", [biases], [batch * sizes.heads, 1, keyLength], type)
    }
  }

  /// Falcon's older models count distances where newer ones turn queries and keys.
  var hasDistances: Bool {
    if case .falcon = choices.attention { configuration?.boolean("alibi") == true } else { false }
  }

  /// Falcon's mask with distances: `masked_fill(alibi / sqrt(D), mask < -1, min)`, [B, N, S, S].
  private func withDistances(_ g: inout GraphBuilder, _ mask: AttentionMask, _ alibi: Tensor) -> AttentionMask {
    var additive = mask.tensor
    if mask.isBoolean { additive = g.create("where", [additive], additive.shape, alibi.dataType) }
    let scaled = g.create("div", [alibi], [batch, sizes.heads, 1, keyLength], alibi.dataType)
    let hidden = g.create("lt", [additive], additive.shape, .bool)
    let both = g.create(
      "masked_fill", [scaled, hidden], [batch, sizes.heads, length, keyLength], alibi.dataType)
    return AttentionMask(tensor: both, isBoolean: false)
  }

  // MARK: - Rotary embeddings

  /// How many features of each head are rotated.
  var rotaryDimension: Int {
    if let latent { return latent.turned }
    if let dimension = configuration?.integer("rotary_dim") { return min(dimension, sizes.headDimension) }
    let fraction =
      configuration?.number("partial_rotary_factor") ?? configuration?.number("rotary_pct")
      ?? configuration?.section("rope_parameters")?.number("partial_rotary_factor") ?? choices.rotaryFraction
    return (0...1).contains(fraction) ? Int(Double(sizes.headDimension) * fraction) : 0
  }

  /// `LlamaRotaryEmbedding.forward`: angles in fp32 for each row of positions, then in the hidden states' type.
  private func rotaryAngles(
    _ g: inout GraphBuilder, _ positions: Tensor, as type: DataType, table: String = "rotary_emb"
  ) -> (cosine: Tensor, sine: Tensor) {
    let half = rotaryDimension / 2
    let type = choices.turningType == .angles || choices.turningType == .factors ? .float32 : type
    let frequencies = g.buffer("\(table).inv_freq", [half], .float32)
    if choices.keepsAngles { return keptAngles(&g, table) }
    _ = g.buffer("\(table).original_inv_freq", [half], .float32)
    let rows = positions.shape.rank == 2 ? positions.shape[0] : 1
    return g.frame("rotary_emb") { g in
      let indices = g.hold(g.create("_to_copy", [positions], [rows, 1, length], .float32))
      let angles = g.hold(g.create("bmm", [frequencies, indices], [rows, half, length], .float32))
      let isNarrow = if case .narrowHalves = choices.turning { true } else { false }
      let shape: Shape = [rows, length, isNarrow ? half : 2 * half]
      let both = isNarrow ? angles : g.hold(g.create("cat", [angles], shape, .float32))
      let cosine = g.hold(g.create("mul", [g.create("cos", [both], shape, .float32)], shape, .float32))
      let sine = g.hold(g.create("mul", [g.create("sin", [both], shape, .float32)], shape, .float32))
      guard type != .float32 else { return (cosine, sine) }
      return (g.create("_to_copy", [cosine], shape, type), g.create("_to_copy", [sine], shape, type))
    }
  }

  /// What the first step computed for all that follow: [1, S, D] each, of twice as many rows.
  private func keptAngles(_ g: inout GraphBuilder, _ table: String) -> (cosine: Tensor, sine: Tensor) {
    let angles = ["cos", "sin"].map { name in
      let rows = g.buffer("\(table).\(name)", [1, max(2 * length, 16), rotaryDimension], .float32)
      return g.slice(rows, axis: 1, start: 0, length: length)
    }
    return (angles[0], angles[1])
  }

  /// The same as complex numbers (`Llama4TextRotaryEmbedding`).
  private func complexAngles(_ g: inout GraphBuilder, _ positions: Tensor) -> Tensor {
    let half = rotaryDimension / 2
    let frequencies = g.buffer("rotary_emb.inv_freq", [half], .float32)
    _ = g.buffer("rotary_emb.original_inv_freq", [half], .float32)
    return g.frame("rotary_emb") { g in
      let indices = g.hold(g.create("_to_copy", [positions], [1, 1, length], .float32))
      let angles = g.hold(g.create("bmm", [frequencies, indices], [1, half, length], .float32))
      let shape: Shape = [1, length, half]
      let ones = g.create("ones_like", [angles], shape, .float32)
      let turns = g.hold(g.create("polar", [ones, angles], shape, .complex64))
      return g.create("mul", [turns], shape, .complex64)
    }
  }

  // MARK: - Masks

  /// `create_causal_mask` (transformers/masking_utils.py): nothing where a kernel's causal flag does, a boolean mask
  /// for padded batches, an additive one for eager attention; the flash kernel takes the window as an argument. `seen` is
  /// the mask of the tokens that count.
  func causalMask(_ g: inout GraphBuilder, _ seen: Tensor?) -> AttentionMask? {
    if case .ownMask = choices.attention { return paddingRows(&g, seen) }
    let slides = choices.window == .all && window != nil && settings.attention != .flash
    guard isEager || settings.isPadded || slides || choices.alwaysMasks || keyLength > length else { return nil }
    return mask(&g, seen, windowed: slides)
  }

  /// `create_sliding_window_causal_mask` for the layers that see a window only.
  private func windowMask(_ g: inout GraphBuilder, _ seen: Tensor?) -> AttentionMask? {
    if case .alternatingWhereUsed = choices.window, !usesWindow { return mask(&g, seen, windowed: true) }
    let slides = window != nil && settings.attention != .flash
    guard isEager || settings.isPadded || slides || keyLength > length else { return nil }
    if case .chunks = choices.window { return chunkMask(&g, seen) }
    return mask(&g, seen, windowed: true)
  }

  /// The window, where a sequence passes it.
  private var window: Int? {
    if choices.window == .byKind {
      let half = max(0, configuration?.integer("local_attention") ?? 128) / 2
      return length >= half ? half : nil
    }
    let key = if case .chunks = choices.window { "attention_chunk_size" } else { "sliding_window" }
    let usual = configuration?.presence(of: key) ?? .missing == .missing ? choices.usualWindow : nil
    guard let window = configuration?.integer(key) ?? usual, keyLength >= window else { return nil }
    return configuration?.boolean("use_sliding_window") == false ? nil : window
  }

  /// Whether the model makes a mask for layers with a window, of which there may be none.
  private var makesWindowMask: Bool {
    if case .alternatingWhereUsed = choices.window { return true }
    return stack.layers.contains(where: isWindowed)
  }

  private var usesWindow: Bool { configuration?.boolean("use_sliding_window") == true }

  /// `create_chunked_causal_mask`: which tokens are of one chunk depends on where each sequence's padding ends.
  private func chunkMask(_ g: inout GraphBuilder, _ seen: Tensor?) -> AttentionMask {
    g.frame("") { g in
      let given = seen.map { g.hold($0.dataType == .bool ? $0 : g.create("_to_copy", [$0], [batch, length], .bool)) }
      let start = g.hold(g.create("zeros", [], [batch], .int64))
      let queries = g.hold(arange(&g))
      let keys = g.hold(arange(&g))
      let whole: Shape = [batch, 1, length, length]
      let chunks = [keys, queries].map { places in
        let left = g.create("index", [start], [batch, 1, 1, 1], .int64)
        let shifted = g.create("sub", [places, left], [batch, 1, 1, length], .int64)
        return g.create("floor_divide", [shifted], [batch, 1, 1, length], .int64)
      }
      var mask = g.create("eq", chunks, whole, .bool)
      mask = g.create("bitwise_and", [mask], whole, .bool)
      let before = g.create("le", [queries, keys], [1, 1, length, length], .bool)
      mask = g.create("bitwise_and", [mask, before], whole, .bool)
      if let given {
        let rows = g.create("index", [given], [batch, 1, 1, length], .bool)
        mask = g.create("bitwise_and", [mask, rows], whole, .bool)
      }
      guard isEager else { return AttentionMask(tensor: mask, isBoolean: true) }
      g.hold(mask)
      return AttentionMask(tensor: g.create("where", [mask], whole, type), isBoolean: false)
    }
  }

  func mask(_ g: inout GraphBuilder, _ seen: Tensor?, windowed: Bool) -> AttentionMask {
    mask(&g, seen, windowed: windowed, isCausal: choices.isCausal, keys: keyLength)
  }

  /// A mask over [B, 1, S, keys]; `seen` tells which keys count.
  func mask(
    _ g: inout GraphBuilder, _ seen: Tensor?, windowed: Bool = false, isCausal: Bool, keys count: Int
  ) -> AttentionMask {
    g.frame("") { g in
      let given = seen.map { g.hold(g.create("_to_copy", [$0], [batch, count], .bool)) }
      let queries = g.hold(arange(&g, length))
      let keys = g.hold(arange(&g, count))
      var mask =
        isCausal
        ? g.create("le", [queries, keys], [1, 1, length, count], .bool)
        : g.create("ge", [queries], [1, 1, length, 1], .bool)
      if windowed {
        let shape: Shape = [1, 1, length, count]
        // Towards both sides it is a distance that is compared.
        let distance =
          isCausal ? nil : g.create("abs", [g.create("sub", [queries, keys], shape, .int64)], shape, .int64)
        let near = g.create(isCausal ? "gt" : "le", distance.map { [$0] } ?? [queries, keys], shape, .bool)
        mask = g.create("bitwise_and", [mask, near], shape, .bool)
      }
      if let given {
        let rows = g.create("index", [given], [batch, 1, 1, count], .bool)
        mask = g.create("bitwise_and", [mask, rows], [batch, 1, length, count], .bool)
      }
      guard isEager else {
        return AttentionMask(tensor: g.expand(mask, to: [batch, 1, length, count]), isBoolean: true)
      }
      g.hold(mask)
      // The mask's type is that of the embeddings, which autocast leaves alone.
      return AttentionMask(tensor: g.create("where", [mask], [batch, 1, length, count], type), isBoolean: false)
    }
  }
}
