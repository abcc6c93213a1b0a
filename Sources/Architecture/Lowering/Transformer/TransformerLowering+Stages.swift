package import Checkpoint
package import Graph
internal import Units

// A model cut into pipeline stages: embedding in the first, final norm, head and loss in the last. Each stage makes its own
// positions and masks, as a transformers model does that is called with `inputs_embeds`.

extension TransformerLowering {
  /// Layers that one rank of a pipeline runs in one go.
  struct Stretch {
    var layers: [ModelDescription.Layer]
    var isFirst: Bool
    var isLast: Bool
  }

  /// The graph of one rank, whose stages are these stretches.
  func graph(_ stretches: [Stretch]) -> Graph {
    var g = GraphBuilder(autocast: settings.precision.autocast)
    let shape: Shape = [batch, length]
    let tokens = g.input("input_ids", shape, .int64)
    let labels = self.labels(&g)
    for stretch in stretches { part(of: stretch, tiesHead: false).declareParameters(&g) }
    var loss: Tensor?
    for (number, stretch) in stretches.enumerated() {
      let part = part(of: stretch)
      // Autocast is around each forward pass.
      g.autocast = settings.precision.autocast
      let received = stretch.isFirst ? nil : g.input("received.\(number)", [batch, length, sizes.hidden], hiddenType)
      g.stage(receiving: received, isLast: stretch.isLast) { g in
        let output = part.output(&g, tokens, received)
        if stretch.isLast { loss = g.frame("") { g in part.loss(&g, output, labels) } }
        g.endAutocast()
        return output
      }
    }
    return g.finish(loss: loss)
  }

  /// The type of hidden states between layers.
  private var hiddenType: DataType { type }

  /// The same lowering with one stretch's layers, and the modules that stand before and behind where they belong to it.
  ///
  /// - Parameter tiesHead: whether the last one knows the embedding, which its head may be tied to.
  private func part(of stretch: Stretch, tiesHead: Bool = true) -> TransformerLowering {
    var stack = stack
    stack.layers = stretch.layers
    let before: Set<Role> = [
      .inputEmbedding, .positionEmbedding, .tokenTypeEmbedding, .embeddingNorm, .embeddingProjection,
    ]
    stack.modules = stack.modules.filter { role, _ in
      let isTied = tiesHead && stretch.isLast && role == .inputEmbedding
      return before.contains(role) ? stretch.isFirst || isTied : stretch.isLast
    }
    return TransformerLowering(
      description: description, configuration: configuration, settings: settings, stack: stack, choices: choices,
      sizes: sizes, length: length)
  }

  /// Hidden states of a stage, or of the last the logits.
  private func output(_ g: inout GraphBuilder, _ tokens: Tensor, _ received: Tensor?) -> Tensor {
    g.frame("") { g in
      let hidden = g.hold(
        g.frame("model") { g in
          let embedded = g.hold(received ?? self.embedded(&g, tokens))
          return decoded(&g, embedded, nil)
        })
      return stack.modules[.finalNorm] == nil ? hidden : head(&g, hidden)
    }
  }

  /// Why the model cannot be cut into stages; nil where it can.
  var whyStagesCannotRun: String? {
    let positions: Bool =
      switch choices.positions {
      case .rotary, .rotaryTable: !hasDistances
      default: false
      }
    guard positions, task == .causalLM, stack.modules[.finalNorm] != nil, stack.modules[.outputProjection] == nil else {
      return "pipeline stages of the \(description.family) family are not simulated yet"
    }
    if settings.technique != nil { return "this technique is not simulated over pipeline stages" }
    if settings.isPadded { return "a padded batch over pipeline stages is not simulated yet" }
    guard settings.loss == .transformers else {
      return "a \(settings.loss.rawValue) loss behind pipeline stages is not simulated"
    }
    return sequenceRanks > 1 ? "pipeline stages with sequence parallelism are not simulated yet" : nil
  }
}

extension ModelDescription {
  /// The graph of one rank of a pipeline.
  ///
  /// - Parameter stages: for each of the rank's stages, the places of its layers.
  package func pipelineGraph(
    stages: [(layers: [Int], isFirst: Bool, isLast: Bool)], configuration: Configuration?, settings: ForwardSettings
  ) throws(LoweringError) -> Graph {
    guard case .transformer(let choices) = forward(configuration, settings) else {
      throw LoweringError(message: "pipeline stages of the \(family) family are not simulated yet")
    }
    if let reason = whatTaskLacks(.transformer(choices)) { throw LoweringError(message: reason) }
    let settings = try quantized(settings)
    let lowering = try TransformerLowering(self, configuration, settings, choices)
    if let reason = lowering.whyStagesCannotRun { throw LoweringError(message: reason) }
    return lowering.graph(
      stages.map { stage in
        TransformerLowering.Stretch(
          layers: stage.layers.map { layers[$0] }, isFirst: stage.isFirst, isLast: stage.isLast)
      })
  }
}
