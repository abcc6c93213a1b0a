internal import Checkpoint
internal import Graph
internal import Units

extension TransformerLowering {
  /// What the model is trained to answer.
  var task: TrainingTask { description.task?.value ?? .causalLM }

  /// Hidden states [B, S, H] to what the class's loss is taken of: logits [B, S, V], [B, S, L] or [B, L].
  func head(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    guard let head = choices.heads[task] else { return hidden }
    let output = g.frame("head") { g in
      var values = hidden
      for (place, step) in head.steps.enumerated() {
        // The classifier's input has a name while the loss is computed.
        if task == .tokenClassification, place == head.steps.count - 1 { g.holdOutside(values) }
        values = run(&g, step, values)
      }
      return values
    }
    guard task == .causalLM else { return output }
    switch choices.logitScale {
    case .multiplied?: return g.multiplyScalar(output)
    case .divided?: return g.divideScalar(output)
    case nil: break
    }
    guard configuration?.number("final_logit_softcapping") != nil else { return output }
    return g.multiplyScalar(g.unary(.tanh, g.unary(.divideScalar, output)))
  }

  private func run(_ g: inout GraphBuilder, _ step: HeadChoices.Step, _ input: Tensor) -> Tensor {
    switch step {
    case .firstToken: return g.select(input, axis: 1)
    case .firstTokenAndMean:
      let rest = g.hold(g.slice(input, axis: 1, start: 1, length: input.shape[1] - 1))
      let joined = g.joined([g.select(input, axis: 1), g.mean(rest, axis: 1)], axis: 1)
      g.holdOutside(joined)
      return joined
    case .pooled(let key):
      let isFirst = (configuration?.string(key.key) ?? key.value) == "cls"
      return isFirst ? g.select(input, axis: 1) : mean(&g, input)
    case .lastToken: return lastToken(&g, input)
    case .dropout(let keys, let value):
      return g.dropout(input, keys.lazy.compactMap { configuration?.number($0) }.first ?? value)
    case .linear(let linear): return headLinear(&g, input, linear)
    case .activation(let setting): return activation(&g, input, setting)
    case .norm(let role, let name, let bias):
      let width = input.shape[input.shape.rank - 1]
      let hasBias = configuration?.boolean(bias.key) ?? bias.value
      let module = ModuleParameters(path: path(of: role, name), weight: [width], bias: hasBias ? [width] : nil)
      return norm(&g, input, module, name)
    case .vocabulary:
      guard let (weight, bias) = headParameters(&g) else { return input }
      let logits =
        headAdapter.map { adapted(&g, input, $0) { g, input in g.linear(input, weight, bias) } }
        ?? g.linear(input, weight, bias)
      return isHeadSplit ? g.allGather(logits, width: description.vocabularySize?.value ?? 0) : logits
    case .squeezed: return g.reshape(input, Shape(Array(input.shape.dimensions.dropLast())))
    }
  }

  // MARK: - Layers

  /// A linear layer of the head, as the class makes it. PEFT keeps classifiers as they are, frozen, and trains a copy.
  private func headLinear(_ g: inout GraphBuilder, _ input: Tensor, _ linear: HeadChoices.Linear) -> Tensor {
    let width = input.shape[input.shape.rank - 1]
    let module = module(linear, input: width)
    guard settings.adapters != nil, task.copiesClassifier, module.path.isCopiedByPEFT else {
      return self.linear(&g, input, module)
    }
    declare(&g, module)
    let path = "\(module.path).modules_to_save"
    let weight = g.parameter("\(path).weight", [module.weight?[0] ?? width, width], type)
    return g.linear(input, weight, module.bias.map { g.parameter("\(path).bias", $0, type) })
  }

  /// A layer of the head by the sizes that its class gives it; its path as the checkpoint spells it.
  private func module(_ linear: HeadChoices.Linear, input: Int) -> ModuleParameters {
    let outputs =
      switch linear.outputs {
      case .hidden: sizes.hidden
      case .embedding, .vocabulary: embeddingWidth
      case .labels: labelCount
      case .one: 1
      }
    let hasBias = configuration?.boolean(linear.bias.key) ?? linear.bias.value
    return ModuleParameters(
      path: path(of: linear.role, linear.name), weight: [outputs, input], bias: hasBias ? [outputs] : nil)
  }

  private func path(of role: Role, _ name: String) -> String {
    guard let path = stack.modules[role]?.path, path.endsAsPath(with: name) else { return name }
    return path
  }

  private var embeddingWidth: Int { stack.modules[.inputEmbedding]?.weight?[1] ?? sizes.hidden }

  // MARK: - The vocabulary

  /// Whether the matrix over the vocabulary is the embedding's. A class that has none does not say so; then the
  /// configuration does.
  private var isTied: Bool {
    if description.tiedEmbeddings?.value == true { return true }
    guard stack.modules[.head]?.weight == nil else { return false }
    return configuration?.boolean("tie_word_embeddings") ?? Family.row(description.family)?.tiesByDefault ?? true
  }

