internal import Checkpoint
internal import Graph
internal import Units

/// Writes down the training forward pass of a state-space model as transformers 5.17 runs it where neither `mamba-ssm` nor
/// a kernel of the Hub is installed: step by step, or chunk by chunk.
///
/// Shapes: B sequences of S tokens, H hidden features, I features inside the mixer, N states.
struct StateSpaceLowering: ModuleLowering {
  enum Mixer: Sendable {
    /// A scan over the tokens, each step's decay and input chosen by its token (Mamba).
    case selective
    /// Chunks of tokens multiplied out, and a scan over the chunks (Mamba 2).
    case chunked
  }

  let description: ModelDescription
  let configuration: Configuration?
  let settings: ForwardSettings
  let mixer: Mixer
  let stack: ModelDescription.Stack

  var length: Int { settings.sequenceLength }

  /// - Throws: ``LoweringError`` where the model has other parts, or shapes that do not fit.
  init(
    _ description: ModelDescription, _ configuration: Configuration?, _ settings: ForwardSettings, _ mixer: Mixer
  ) throws(LoweringError) {
    self.description = description
    self.configuration = configuration
    self.settings = settings
    self.mixer = mixer
    stack = description.mainStack
    if let reason = whatCannotRun { throw LoweringError(message: reason) }
  }

  func graph() -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let tokens = g.input("input_ids", [batch, length], .int64)
    let labels = g.input("labels", [batch, length], .int64)
    let padding = settings.isPadded ? g.input("attention_mask", [batch, length], .int64) : nil
    declareParameters(&g)
    let (logits, loss) = g.frame("") { g in
      let logits = g.hold(head(&g, g.hold(backbone(&g, tokens, padding))))
      return (logits, g.frame("") { g in causalLoss(&g, logits, labels) })
    }
    g.endAutocast()
    g.hold(logits)
    return g.finish(loss: loss)
  }

  var isTied: Bool { description.tiedEmbeddings?.value ?? (stack.modules[.head] == nil) }

  private func declareParameters(_ g: inout GraphBuilder) {
    declare(&g, stack.modules, [.inputEmbedding])
    declare(&g, stack.layers)
    declare(&g, stack.modules, [.finalNorm] + (isTied ? [] : [.head]))
    for module in description.others { declare(&g, module) }
  }

  private func backbone(_ g: inout GraphBuilder, _ tokens: Tensor, _ padding: Tensor?) -> Tensor {
    g.frame("backbone") { g in
      guard let module = stack.modules[.inputEmbedding], let table = weight(&g, module) else { return tokens }
      var hidden = g.hold(g.frame("embeddings") { g in g.embedding(tokens, table) })
      if asksForInputGradients(module) { g.requireGradient(hidden) }
      for layer in stack.layers {
        hidden = g.segment("layers.\(layer.index)") { g in (block(&g, hidden, layer, padding), []) }.result
      }
      return stack.modules[.finalNorm].map { norm(&g, hidden, $0, .rms, "norm_f") } ?? hidden
    }
  }

  /// Logits in fp32, whatever they are computed in.
  private func head(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    let module = isTied ? stack.modules[.inputEmbedding] : stack.modules[.head]
    guard let module, let weight = weight(&g, module) else { return hidden }
    let narrow = g.cast(hidden, to: weight.dataType)
    return g.cast(g.frame("lm_head") { g in g.linear(narrow, weight, nil) }, to: .float32)
  }

  /// `MambaBlock.forward`.
  private func block(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ padding: Tensor?
  ) -> Tensor {
    guard let norm = layer.modules[.inputNorm] else { return input }
    let normalized = self.norm(&g, g.cast(input, to: type), norm, .rms, "norm")
    let isWide = configuration?.boolean("residual_in_fp32") ?? true
    let residual = isWide ? g.hold(g.cast(input, to: .float32)) : input
    let mixed = g.frame("mixer") { g in
      switch mixer {
      case .selective: selective(&g, normalized, layer, padding)
      case .chunked: chunked(&g, normalized, layer, padding)
      }
    }
    return g.add(residual, mixed)
  }

  // MARK: - What both mixers do

  /// `apply_mask_to_padding_states`.
  func masked(_ g: inout GraphBuilder, _ input: Tensor, _ padding: Tensor?) -> Tensor {
    guard let padding else { return input }
    return g.hold(g.multiply(input, g.unsqueeze(padding, 2)))
  }

  /// -exp(log A) in fp32.
  func decay(_ g: inout GraphBuilder, _ layer: ModelDescription.Layer) -> Tensor? {
    guard let module = layer.modules[.decay], let logarithm = weight(&g, module) else { return nil }
    return g.hold(g.unary(.negate, g.preciseFunction("exp", g.cast(logarithm, to: .float32))))
  }

  /// `causal_conv1d_fn` on [B, C, S].
  func convolved(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor {
    guard let module = layer.modules[.mixerConvolution], let kernel = weight(&g, module) else { return input }
    let bias = bias(&g, module)
    let flat = g.reshape(kernel, [kernel.shape[0], kernel.shape[2]])
    return g.frame("") { g in
      let source = g.cast(input, to: kernel.dataType)
      let all = g.channelConvolution(source, g.unsqueeze(flat, 1), bias, padding: kernel.shape[2] - 1)
      let out = g.slice(all, axis: 2, start: 0, length: length)
      return g.cast(g.hold(activation(&g, out, ConfiguredValue("hidden_act", "silu"))), to: input.dataType)
    }
  }

  /// The way out of the mixer, which never has an adapter: PEFT refuses one, since a kernel reads the weight itself.
  func leave(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor {
    guard let module = layer.modules[.mixerOutput], let weight = weight(&g, module) else { return input }
    return g.linear(input, weight, bias(&g, module))
  }
}
