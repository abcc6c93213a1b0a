internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of an encoder-decoder, as transformers 5.17 runs it in eager mode.
///
/// Shapes: B sequences of S source tokens (or frames) and T target tokens, H hidden features, V words.
struct EncoderDecoderLowering: ModuleLowering {
  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let choices: EncoderDecoderChoices
  let encoder: TransformerLowering
  let decoder: TransformerLowering

  var hidden: Int { encoder.sizes.hidden }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    var source = source(&g)
    let labels = g.input("labels", [batch, decoder.length], .int64)
    let padding =
      settings.isPadded && choices.source == .tokens
      ? g.input("attention_mask", [batch, encoder.length], .int64) : nil
    declareParameters(&g)
    // The loop converts what is not whole numbers to a 16-bit model's type.
    if source.dataType.isFloatingPoint, type != source.dataType {
      source = g.hold(g.create("_to_copy", [source], source.shape, type))
    }
    let results = g.frame("") { g in
      var tokens = choices.shiftsBehindEncoder ? nil : shifted(&g, labels)
      let memory = g.hold(g.frame("encoder") { g in encoded(&g, source, padding) })
      let known = tokens ?? shifted(&g, labels)
      tokens = known
      let output = g.hold(g.frame("decoder") { g in decoded(&g, known, memory, padding) })
      let logits = head(&g, output)
      let rows = g.reshape(logits, [batch * decoder.length, logits.shape[2]])
      let loss = g.crossEntropy(rows, g.reshape(labels, [batch * decoder.length]))
      return (logits: logits, memory: memory, loss: loss)
    }
    g.endAutocast()
    // The outputs of the model name both until the loop lets go of them.
    for tensor in [results.logits, results.memory] {
      g.hold(tensor)
      if settings.loop == .accelerate { g.hold(g.cast(tensor, to: .float32)) }
    }
    return g.finish(loss: results.loss)
  }

  private func source(_ g: inout GraphBuilder) -> Tensor {
    switch choices.source {
    case .tokens: g.input("input_ids", [batch, encoder.length], .int64)
    case .frames:
      g.input(
        "input_features", [batch, convolution(.frameConvolution)?.weight?[1] ?? 1, 2 * encoder.length], .float32)
    }
  }

  /// `shift_tokens_right`: the labels behind a start token.
  private func shifted(_ g: inout GraphBuilder, _ labels: Tensor) -> Tensor {
    let tokens = g.hold(g.create("new_zeros", [], labels.shape, .int64))
    g.frame("") { g in
      _ = g.create("clone", [labels], [batch, max(1, decoder.length - 1)], .int64)
      _ = g.create("eq", [tokens], labels.shape, .bool)
    }
    return tokens
  }

  // MARK: - Parameters

  private func declareParameters(_ g: inout GraphBuilder) {
    let order: [Role] = [.inputEmbedding, .frameConvolution, .secondFrameConvolution, .embeddingNorm]
    for column in [encoder, decoder] {
      var modules = column.stack.modules
      if column.stack.path == decoder.stack.path, sharesTables { modules[.inputEmbedding] = nil }
      positions(&g, column)
      declare(&g, modules, order)
      declare(&g, column.stack.layers)
      declare(&g, modules, [.finalNorm])
    }
    if sharesTables, let table = table { declare(&g, table) }
    if !isTied, let head = description.modules[.head] { declare(&g, head) }
    if choices.biasesLogits { logitsBias(&g) }
    for module in description.others { declare(&g, module) }
  }

  var isTied: Bool { description.tiedEmbeddings?.value ?? (description.modules[.head] == nil) }

  /// Whether encoder and decoder look words up in one table.
  private var sharesTables: Bool { configuration?.boolean("share_encoder_decoder_embeddings") ?? true }

  /// The table of words that both columns and a tied head share.
  private var table: ModuleParameters? {
    description.modules[.inputEmbedding] ?? decoder.stack.modules[.inputEmbedding]
  }

  private func convolution(_ role: Role) -> ModuleParameters? { encoder.stack.modules[role] }

  /// A column's table of positions.
  @discardableResult
  private func positions(_ g: inout GraphBuilder, _ column: TransformerLowering) -> Tensor? {
    let module = column.stack.modules[.positionEmbedding]
    let name = "\(module?.path ?? "\(column.stack.path).embed_positions").weight"
    switch choices.positions {
    case .relative: return nil
    case .learned: return module.flatMap { weight(&g, $0) }
    case .sines: return g.parameter(name, [places(of: column), hidden], type, trains: false)
    case .frames where column.choices.isCausal: return module.flatMap { weight(&g, $0) }
    case .frames: return module?.weight.map { g.parameter(name, $0, type, trains: false) }
    }
  }

  /// How many positions a column has a table for.
  func places(of column: TransformerLowering) -> Int {
    let offset: Int
    if case .learned = choices.positions { offset = 2 } else { offset = 0 }
    if let rows = column.stack.modules[.positionEmbedding]?.weight?[0] { return max(0, rows - offset) }
    return configuration?.integer("max_position_embeddings") ?? 1024
  }

  @discardableResult
  private func logitsBias(_ g: inout GraphBuilder) -> Tensor {
    g.buffer("final_logits_bias", [1, table?.weight?[0] ?? 1], settings.bufferType)
  }

  // MARK: - The columns

  /// Source tokens [B, S] or frames [B, M, 2 · S] to hidden states [B, S, H].
  private func encoded(_ g: inout GraphBuilder, _ source: Tensor, _ padding: Tensor?) -> Tensor {
    var inputs: LayerInputs
    func mask(_ g: inout GraphBuilder) -> AttentionMask? {
      padding.map { encoder.mask(&g, $0, isCausal: false, keys: encoder.length) }
    }
    switch choices.positions {
    case .relative:
      let embedded = embedded(&g, source, encoder)
      let mask = mask(&g)
      inputs = LayerInputs(hidden: dropped(&g, embedded, choices.embeddingDropout), mask: mask)
    case .learned, .sines:
      let embedded = embedded(&g, source, encoder)
      inputs = LayerInputs(hidden: placed(&g, embedded, encoder))
      inputs.mask = mask(&g)
    case .frames: inputs = LayerInputs(hidden: listened(&g, source))
    }
    return column(&g, encoder, inputs)
  }

  /// Two convolutions over the frames, and their positions (`WhisperEncoder.forward`).
  private func listened(_ g: inout GraphBuilder, _ frames: Tensor) -> Tensor {
    func convolved(_ g: inout GraphBuilder, _ input: Tensor, _ role: Role, stride: Int) -> Tensor {
      guard let module = convolution(role), let weight = weight(&g, module) else { return input }
      let bias = bias(&g, module)
      let output = g.frame(module.path) { g in g.convolution(input, weight, bias, stride: stride, padding: 1) }
      // The hook on the input embedding, which is the first convolution here.
      if role == .frameConvolution, asksForInputGradients(module) { g.requireGradient(output) }
      let bent = g.unary(.gelu, output)
      return bent
    }
    let wide = convolved(&g, frames, .frameConvolution, stride: 1)
    let states = g.hold(g.permute(convolved(&g, wide, .secondFrameConvolution, stride: 2), [0, 2, 1]))
    g.keepUntilHere(wide)
    let places = g.hold(g.create("arange", [], [encoder.length], .int64))
    guard let table = positions(&g, encoder) else { return states }
    let hidden = g.add(states, g.frame("embed_positions") { g in g.embedding(places, table) })
    return dropped(&g, hidden, choices.embeddingDropout)
  }

  /// Target tokens [B, T] to hidden states [B, T, H].
  private func decoded(
    _ g: inout GraphBuilder, _ tokens: Tensor, _ memory: Tensor, _ padding: Tensor?
  ) -> Tensor {
    let embedded = embedded(&g, tokens, decoder)
    var inputs = LayerInputs(hidden: embedded, memory: LayerInputs.Memory(states: memory))
    func causalMask(_ g: inout GraphBuilder, _ seen: Tensor? = nil) {
      if decoder.isEager { inputs.mask = decoder.mask(&g, seen, isCausal: true, keys: decoder.length) }
    }
    func memoryMask(_ g: inout GraphBuilder) {
      inputs.memory?.mask = padding.map { decoder.mask(&g, $0, isCausal: false, keys: encoder.length) }
    }
    switch choices.positions {
    case .relative:
      causalMask(&g)
      memoryMask(&g)
      inputs.hidden = dropped(&g, embedded, choices.embeddingDropout)
    case .learned, .sines:
      let places = g.hold(decoder.arange(&g))
      let ones = g.hold(g.create("ones", [], [batch, decoder.length], .float32))
      causalMask(&g, ones)
      memoryMask(&g)
      inputs.hidden = placed(&g, embedded, decoder, places)
    case .frames:
      let places = g.hold(g.create("repeat", [decoder.arange(&g)], [batch, decoder.length], .int64))
      guard let table = positions(&g, decoder) else { return embedded }
      let rows = g.hold(g.frame("embed_positions") { g in g.indexed(table, places) })
      inputs.hidden = dropped(&g, g.add(embedded, rows), choices.embeddingDropout)
      causalMask(&g)
    }
    return column(&g, decoder, inputs)
  }

  private func column(
    _ g: inout GraphBuilder, _ column: TransformerLowering, _ inputs: LayerInputs
  ) -> Tensor {
    var inputs = inputs
    let memoryMask = choices.handsMaskByPosition ? inputs.memory?.mask : nil
    for case let mask? in [inputs.mask, inputs.memory?.mask] { g.hold(mask.tensor) }
    inputs.positional = [inputs.mask, memoryMask].compactMap { $0?.tensor }
    return dropped(&g, column.column(&g, inputs), choices.outputDropout)
  }

  /// Words [B, S] to their rows, which stay named until the column returns.
  private func embedded(_ g: inout GraphBuilder, _ tokens: Tensor, _ column: TransformerLowering) -> Tensor {
    let own = sharesTables ? nil : column.stack.modules[.inputEmbedding]
    guard let module = own ?? table, let table = weight(&g, module) else { return tokens }
    var rows = g.frame("embed_tokens") { g in
      let rows = g.embedding(tokens, table)
      return choices.embeddingScale == .inside ? g.multiplyScalar(rows) : rows
    }
    if asksForInputGradients(module) { g.requireGradient(rows) }
    if choices.embeddingScale == .outside { rows = g.multiplyScalar(rows) }
    return g.hold(rows)
  }

  /// Rows of the position table added to words, under a norm where there is one. `places` [S] are the positions that a
  /// decoder counts itself.
  private func placed(
    _ g: inout GraphBuilder, _ embedded: Tensor, _ column: TransformerLowering, _ places: Tensor? = nil
  ) -> Tensor {
    guard let table = positions(&g, column) else { return embedded }
    let rows = g.hold(
      g.frame("embed_positions") { g in
        let counted = places ?? g.hold(g.create("arange", [], [column.length], .int64))
        guard case .learned = choices.positions else { return g.embedding(counted, table) }
        let shape: Shape = [places == nil ? batch : 1, column.length]
        return g.embedding(g.create("add", [counted], shape, .int64), table)
      })
    var hidden = g.add(embedded, rows)
    if let norm = column.stack.modules[.embeddingNorm] {
      hidden = column.norm(&g, hidden, norm, "layernorm_embedding")
    }
    return dropped(&g, hidden, choices.embeddingDropout)
  }

  // MARK: - The head

  /// Hidden states [B, T, H] to logits [B, T, V].
  private func head(_ g: inout GraphBuilder, _ output: Tensor) -> Tensor {
    let own = sharesTables ? nil : decoder.stack.modules[.inputEmbedding]
    guard let module = isTied ? own ?? table : description.modules[.head], let weight = weight(&g, module) else {
      return output
    }
    var output = output
    if choices.scalesOutput, scalesOutput { output = g.hold(g.multiplyScalar(output)) }
    let logits = g.frame("lm_head") { g in g.linear(output, weight, nil) }
    return choices.biasesLogits ? g.add(logits, logitsBias(&g)) : logits
  }

  /// T5 scales, T5 1.1 does not; files older than the flag tell by saying that the head is not tied.
  private var scalesOutput: Bool {
    configuration?.boolean("scale_decoder_outputs") ?? configuration?.boolean("tie_word_embeddings") ?? true
  }
}
