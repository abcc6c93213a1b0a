internal import Checkpoint
internal import Graph
internal import Units

// models/swin/modeling_swin.py of transformers 5.17.
extension ShiftedWindowLowering {
  /// Blocks over patches [B, G · G, H], and what makes four of them one. Handed back besides: the patches as an image, and
  /// the last block's probabilities where attention is written out.
  func stage(
    _ g: inout GraphBuilder, _ input: Tensor, _ stage: Stage
  ) -> (result: Tensor, side: [Tensor]) {
    var hidden = g.hold(input)
    var weights: [Tensor] = []
    for block in 0..<stage.depth {
      let results = g.segment("blocks.\(block)") { g in self.block(&g, hidden, stage, block) }
      hidden = results.result
      // The loop's variable is bound anew only when the next block returns.
      for tensor in weights { g.keepUntilHere(tensor) }
      weights = results.side
    }
    for tensor in weights { g.hold(tensor) }
    g.hold(hidden)
    if stage.merges { hidden = g.frame("downsample") { g in merged(&g, hidden, stage) } }
    let grid = stage.merges ? (stage.grid + 1) / 2 : stage.grid
    let image = g.reshape(hidden, [batch, grid, grid, hidden.shape[2]])
    return (hidden, [g.contiguous(g.permute(image, [0, 3, 1, 2]))] + weights)
  }

