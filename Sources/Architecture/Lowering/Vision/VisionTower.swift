internal import Checkpoint
internal import Graph
internal import Units

/// A column of transformer blocks over the patches of an image.
///
/// Shapes: B images of C channels and P pixels a side, cut into G by G patches; S tokens of H features, the patches
/// behind the learned ones.
struct VisionTower: ModuleLowering {
  /// The column, whose sequences are the tokens of an image.
  let blocks: TransformerLowering
  let choices: VisionChoices
  let images: Images

  struct Images {
    /// Images in a batch, B.
    var count: Int
    var channels: Int
    /// Pixels a side, P.
    var side: Int
    /// Pixels a side of a patch.
    var patch: Int

    /// Patches a side, G.
    var grid: Int { side / patch }
  }

  var description: ModelDescription { blocks.description }
  var configuration: Configuration? { blocks.configuration }
  var settings: ForwardSettings { blocks.settings }
  var stack: ModelDescription.Stack { blocks.stack }
  var hidden: Int { blocks.sizes.hidden }

  /// `pixel_values` as the data loader hands them out.
  func pixels(_ g: inout GraphBuilder) -> Tensor {
    g.input("pixel_values", [images.count, images.channels, images.side, images.side], .float32)
  }

  /// Makes the tower's parameters, whether or not the pass uses them.
  func declare(_ g: inout GraphBuilder) {
    let before: [Role] = [
      .classToken, .distillationToken, .registerTokens, .maskToken, .patchEmbedding, .positionEmbedding, .embeddingNorm,
    ]
    declare(&g, stack.modules, before)
    declare(&g, stack.layers)
    declare(&g, stack.modules, [.finalNorm])
    if case .table = choices.positions { _ = places(&g) }
  }

  /// Pixels [B, C, P, P] to the features of the last block [B, S, H].
  ///
  /// - Parameter visit: what is done with what goes into the first block and comes out of each.
  func encoded(
    _ g: inout GraphBuilder, _ pixels: Tensor, visit: (inout GraphBuilder, Tensor) -> Void = { _, _ in }
  ) -> Tensor {
    let embedded = g.hold(g.frame("embeddings") { g in self.embedded(&g, pixels) })
    var hidden = embedded
    if let norm = stack.modules[.embeddingNorm] { hidden = blocks.norm(&g, hidden, norm, "pre_layernorm") }
    return blocks.blocks(&g, LayerInputs(hidden: hidden), visit: visit).hidden
  }

  /// Pixels [B, C, P, P] to tokens [B, S, H].
  private func embedded(_ g: inout GraphBuilder, _ pixels: Tensor) -> Tensor {
    var hidden = patches(&g, pixels)
    let tokens = [Role.classToken, .distillationToken].compactMap { stack.modules[$0] }
    var parts: [Tensor] = []
    for token in tokens { repeated(&g, token).map { parts.append($0) } }
    if !parts.isEmpty { hidden = g.joined(parts + [hidden], axis: 1) }
    hidden = positioned(&g, hidden)
    if let module = stack.modules[.registerTokens], let registers = repeated(&g, module) {
      let first = g.slice(hidden, axis: 1, start: 0, length: 1)
      let rest = g.slice(hidden, axis: 1, start: 1, length: hidden.shape[1] - 1)
      hidden = g.joined([first, registers, rest], axis: 1)
    }
    return dropped(&g, hidden, blocks.choices.embeddingDropout)
  }

  /// The convolution that makes a token of each patch: [B, G · G, H].
  private func patches(_ g: inout GraphBuilder, _ pixels: Tensor) -> Tensor {
    guard let module = stack.modules[.patchEmbedding], let weight = weight(&g, module) else { return pixels }
    let bias = bias(&g, module)
    return g.frame("patch_embeddings") { g in
      let cut = g.imageConvolution(pixels, weight, bias, stride: images.patch)
      let needs = asksForInputGradients(module)
      // The hook is on the module that `get_input_embeddings` gives: the convolution alone, or what flattens it too.
      if needs, case .table = choices.positions { g.requireGradient(cut) }
      let tokens = g.transpose(g.reshape(cut, [images.count, hidden, images.grid * images.grid]), 1, 2)
      if needs, !choices.positions.isTable { g.requireGradient(tokens) }
      return tokens
    }
  }

  /// A learned token [1, n, H] (or [H]) once for each image.
  private func repeated(_ g: inout GraphBuilder, _ module: ModuleParameters) -> Tensor? {
    guard let token = weight(&g, module) else { return nil }
    let count = token.shape.rank == 3 ? token.shape[1] : 1
    return g.expand(token, to: [images.count, count, hidden])
  }

  private func places(_ g: inout GraphBuilder) -> Tensor {
    g.buffer("\(stack.path).position_ids", [1, blocks.length], .int64)
  }

  /// Tokens with their positions.
  private func positioned(_ g: inout GraphBuilder, _ tokens: Tensor) -> Tensor {
    guard let module = stack.modules[.positionEmbedding], let table = weight(&g, module) else { return tokens }
    switch choices.positions {
    case .added: return g.add(tokens, table)
    case .table: return g.add(tokens, g.embedding(places(&g), table))
    case .resized:
      let side = grid(of: table.shape[1] - 1)
      guard side != images.grid else { return g.add(tokens, table) }
      return g.add(tokens, g.frame("") { g in resized(&g, table, side) })
    }
  }

  /// `interpolate_pos_encoding`: the patches' positions [1, 1 + n · n, H] as an image, in fp32, at another size.
  private func resized(_ g: inout GraphBuilder, _ table: Tensor, _ side: Int) -> Tensor {
    let first = g.slice(table, axis: 1, start: 0, length: 1)
    let rest = g.slice(table, axis: 1, start: 1, length: side * side)
    let image = g.permute(g.reshape(rest, [1, side, side, hidden]), [0, 3, 1, 2])
    let wide = g.resampled(g.cast(image, to: .float32), height: images.grid, width: images.grid)
    let rows = g.permute(g.cast(wide, to: table.dataType), [0, 2, 3, 1])
    return g.concatenate([first, g.reshape(rows, [1, images.grid * images.grid, hidden])], axis: 1)
  }

  private func grid(of places: Int) -> Int { Int(Double(places).squareRoot()) }
}

extension VisionChoices.Positions {
  fileprivate var isTable: Bool { if case .table = self { true } else { false } }
}
