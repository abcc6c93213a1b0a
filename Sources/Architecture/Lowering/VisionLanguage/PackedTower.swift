internal import Checkpoint
internal import Graph
internal import Units

/// Transformer blocks over the patches of all images in one row, and the layers that merge neighbouring patches into
/// tokens of a language model (`Qwen2VisionTransformerPretrainedModel`).
///
/// Shapes: N patches of E features, N heads of D features; four patches become a token of H features.
struct PackedTower: ModuleLowering, ImageReading {
  let blocks: TransformerLowering
  let images: Int
  /// Tokens of a sample's text, S.
  private let length: Int
  /// Patches of an image.
  let patches: Int
  /// Patches that become a token.
  let merged: Int
  let projection: (up: ModuleParameters, down: ModuleParameters)
  /// How many patches of an image each window holds that attention runs in; nil where it always runs in whole images.
  let windows: [Int]?

  var description: ModelDescription { blocks.description }
  var configuration: Configuration? { blocks.configuration }
  var settings: ForwardSettings { blocks.settings }
  var stack: ModelDescription.Stack { blocks.stack }
  private var total: Int { images * patches }
  private var dimension: Int { blocks.sizes.headDimension }

  /// - Throws: ``LoweringError`` where sizes are missing, or shapes do not fit.
  init(
    _ stack: ModelDescription.Stack, of description: ModelDescription, _ configuration: Configuration?,
    _ settings: ForwardSettings, _ choices: TransformerChoices, images: Int
  ) throws(LoweringError) {
    func refused(_ message: String) -> LoweringError {
      LoweringError(message: "\(message), so the model cannot be run")
    }
    guard let patch = stack.modules[.patchEmbedding]?.weight, patch.rank == 5, patch[3] == patch[4],
      patch.dimensions.allSatisfy({ (1...1 << 20).contains($0) }), let norm = stack.modules[.projectorNorm]
    else { throw refused("there is no embedding of patches, or nothing that merges them") }
    let hidden = patch[0]
    func part(_ name: String) -> ModuleParameters? { description.others.first { $0.path.endsAsPath(with: name) } }
    guard let up = part("merger.mlp.0"), let down = part("merger.mlp.2"), let width = up.features?.input,
      width % hidden == 0, width > 0, up.misfit(input: width, output: width) == nil,
      down.misfit(input: width, output: description.hiddenSize?.value) == nil, norm.weight == [hidden]
    else { throw refused("what merges the patches does not fit the tower and the decoder") }
    let merged = width / hidden
    let merge = Int(Double(merged).squareRoot())
    let side = settings.imageSize ?? 224
    guard merge * merge == merged, side > 0, side < 1 << 20, side % (patch[3] * merge) == 0 else {
      throw refused("images of \(side) pixels a side are not made of \(merge) by \(merge) patches of \(patch[3])")
    }
    var choices = choices
    let isGated = stack.layers.first?.modules[.gate] != nil
    if isGated {
      choices.norm = .rms
      choices.activation = ConfiguredValue("hidden_act", "silu")
    }
    let heads = configuration?.integer("num_heads") ?? 16
    guard hidden / max(1, heads) % 4 == 0 else {
      throw refused("\(heads) heads of \(hidden) features cannot be rotated")
    }
    let patches = (side / patch[3]) * (side / patch[3])
    if isGated {
      let pixels = configuration?.integer("window_size") ?? 112
      guard pixels / merge / patch[3] > 0 else {
        throw refused("windows of \(pixels) pixels a side hold no token of \(merge) by \(merge) patches")
      }
      let grid = side / patch[3] / merge
      windows = Self.windows(grid: grid, side: min(grid, pixels / merge / patch[3])).map { $0 * merged }
    } else {
      windows = nil
    }
    var own = settings
    own.batchSize = 1
    own.isPadded = false
    own.usesCache = false
    let count = images.multipliedReportingOverflow(by: patches)
    guard !count.overflow, count.partialValue < 1 << 30 else {
      throw LoweringError(message: "a tensor of this many images would pass 2^46 elements")
    }
    // Each window is attended to for itself.
    let runs = (windows?.count ?? 1).multipliedReportingOverflow(by: images * stack.layers.count)
    guard settings.imagesPerSample == 0 || (!runs.overflow && runs.partialValue <= 1 << 18) else {
      throw LoweringError(message: "attention would run in \(runs.partialValue) windows, too many to follow")
    }
    blocks = try TransformerLowering(
      stack, of: description, configuration, own, choices, heads: heads, hidden: hidden,
      length: count.partialValue)
    self.images = images
    length = settings.sequenceLength
    self.patches = patches
    self.merged = merged
    projection = (up, down)
  }

