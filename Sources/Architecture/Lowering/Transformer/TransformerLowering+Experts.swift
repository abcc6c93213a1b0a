internal import Graph
internal import Units

/// The matrices of a layer's experts as the running module holds them, every expert in one tensor.
struct ExpertStack {
  /// The path of the module that holds them: `model.layers.3.mlp.experts`.
  var path: String
  /// Experts, E.
  var count: Int
  /// Features of an expert's inner side, I.
  var inner: Int
}

extension TransformerLowering {
  /// A sparse layer's feed-forward part: a router hands each token to some experts.
  func mixture(
    _ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer, _ choices: ExpertChoices
  ) -> Tensor {
    g.frame("mlp") { g in
      let rows = g.reshape(input, [batch * length, sizes.hidden])
      let shared = choices.shared == .gatedFirst ? sharedExpert(&g, rows, layer).map { g.hold($0) } : nil
      guard let router = layer.modules[.router], let stack = description.expertStack(layer, choices) else { return input }
      let routed = route(&g, rows, router, choices)
      for tensor in [routed.logits, routed.weights, routed.places] { g.hold(tensor) }
      var output = grouped(&g, rows, routed.weights, routed.places, stack, choices)
      if let shared { output = withGate(&g, output, shared, rows, layer) }
      return g.reshape(output, [batch, length, sizes.hidden])
    }
  }

  /// The gated MLP that every token passes.
  func sharedExpert(_ g: inout GraphBuilder, _ input: Tensor, _ layer: ModelDescription.Layer) -> Tensor? {
    guard let gate = layer.modules[.sharedExpertGate], let up = layer.modules[.sharedExpertUp],
      let down = layer.modules[.sharedExpertDown]
    else { return nil }
    return g.frame("shared_expert") { g in
      let gated = activation(&g, linear(&g, input, gate))
      return linear(&g, g.multiply(gated, linear(&g, input, up)), down)
    }
  }

  /// `F.sigmoid(shared_expert_gate(x)) * shared_expert(x)`, added to what the experts gave.
  private func withGate(
    _ g: inout GraphBuilder, _ output: Tensor, _ shared: Tensor, _ input: Tensor, _ layer: ModelDescription.Layer
  ) -> Tensor {
    guard let module = layer.modules[.sharedExpertWeight] else { return g.add(output, shared) }
    let gate = g.unary(.sigmoid, linear(&g, input, module))
    return g.add(output, g.hold(g.multiply(gate, shared)))
  }

  // MARK: - The router

  typealias Routed = (logits: Tensor, weights: Tensor, places: Tensor)

  /// Which experts each row goes to and how much each counts, [B · S, k].
  private func route(
    _ g: inout GraphBuilder, _ rows: Tensor, _ router: ModuleParameters, _ choices: ExpertChoices
  ) -> Routed {
    g.frame("gate") { g in
      guard let weight = weight(&g, router) else { return (rows, rows, rows) }
      var logits = g.linear(rows, weight, bias(&g, router))
      switch choices.routing {
      case .softmaxThenTopK, .softmaxThenTopKCast:
        let isCast = if case .softmaxThenTopKCast = choices.routing { true } else { false }
        let scores = g.softmax(isCast ? logits : g.cast(logits, to: .float32), to: .float32)
        g.hold(scores)
        var (weights, places) = g.topK(scores, chosenExperts)
        if !isCast || configuration?.boolean("norm_topk_prob") == true {
          weights = g.divideInPlace(weights, by: g.sum(weights, axis: -1, keepsAxis: true))
        }
        return (logits, isCast ? g.cast(weights, to: logits.dataType) : weights, places)
      case .topKThenSoftmax:
        let (values, places) = g.topK(logits, chosenExperts)
        g.hold(values)
        return (logits, g.softmax(values, to: values.dataType), places)
      case .wideTopKThenSoftmax:
        logits = g.cast(logits, to: .float32)
        let (values, places) = g.topK(logits, chosenExperts)
        g.hold(values)
        return (logits, g.cast(g.softmax(values), to: rows.dataType), places)
      }
    }
  }

  /// Experts that a token is handed to, k.
  var chosenExperts: Int {
    configuration?.integer("num_experts_per_tok") ?? 2
  }

  // MARK: - The experts