  /// Two by two patches as one of twice the features: [B, G · G, H] to [B, G · G / 4, 2 H].
  private func merged(_ g: inout GraphBuilder, _ input: Tensor, _ stage: Stage) -> Tensor {
    let grid = stage.grid
    var image = g.reshape(input, [batch, grid, grid, stage.width])
    if grid % 2 == 1 { image = paddedImage(&g, image, by: 1) }
    let half = (grid + 1) / 2
    var corners: [Tensor] = []
    for (column, row) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
      let rows = g.slice(image, axis: 1, start: row, length: half, step: 2)
      corners.append(g.slice(rows, axis: 2, start: column, length: half, step: 2))
    }
    let wide = g.reshape(g.joined(corners, axis: -1), [batch, half * half, 4 * stage.width])
    let path = "\(stage.path).downsample"
    let normed = norm(&g, wide, module("\(path).norm", [4 * stage.width]), .layerNorm, "norm")
    return linear(&g, normed, module("\(path).reduction", [2 * stage.width, 4 * stage.width], hasBias: false))
  }

  /// Zeros behind the rows and columns of [B, G, G, H]; a copy where there are none.
  private func paddedImage(_ g: inout GraphBuilder, _ image: Tensor, by count: Int) -> Tensor {
    guard count > 0 else { return g.padded(image, axis: 1, by: 0) }
    var shape = image.shape
    for axis in [1, 2] { shape.dimensions[axis] += count }
    return g.apply(.pad, [image], Layout(contiguous: shape), image.dataType)
  }

  // MARK: - Blocks

  /// Attention within windows, and an MLP: [B, G · G, H] to the same.
  private func block(
    _ g: inout GraphBuilder, _ input: Tensor, _ stage: Stage, _ index: Int
  ) -> (result: Tensor, side: [Tensor]) {
    let path = "\(stage.path).blocks.\(index)"
    let (grid, width) = (stage.grid, stage.width)
    let side = padded(grid)
    // Every second block shifts, unless there is one window alone.
    let shifts = index % 2 == 1 && sizes.window > 1 && grid > sizes.window
    let before = norm(&g, input, module("\(path).layernorm_before", [width]), .layerNorm, "layernorm_before")
    let image = g.frame("") { g in
      paddedImage(&g, g.reshape(before, [batch, grid, grid, width]), by: side - grid)
    }
    let windows = g.hold(cut(&g, shifts ? g.rolled(image) : image, width))
    let mask = shifts ? g.hold(self.mask(&g, side, windows.dataType)) : nil
    let attended = g.frame("attention") { g in attention(&g, windows, mask, stage, path) }
    for weights in attended.weights { g.hold(weights) }
    let output = g.hold(dropped(&g, attended.output, Self.dropout))
    var joined = self.joined(&g, output, side, width)
    if shifts { joined = g.rolled(joined) }
    if side > grid {
      let rows = g.slice(joined, axis: 1, start: 0, length: grid)
      joined = g.contiguous(g.slice(rows, axis: 2, start: 0, length: grid))
    }
    let branch = g.hold(g.reshape(joined, [batch, grid * grid, width]))
    var hidden = g.add(input, dropPath(&g, branch, rate: stage.rates[index]))
    // The variable of what goes into attention is bound anew only now.
    g.keepUntilHere(image)

    let residual = hidden
    hidden = norm(&g, hidden, module("\(path).layernorm_after", [width]), .layerNorm, "layernorm_after")
    hidden = g.frame("mlp") { g in
      let inner = sizes.inner(width)
      let wide = linear(&g, hidden, module("\(path).mlp.fc1", [inner, width]))
      let bent = activation(&g, wide, Self.activation)
      return linear(&g, bent, module("\(path).mlp.fc2", [width, inner]))
    }
    let sum = g.add(dropped(&g, hidden, Self.dropout), residual)
    g.keepUntilHere(hidden)
    return (sum, attended.weights)
  }

  /// [B, G, G, H] to windows [B · n, W · W, H] (`window_partition`).
  private func cut(_ g: inout GraphBuilder, _ image: Tensor, _ width: Int) -> Tensor {
    g.frame("") { g in
      let window = sizes.window
      let (images, count) = (image.shape[0], image.shape[1] / window)
      let parts = g.reshape(image, [images, count, window, count, window, width])
      let windows = g.contiguous(g.transpose(parts, 2, 3))
      return g.reshape(windows, [images * count * count, window * window, width])
    }
  }

  /// Windows [B · n, W · W, H] to [B, G, G, H] (`window_reverse`).
  private func joined(_ g: inout GraphBuilder, _ windows: Tensor, _ side: Int, _ width: Int) -> Tensor {
    g.frame("") { g in
      let (window, count) = (sizes.window, side / sizes.window)
      let parts = g.reshape(windows, [batch, count, count, window, window, width])
      return g.reshape(g.contiguous(g.transpose(parts, 2, 3)), [batch, side, side, width])
    }
  }

  /// Which patches of a shifted window [n, W · W, W · W] lay apart before the shift (`get_attn_mask`).
  private func mask(_ g: inout GraphBuilder, _ side: Int, _ type: DataType) -> Tensor {
    g.frame("") { g in
      func region(_ g: inout GraphBuilder, _ places: Tensor) -> Tensor {
        let line: Shape = [side]
        let first = g.create("_to_copy", [g.create("ge", [places], line, .bool)], line, .int64)
        let second = g.create("_to_copy", [g.create("ge", [places], line, .bool)], line, .int64)
        return g.hold(g.create("add", [first, second], line, .int64))
      }
      let rows = g.hold(g.create("arange", [], [side], .int64))
      let columns = g.hold(g.create("arange", [], [side], .int64))
      let rowRegion = region(&g, rows)
      let columnRegion = region(&g, columns)
      let scaled = g.create("mul", [rowRegion], [1, side, 1, 1], .int64)
      let regions = g.create("add", [scaled, columnRegion], [1, side, side, 1], .int64)
      let image = g.hold(g.create("_to_copy", [regions], [1, side, side, 1], type))
      let windows = g.hold(cut(&g, image, 1))
      let (count, tokens) = (windows.shape[0], windows.shape[1])
      let shape: Shape = [count, tokens, tokens]
      let differences = g.create("sub", [windows], shape, type)
      let apart = g.create("ne", [differences], shape, .bool)
      let filled = g.create("masked_fill", [differences, apart], shape, type)
      let alike = g.create("eq", [differences], shape, .bool)
      let mask = g.create("masked_fill", [filled, alike], shape, type)
      g.keepUntilHere(differences)
      return mask
    }
  }

  // MARK: - Attention

  /// Self-attention within windows [B · n, W · W, H].
  private func attention(
    _ g: inout GraphBuilder, _ input: Tensor, _ mask: Tensor?, _ stage: Stage, _ path: String
  ) -> (output: Tensor, weights: [Tensor]) {
    let path = "\(path).attention"
    let (count, tokens, width) = (input.shape[0], input.shape[1], stage.width)
    let dimension = width / stage.heads
    let hasBias = configuration?.boolean("qkv_bias") ?? true
    func projected(_ g: inout GraphBuilder, _ name: String) -> Tensor {
      let flat = linear(&g, input, module("\(path).\(name)", [width, width], hasBias: hasBias))
      return g.hold(g.transpose(g.reshape(flat, [count, tokens, stage.heads, dimension]), 1, 2))
    }
    let query = projected(&g, "q_proj")
    let key = projected(&g, "k_proj")
    let value = projected(&g, "v_proj")
    var bias = g.hold(g.frame("relative_position_bias") { g in positionBias(&g, stage, path) })
    if let mask {
      let images = count / mask.shape[0]
      let whole = g.expand(
        g.unsqueeze(g.unsqueeze(mask, 1), 0), to: [images, mask.shape[0], 1, tokens, tokens])
      bias = g.hold(g.add(bias, g.hold(g.reshape(whole, [count, 1, tokens, tokens]))))
    }
    let column = blocks(stage, count: count, length: tokens)
    let attended =
      column.isEager
      ? column.eager(&g, (query, key, value), nil, .upcast, bias: bias)
      : column.fused(&g, (query, key, value), AttentionMask(tensor: bias, isBoolean: false))
    if let weights = attended.weights { g.hold(weights) }
    let merged = g.hold(g.contiguous(g.reshape(attended.output, [count, tokens, width])))
    return (
      linear(&g, merged, module("\(path).o_proj", [width, width])), attended.weights.map { [$0] } ?? []
    )
  }

  /// The learned bias of each pair of places in a window: [1, heads, W · W, W · W].
  private func positionBias(_ g: inout GraphBuilder, _ stage: Stage, _ path: String) -> Tensor {
    let path = "\(prefix).\(path).relative_position_bias"
    let tokens = sizes.window * sizes.window
    let distances = 2 * sizes.window - 1
    let table = parameter(&g, "\(path).relative_position_bias_table", [distances * distances, stage.heads])
    let index = g.buffer("\(path).relative_position_index", [tokens * tokens], .int64)
    let rows = g.hold(g.indexed(table, index))
    let pairs = g.permute(g.reshape(rows, [tokens, tokens, stage.heads]), [2, 0, 1])
    return g.unsqueeze(g.contiguous(pairs), 0)
  }

  /// The attention of a stage over so many windows, as over sequences of a batch.
  private func blocks(_ stage: Stage, count: Int, length: Int) -> TransformerLowering {
    var own = settings
    own.batchSize = count
    own.sequenceLength = length
    own.isPadded = false
    own.usesCache = false
    return TransformerLowering(
      description: description, configuration: configuration, settings: own, stack: description.mainStack,
      choices: .swin,
      sizes: TransformerLowering.Sizes(
        hidden: stage.width, heads: stage.heads, keyValueHeads: stage.heads, headDimension: stage.width / stage.heads),
      length: length)
  }
}

extension TransformerChoices {
  /// Attention within the windows of a Swin.
  fileprivate static let swin = TransformerChoices(
    norm: .layerNorm, isCausal: false, attentionDropout: Setting("attention_probs_dropout_prob", 0.0))
}