  /// The tokens in each window over a grid of so many a side (`get_vision_window_index`), row by row.
  private static func windows(grid: Int, side: Int) -> [Int] {
    let extents = stride(from: 0, to: grid, by: side).map { min(side, grid - $0) }
    return extents.flatMap { height in extents.map { $0 * height } }
  }

  var tokensPerSample: Int { settings.imagesPerSample * patches / merged }

  func declare(_ g: inout GraphBuilder) {
    declare(&g, stack.modules, [.patchEmbedding])
    declare(&g, stack.layers)
    declare(&g, stack.modules, [.projectorNorm])
    for module in [projection.up, projection.down] {
      declare(&g, module)
      declareAdapter(&g, module)
    }
    declareAdapters(&g, stack.layers)
    _ = frequencies(&g)
    _ = g.buffer("\(stack.path).rotary_pos_emb.original_inv_freq", [dimension / 4], .float32)
  }

  private func frequencies(_ g: inout GraphBuilder) -> Tensor {
    g.buffer("\(stack.path).rotary_pos_emb.inv_freq", [dimension / 4], .float32)
  }

  func pixels(_ g: inout GraphBuilder) -> Tensor {
    _ = g.input("image_grid_thw", [images, 3], .int64)
    _ = g.input("mm_token_type_ids", [images / max(1, settings.imagesPerSample), length], .int64)
    let extents = stack.modules[.patchEmbedding]?.weight?.dimensions.dropFirst() ?? []
    return g.input("pixel_values", [total, extents.reduce(1, *)], .float32)
  }

  func features(_ g: inout GraphBuilder, _ pixels: Tensor) -> Tensor {
    let pieces = g.frame("get_image_features") { g in
      let (hidden, tokens) = g.frame("visual") { g in
        let places = g.hold(g.create("zeros", [], [total, 2], .int64))
        var hidden = embedded(&g, pixels)
        if windows != nil { hidden = sorted(&g, hidden) }
        var angles = g.frame("rotary_pos_emb") { g in self.angles(&g, places) }
        if windows != nil {
          let unsorted = angles
          angles = (g.hold(sorted(&g, unsorted.cosine)), sorted(&g, unsorted.sine))
          for tensor in [unsorted.cosine, unsorted.sine] { g.keepUntilHere(tensor) }
        }
        g.hold(angles.cosine)
        g.hold(angles.sine)
        for layer in stack.layers {
          hidden = g.segment("blocks.\(layer.index)") { g in (block(&g, hidden, layer, angles), []) }.result
        }
        let tokens = g.frame("merger") { g in joined(&g, hidden) }
        return (hidden, windows == nil ? tokens : g.picked(tokens))
      }
      g.hold(hidden)
      return g.split(tokens, axis: 0, lengths: Array(repeating: patches / merged, count: images))
    }
    return g.concatenate(pieces, axis: 0)
  }

  // MARK: - Parts

  /// Pixels of patches [N, C · T · p · p] to [N, E]: a convolution whose window is a patch.
  private func embedded(_ g: inout GraphBuilder, _ pixels: Tensor) -> Tensor {
    guard let module = stack.modules[.patchEmbedding], let weight = weight(&g, module) else { return pixels }
    let hidden = g.frame("patch_embed") { g in
      let cut = g.reshape(pixels, Shape([total] + weight.shape.dimensions.dropFirst()))
      let kernel = g.castForSpeed(weight)
      let input = g.castForSpeed(cut)
      let layout = Layout(contiguous: [total, blocks.sizes.hidden, 1, 1, 1])
      let tokens = g.apply(.convolution, [input, kernel], layout, input.dataType)
      return g.reshape(tokens, [total, blocks.sizes.hidden])
    }
    if asksForInputGradients(module) { g.requireGradient(hidden) }
    return hidden
  }