  /// `grouped_mm_experts_forward` (transformers/integrations/moe.py), the implementation that is picked where nothing
  /// is said. Rows are sorted by expert, so what it takes does not depend on which experts are picked.
  private func grouped(
    _ g: inout GraphBuilder, _ rows: Tensor, _ weights: Tensor, _ places: Tensor, _ stack: ExpertStack,
    _ choices: ExpertChoices
  ) -> Tensor {
    let chosen = places.shape[1]
    let pairs = rows.shape[0] * chosen
    return g.frame("experts") { g in
      let sampleWeights = g.reshape(weights, [pairs])
      let experts = g.reshape(places, [pairs])
      let ordered = Layout(contiguous: [pairs])
      let sorted = g.apply(.create("sort"), [experts], results: [(ordered, .int64), (ordered, .int64)])
      let order = g.hold(sorted[1])
      g.hold(sorted[0])
      let tokens = g.create("floor_divide", [order], [pairs], .int64)
      var selected = g.rows(rows, tokens)
      let sortedWeights = g.hold(g.rows(sampleWeights, order))
      let narrow = g.hold(g.create("_to_copy", [sorted[0]], [pairs], .int32))
      let counts = g.hold(g.create("histc", [narrow], [stack.count], .int32))
      let ends = g.hold(g.create("cumsum", [counts], [stack.count], .int32))
      let unused = g.hold(g.create("ge", [sorted[0]], [pairs, 1], .bool))
      selected = g.hold(g.fillInPlace(selected, unused))

      let (up, down) = expertWeights(&g, stack, choices)
      var output = g.fill(groupedLinear(&g, selected, up, ends, choices), unused)
      output = gated(&g, output, choices)
      output = g.hold(g.fill(groupedLinear(&g, output, down, ends, choices), unused))
      let weighted = g.multiply(output, g.unsqueeze(sortedWeights, -1))
      let back = g.hold(g.create("empty_like", [order], [pairs], .int64))
      _ = g.create("arange", [], [pairs], .int64)
      let unsorted = g.hold(g.rows(weighted, back))
      let perToken = g.reshape(unsorted, [rows.shape[0], chosen, sizes.hidden])
      let sum = g.hold(g.sum(perToken, axis: 1, keepsAxis: false))
      return g.cast(sum, to: rows.dataType)
    }
  }

  /// `_grouped_linear`: the rows in the weights' type times each expert's matrix.
  private func groupedLinear(
    _ g: inout GraphBuilder, _ rows: Tensor, _ weight: Tensor, _ ends: Tensor, _ choices: ExpertChoices
  ) -> Tensor {
    g.frame("") { g in
      let weight = choices.isTransposed ? weight : g.transpose(weight, 1, 2)
      return g.groupedProduct(g.cast(rows, to: weight.dataType), weight, ends: ends)
    }
  }

  /// `_default_apply_gate`: act(gate) · up.
  private func gated(_ g: inout GraphBuilder, _ both: Tensor, _ choices: ExpertChoices) -> Tensor {
    g.frame("") { g in
      let width = both.shape[1] / 2
      let halves = g.split(both, axis: -1, lengths: [width, width])
      return g.multiply(activation(&g, halves[0]), halves[1])
    }
  }

  // MARK: - Parameters

  /// The experts' matrices: gate and up together, and down.
  private func expertWeights(
    _ g: inout GraphBuilder, _ stack: ExpertStack, _ choices: ExpertChoices
  ) -> (up: Tensor, down: Tensor) {
    let hidden = sizes.hidden
    let up: Shape = choices.isTransposed ? [stack.count, hidden, 2 * stack.inner] : [stack.count, 2 * stack.inner, hidden]
    let down: Shape = choices.isTransposed ? [stack.count, stack.inner, hidden] : [stack.count, hidden, stack.inner]
    return (parameter(&g, "\(stack.path).gate_up_proj", up), parameter(&g, "\(stack.path).down_proj", down))
  }

  /// Makes the parameters of a sparse layer's experts.
  func declareExperts(_ g: inout GraphBuilder, _ layer: ModelDescription.Layer) {
    guard let choices = choices.experts, let stack = description.expertStack(layer, choices) else { return }
    if choices.ownsExpertsFirst { _ = expertWeights(&g, stack, choices) }
    declare(&g, layer.modules, [.router])
    if !choices.ownsExpertsFirst { _ = expertWeights(&g, stack, choices) }
  }
}

extension ModelDescription {
  /// The experts of a sparse layer, however the checkpoint stores them; nil for a dense layer.
  func expertStack(_ layer: Layer, _ choices: ExpertChoices) -> ExpertStack? {
    guard let router = layer.modules[.router], let count = router.features?.output,
      let down = layer.modules[.expertDown]?.weight, down.rank == 2 || down.rank == 3
    else { return nil }
    let path = router.path.split(separator: ".").dropLast().joined(separator: ".") + ".experts"
    return ExpertStack(path: path, count: count, inner: down[choices.isTransposed ? down.rank - 2 : down.rank - 1])
  }
}