  /// The matrix over the vocabulary, its own bias beside it.
  private var vocabularyHead: ModuleParameters? {
    let steps = choices.heads[task]?.steps ?? []
    guard let embedding = stack.modules[.inputEmbedding], let shape = embedding.weight,
      case .vocabulary(let linear)? = steps.first(where: { if case .vocabulary = $0 { true } else { false } })
    else { return nil }
    let stored = stack.modules[.head]
    let weight = isTied ? shape : stored?.weight ?? shape
    let hasBias = stored?.bias != nil || (configuration?.boolean(linear.bias.key) ?? linear.bias.value)
    return ModuleParameters(
      path: isTied ? embedding.path : path(of: .head, linear.name), weight: weight, bias: hasBias ? [weight[0]] : nil)
  }

  /// The matrix that makes logits: one of its own, or the embedding's; and the bias that a head has in either case.
  func headParameters(_ g: inout GraphBuilder) -> (weight: Tensor, bias: Tensor?)? {
    guard let head = vocabularyHead, let weight = weight(&g, head) else { return nil }
    let path = isTied ? stack.modules[.head]?.path ?? "lm_head" : head.path
    return (weight, head.bias.map { parameter(&g, "\(path).bias", $0) })
  }

  /// Whether the head is split over the vocabulary, which leaves each rank a piece of the logits.
  var isHeadSplit: Bool {
    guard let rows = vocabularyHead?.weight?[0], let width = description.vocabularySize?.value else { return false }
    return rows < width
  }

  /// The head's adapter, where it is named among the targets.
  private var headAdapter: Adapter? {
    let path = stack.modules[.head]?.path ?? "lm_head"
    guard let adapters = settings.adapters, adapters.name(path), let shape = vocabularyHead?.weight, shape.rank == 2
    else { return nil }
    return Adapter(
      module: ModuleParameters(path: path, weight: shape, bias: nil), features: (shape[1], shape[0]),
      settings: adapters, quantized: nil)
  }

  /// What is asked of adapters that no pass is known for; nil where there is nothing.
  var adaptersThatCannotRun: String? {
    let isShared = stack.layers.contains { $0.modules.values.contains { $0.split != nil } }
    if isShared, settings.technique?.kind == .scaling { return "(IA)3 of layers that GPUs share is not simulated" }
    guard let adapters = settings.adapters else { return nil }
    if isShared, adapters.form != .pair { return "only LoRA is simulated on layers that GPUs share" }
    let embedding = stack.modules[.inputEmbedding].map { adapters.name($0.path) } ?? false
    switch choices.embeddingScale {
    case .buffer?, .number?: if embedding { return "an adapter of an embedding that scales its rows is not simulated" }
    case .outside?, nil: break
    }
    guard embedding || headAdapter != nil else { return nil }
    switch adapters.form {
    case .pair: break
    case .dora: return "DoRA of an embedding or a head is not simulated"
    case .lamda: return "LaMDA is there for linear layers, and for no embedding or head"
    }
    if headAdapter != nil, isHeadSplit { return "an adapter of a head that is split over GPUs is not simulated" }
    if headAdapter != nil, settings.loss == .fused {
      return "a fused loss behind an adapter of the head is not simulated"
    }
    return nil
  }

  // MARK: - Pooling

  /// `logits[torch.arange(B), last_non_pad_token]`, the last token found by the configuration's `pad_token_id`.
  private func lastToken(_ g: inout GraphBuilder, _ logits: Tensor) -> Tensor {
    var last: Tensor?
    if padToken != nil {
      let mask = g.hold(g.create("_to_copy", [g.create("ne", [], [batch, length], .bool)], [batch, length], .int32))
      let places = g.hold(g.create("arange", [], [length], .int32))
      last = g.hold(g.create("argmax", [g.create("mul", [places, mask], [batch, length], .int32)], [batch], .int64))
    }
    let rows = g.create("arange", [], [batch], .int64)
    let index = last.map { g.create("index", [rows, $0], [batch], .int64) } ?? rows
    return g.apply(
      .pick(axis: 1), [logits, index], Layout(contiguous: [batch, logits.shape[2]]), logits.dataType)
  }

  /// The token that fills sequences up; without one a classifier over the last token takes one sequence at a time.
  var padToken: Int? { configuration?.integer("pad_token_id") }

  /// The mean of the tokens that count.
  private func mean(_ g: inout GraphBuilder, _ hidden: Tensor) -> Tensor {
    let mask =
      settings.isPadded
      ? g.input("attention_mask", [batch, length], .int64) : g.hold(g.create("ones", [], [batch, length], .bool))
    let seen = g.multiply(hidden, g.unsqueeze(mask, -1))
    let sum = g.apply(.sum, [seen], Layout(contiguous: [batch, sizes.hidden]), hidden.dataType)
    return g.divide(sum, g.create("sum", [mask], [batch, 1], .int64))
  }
}

extension String {
  /// Whether PEFT 0.21 trains a copy of the module in place of the module itself, where the task is to classify:
  /// `ModulesToSaveWrapper` goes around what ends in one of two words.
  var isCopiedByPEFT: Bool {
    split(separator: ".").contains { $0.hasSuffix("classifier") || $0.hasSuffix("score") }
  }
}