  /// Cosines and sines [N, D] of the places along both sides, in fp32.
  private func angles(_ g: inout GraphBuilder, _ places: Tensor) -> (cosine: Tensor, sine: Tensor) {
    let quarter = dimension / 4
    let shape: Shape = [total, 2, quarter]
    let rows = g.hold(g.create("_to_copy", [places], [total, 2, 1], .float32))
    let turns = g.hold(g.create("mul", [rows, frequencies(&g)], shape, .float32))
    let cosines = g.create("mul", [g.create("cos", [turns], shape, .float32)], shape, .float32)
    let sines = g.create("mul", [g.create("sin", [turns], shape, .float32)], shape, .float32)
    func recomposed(_ g: inout GraphBuilder, _ sides: Tensor) -> Tensor {
      g.frame("") { g in
        let once = g.hold(g.create("cat", [sides], [total, 2 * quarter], .float32))
        return g.create("cat", [once], [total, 4 * quarter], .float32)
      }
    }
    let cosine = g.hold(recomposed(&g, cosines))
    return (cosine, recomposed(&g, sines))
  }

  /// Rows of patches [N, E] window by window, those of a token together (`permute_input_for_window_attn`).
  private func sorted(_ g: inout GraphBuilder, _ rows: Tensor) -> Tensor {
    g.frame("") { g in
      let tokens = g.reshape(rows, [total / merged, merged, rows.shape[1]])
      return g.reshape(g.picked(tokens), rows.shape)
    }
  }

  /// How many patches stand together in a layer's attention, over all images.
  private func lengths(_ layer: ModelDescription.Layer) -> [Int] {
    let whole = configuration?.integers("fullatt_block_indexes") ?? [7, 15, 23, 31]
    let ofImage = whole.contains(layer.index) ? [patches] : windows ?? [patches]
    return Array(repeating: ofImage, count: images).flatMap { $0 }
  }

  private func block(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer,
    _ angles: (cosine: Tensor, sine: Tensor)
  ) -> Tensor {
    func normed(_ g: inout GraphBuilder, _ input: Tensor, _ role: Role) -> Tensor {
      layer.modules[role].map { blocks.norm(&g, input, $0, role.rawValue) } ?? input
    }
    let before = normed(&g, input, .inputNorm)
    let hidden = g.add(input, g.frame("attn") { g in attention(&g, before, layer, angles) })
    let between = normed(&g, hidden, .preMLPNorm)
    return g.add(hidden, blocks.mlp(&g, between, layer))
  }

  /// Self-attention among the patches of each image, or of each window.
  private func attention(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer,
    _ angles: (cosine: Tensor, sine: Tensor)
  ) -> Tensor {
    guard let fused = layer.modules[.fusedQKV], let output = layer.modules[.attentionOutput] else { return input }
    let heads = blocks.sizes.heads
    let all = g.permute(g.reshape(linear(&g, input, fused), [total, 3, heads, dimension]), [1, 0, 2, 3])
    var parts: [Tensor] = []
    for part in g.split(all, axis: 0, lengths: [1, 1, 1]) { parts.append(g.reshape(part, [total, heads, dimension])) }
    let turned = g.frame("") { g in
      let cosine = g.unsqueeze(angles.cosine, 1)
      let sine = g.unsqueeze(angles.sine, 1)
      let query = g.hold(g.cast(parts[0], to: .float32))
      let key = g.hold(g.cast(parts[1], to: .float32))
      let queries = blocks.turned(&g, query, cosine, sine)
      let keys = g.hold(blocks.turned(&g, key, cosine, sine))
      return (g.cast(queries, to: parts[0].dataType), g.cast(keys, to: parts[1].dataType))
    }
    let lengths = lengths(layer)
    var pieces: [[Tensor]] = []
    for tensor in [turned.0, turned.1, parts[2]] {
      g.hold(tensor)
      let rows = g.unsqueeze(g.transpose(tensor, 0, 1), 0)
      pieces.append(g.split(rows, axis: 2, lengths: lengths))
    }
    var attended: [Tensor] = []
    for piece in lengths.indices {
      let heads = (query: pieces[0][piece], key: pieces[1][piece], value: pieces[2][piece])
      let result =
        blocks.isEager ? blocks.eager(&g, heads, nil, .upcast).output : blocks.fused(&g, heads, nil).output
      attended.append(g.hold(result))
    }
    let joined = g.hold(g.concatenate(attended, axis: 1))
    return linear(&g, g.reshape(joined, [total, heads * dimension]), output)
  }

  /// Four neighbouring patches [N, E] to a token [N / 4, H].
  private func joined(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let norm = stack.modules[.projectorNorm] else { return hidden }
    let rows = g.reshape(blocks.norm(&g, hidden, norm, "ln_q"), [total / merged, merged * blocks.sizes.hidden])
    return g.frame("mlp") { g in linear(&g, g.unary(.gelu, linear(&g, rows, projection.up)), projection.down) }
  }
}
