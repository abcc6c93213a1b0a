internal import Graph

extension TransformerLowering {
  /// A setting under which experts make no sense, or that the framework refuses; nil where there is none.
  func whatCannotRun(_ choices: ExpertChoices) -> String? {
    let sparse = stack.layers.filter { $0.modules[.router] != nil }
    guard let layer = sparse.first, let experts = layer.modules[.router]?.features?.output else { return nil }
    guard (1...experts).contains(chosenExperts) else {
      return "\(chosenExperts) experts of \(experts) for each token make no sense"
    }
    if configuration?.boolean("output_router_logits") == true {
      return "a loss on the balance of the experts (output_router_logits) is not simulated yet"
    }
    switch choices.routing {
    case .groupedSigmoid:
      if let reason = badGroups(experts, atLeast: 2) { return reason }
    case .groupedSoftmax where configuration?.string("topk_method") == "group_limited_greedy":
      if let reason = badGroups(experts, atLeast: 1) { return reason }
    default: break
    }
    // Experts that are modules of their own have neither limit, but each is a stretch of the simulation.
    guard choices.loop(settings) == nil else {
      let most = 1 << 16
      return experts <= most && experts * sparse.count <= most ? nil : "\(experts) experts one by one are too many"
    }
    if case .sigmoidOfAll = choices.routing {} else if let reason = badRows(layer, choices) { return reason }
    return badAdapters(layer, choices)
  }

  /// Groups of experts that cannot be formed.
  private func badGroups(_ experts: Int, atLeast least: Int) -> String? {
    let groups = configuration?.integer("n_group") ?? 1
    let kept = configuration?.integer("topk_group") ?? 1
    guard (1...experts).contains(groups), experts % groups == 0, experts / groups >= least,
      (1...groups).contains(kept), chosenExperts <= experts / groups * kept
    else { return "\(kept) of \(groups) groups of \(experts) experts make no sense" }
    return nil
  }

  /// `F.grouped_mm` wants rows in multiples of 16 bytes.
  private func badRows(_ layer: ModelDescription.Layer, _ choices: ExpertChoices) -> String? {
    let multiple = 128 / type.bitWidth
    let inner = description.expertStack(layer, choices)?.inner ?? 0
    guard sizes.hidden % multiple == 0, inner % multiple == 0 else {
      return "experts of \(inner) by \(sizes.hidden) features have rows that are no multiple of 16 bytes"
    }
    return nil
  }

  /// Adapters that PEFT refuses, or that fail when the model runs.
  private func badAdapters(_ layer: ModelDescription.Layer, _ choices: ExpertChoices) -> String? {
    guard let adapters = settings.adapters, let router = layer.modules[.router] else { return nil }
    switch choices.routing {
    case .sigmoidOfAll, .sparseMixer:
      guard !adapters.reach([router.path]) else {
        return "PEFT cannot adapt this router, a linear layer that returns more than one tensor; exclude it"
      }
    default: break
    }
    guard let names = choices.adapted else { return nil }
    let targeted = names.all.filter { adapters.targets($0) }
    guard !targeted.isEmpty else { return nil }
    guard adapters.form == .pair else { return "experts are adapted by pairs of matrices alone" }
    guard adapters.targets(names.gate) == adapters.targets(names.up) else {
      return "PEFT adapts \(names.gate) and \(names.up) of the experts together or not at all"
    }
    guard adapters.dropout == 0 else { return "PEFT adapts experts without dropout only" }
    return nil
  }
}
