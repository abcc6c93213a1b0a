internal import Checkpoint
internal import Graph
internal import Units

/// A column of transformer blocks over the tokens of a text, with positions from a table (`CLIPTextModel`).
struct TextTower: ModuleLowering {
  let blocks: TransformerLowering

  var description: ModelDescription { blocks.description }
  var configuration: Configuration? { blocks.configuration }
  var settings: ForwardSettings { blocks.settings }
  var stack: ModelDescription.Stack { blocks.stack }
  private var length: Int { blocks.length }

  /// - Throws: ``LoweringError`` where sizes are missing, or shapes do not fit.
  init(
    _ stack: ModelDescription.Stack, of description: ModelDescription, _ configuration: Configuration?,
    _ settings: ForwardSettings, _ choices: TransformerChoices
  ) throws(LoweringError) {
    guard let table = stack.modules[.inputEmbedding]?.weight, table.rank == 2, (1...1 << 24).contains(table[1]),
      let rows = stack.modules[.positionEmbedding]?.weight, rows.rank == 2, rows[1] == table[1]
    else { throw LoweringError(message: "the text tower has no embeddings of tokens and positions that fit together") }
    guard settings.sequenceLength <= rows[0] else {
      throw LoweringError(
        message: "a sequence of \(settings.sequenceLength) tokens is longer than the \(rows[0]) positions of the model")
    }
    let heads = configuration?.integer("num_attention_heads") ?? (table[1] % 64 == 0 ? table[1] / 64 : 0)
    var settings = settings
    settings.usesCache = false
    blocks = try TransformerLowering(
      stack, of: description, configuration, settings, choices, heads: heads, hidden: table[1],
      length: settings.sequenceLength)
  }

  /// Makes the tower's parameters.
  func declare(_ g: inout GraphBuilder) {
    declare(&g, stack.modules, [.inputEmbedding, .positionEmbedding])
    declare(&g, stack.layers)
    declare(&g, stack.modules, [.finalNorm])
    _ = places(&g)
  }

  private func places(_ g: inout GraphBuilder) -> Tensor {
    g.buffer("\(stack.path).position_ids", [1, stack.modules[.positionEmbedding]?.weight?[0] ?? length], .int64)
  }

  /// Tokens [B, S] to features [B, S, H] behind the last norm.
  func encoded(_ g: inout GraphBuilder, _ tokens: Tensor, _ padding: Tensor?) -> Tensor {
    let embedded = g.hold(g.frame("embeddings") { g in self.embedded(&g, tokens) })
    var inputs = LayerInputs(hidden: embedded)
    if blocks.choices.isCausal {
      inputs.mask = blocks.causalMask(&g, padding)
    } else if padding != nil {
      inputs.mask = blocks.mask(&g, padding, windowed: false)
    }
    if let mask = inputs.mask { g.hold(mask.tensor) }
    inputs.positional = inputs.mask.map { [$0.tensor] } ?? []
    let hidden = blocks.blocks(&g, inputs).hidden
    return stack.modules[.finalNorm].map { blocks.norm(&g, hidden, $0, "final_layer_norm") } ?? hidden
  }

  private func embedded(_ g: inout GraphBuilder, _ tokens: Tensor) -> Tensor {
    guard let module = stack.modules[.inputEmbedding], let words = weight(&g, module),
      let rows = stack.modules[.positionEmbedding].flatMap({ weight(&g, $0) })
    else { return tokens }
    let hidden = g.hold(g.embedding(tokens, words))
    if asksForInputGradients(module) { g.requireGradient(hidden) }
    let positions = g.hold(g.embedding(g.slice(places(&g), axis: 1, start: 0, length: length), rows))
    return g.add(hidden, positions)
  }
}
