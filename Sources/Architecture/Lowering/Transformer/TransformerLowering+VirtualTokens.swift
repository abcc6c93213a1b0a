internal import Graph
internal import Units

/// What a forward pass is called with.
struct TokenInputs {
  /// [B, S].
  var tokens: GraphBuilder.Tensor
  var labels: GraphBuilder.Tensor
  /// [B, S], 1 where a token counts.
  var padding: GraphBuilder.Tensor?
  /// Embeddings [B, S, H], where the caller has looked them up.
  var rows: GraphBuilder.Tensor?
  /// Keys and values that every layer sees before those of the tokens.
  var prefix: PrefixCache?
}

extension TransformerLowering {
  /// Why PEFT has no such technique for this model; nil where it has.
  var whyTechniqueCannotRun: String? {
    switch settings.technique?.kind {
    case nil: return nil
    case .tunedConvolutions: return ModelDescription.whyNothingIsTuned
    case .prefix: return whyPrefixCannotRun
    case .scaling:
      let type = description.modelType ?? "none"
      return ScaledModules.usual(of: type) == nil
        ? "PEFT has no choice of modules to scale for the model type \(type)" : nil
    case .prompt:
      guard task == .causalLM else { return "virtual tokens are there for models that name the next token" }
      let width = stack.modules[.inputEmbedding]?.weight?.dimensions.last
      return width == sizes.hidden ? nil : "virtual tokens are as wide as the hidden states, and the embedding is not"
    }
  }

  /// `PeftModelForCausalLM.forward` for prompt tuning (peft/peft_model.py): N trained embeddings, in fp32, go before those
  /// of the tokens, and labels that nothing is learned from before theirs.
  func prompted(_ g: inout GraphBuilder, _ inputs: TokenInputs) -> TokenInputs {
    let count: Int
    switch settings.technique?.kind {
    case .prompt(let tokens)?: count = tokens
    case .prefix(let tokens, let isProjected)?:
      return prefixed(&g, inputs, count: tokens, isProjected: isProjected)
    case .scaling?, .tunedConvolutions?, nil: return inputs
    }
    var inputs = inputs
    let tokens = settings.sequenceLength
    inputs.padding = inputs.padding.map { paddedAhead(&g, $0, count) }
    let rows = embedded(&g, inputs.tokens)
    let ahead = g.hold(g.create("_to_copy", [], [batch, count], .int64))
    inputs.labels = g.hold(g.create("cat", [ahead, inputs.labels], [batch, count + tokens], .int64))
    let table = g.parameter("prompt_encoder.embedding.weight", [count, sizes.hidden], .float32)
    let prompts = g.frame("prompt_encoder") { g in
      let places = g.hold(g.create("_to_copy", [], [batch, count], .int64))
      let one = g.embedding(g.slice(places, axis: 0, start: 0, length: 1), table)
      let all = g.apply(
        .copy, [g.expand(one, to: [batch, count, sizes.hidden])], Layout(contiguous: [batch, count, sizes.hidden]),
        .float32)
      return all
    }
    let converted = g.hold(g.cast(prompts, to: rows.dataType))
    inputs.rows = g.hold(g.concatenate([converted, rows], axis: 1))
    return inputs
  }

  /// The mask of the tokens that count, with virtual ones in front.
  func paddedAhead(_ g: inout GraphBuilder, _ given: Tensor, _ count: Int) -> Tensor {
    let ahead = g.hold(g.create("_to_copy", [], [batch, count], .float32))
    return g.hold(g.create("cat", [ahead, given], [batch, count + settings.sequenceLength], .float32))
  }
}
