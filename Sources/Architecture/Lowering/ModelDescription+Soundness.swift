internal import Units

// Shapes come from a stranger's file. What follows them unchecked would be wrong, or out of bounds.

extension ModelDescription {
  /// What of this model no forward pass is known for; nil where there is nothing.
  var whatCannotRun: String? {
    if layers.isEmpty, modules[.inputEmbedding] == nil {
      return "neither layers nor an embedding were recognised, so there is nothing to run"
    }
    if case .encoderDecoder? = Family.row(family)?.forward { return whatOfColumnsCannotRun }
    if let stack = otherStacks.first(where: { $0.path != multiTokenPrediction?.path }) {
      return "a model with a second column of layers (\(stack.path)) is not simulated yet"
    }
    let roles = layers.reduce(into: Set<Role>()) { $0.formUnion($1.modules.keys) }.union(modules.keys)
    if container == .gguf, Family.row(family)?.isTransposed == true {
      return "the \(family) family lies the other way round in a GGUF file: give the checkpoint that it was made from"
    }
    if container == .gguf, roles.contains(where: { $0.component == .experts }) {
      return "a mixture of experts out of a GGUF file is not simulated: give the checkpoint that it was made from"
    }
    if roles.contains(where: { $0.component == .experts }), !hasLowering {
      return "a mixture of experts of the \(family) family is not simulated yet"
    }
    if roles.contains(.queryDown) || roles.contains(.keyValueDown), !hasLowering {
      return "latent attention of the \(family) family is not simulated yet"
    }
    if roles.contains(.crossQuery) { return "cross-attention is not simulated yet" }
    if roles.contains(.patchEmbedding) { return "a vision model is not simulated yet" }
    let isEncoder = roles.contains(.tokenTypeEmbedding) || roles.contains(.headTransform) || roles.contains(.pooler)
    if isEncoder, !hasLowering { return "an encoder of the \(family) family is not simulated yet" }
    if modules[.inputEmbedding] == nil {
      return "there is no input embedding: an adapter, or a part of a model, cannot be run without the rest"
    }
    if case .grouped? = storedQuantization,
      let reason = layers.lazy.flatMap(\.orderedModules).compactMap(\.module.whyNotBroughtBack).first
    {
      return reason
    }
    if parameterCount == nil, storedQuantization == nil {
      return "packed weights of an unknown scheme are not simulated"
    }
    return nil
  }

  /// The same for an encoder and its decoder.
  private var whatOfColumnsCannotRun: String? {
    let embeds = ([modules] + otherStacks.map(\.modules)).contains { $0[.inputEmbedding] != nil }
    guard embeds else {
      return "there is no input embedding: an adapter, or a part of a model, cannot be run without the rest"
    }
    if parameterCount == nil || storedQuantization != nil { return "quantised base weights are not simulated yet" }
    return nil
  }

  /// The first two shapes that do not fit together under these sizes; nil where all do.
  func misfit(_ sizes: TransformerLowering.Sizes, _ choices: TransformerChoices) -> String? {
    let hidden = sizes.hidden
    if let positions = maximumPositions?.value, !(0...1 << 24).contains(positions) {
      return "\(positions) positions are more than any model has"
    }
    let table = modules[.inputEmbedding]?.weight ?? []
    guard table.rank == 2 else { return "the input embedding has the shape \(table), and not two extents" }
    let projected = modules[.embeddingProjection] != nil
    guard projected || table[1] == hidden else { return "the input embedding is \(table[1]) wide, the model \(hidden)" }
    let width = projected ? table[1] : hidden
    if let misfit = modules[.embeddingProjection]?.misfit(input: width, output: hidden) { return misfit }
    // Beside token types, positions are added to the words; without them, to what a projection makes of the words.
    let addend = modules[.tokenTypeEmbedding] == nil ? hidden : width
    if let positions = modules[.positionEmbedding]?.weight, positions.rank != 2 || positions[1] != addend {
      return "the position embedding has the shape \(positions), and the model is \(addend) wide"
    }
    if let types = modules[.tokenTypeEmbedding]?.weight, types.rank != 2 || types[1] != addend {
      return "the token type embedding has the shape \(types), and the model is \(addend) wide"
    }
    if let misfit = modules[.outputProjection]?.misfit(input: hidden, output: width) { return misfit }
    if let head = modules[.head], let misfit = head.misfit(input: width, output: nil) { return misfit }
    for role in [Role.embeddingNorm, .finalNorm] {
      if let misfit = modules[role]?.misfit(norm: role == .finalNorm || !projected ? hidden : width) { return misfit }
    }
    return misfit(sizes, choices, of: layers)
  }

  /// The same for a column beside which another stands, whose output is `memory` wide.
  func misfit(_ sizes: TransformerLowering.Sizes, of column: Stack, memory: Int) -> String? {
    for role in [Role.inputEmbedding, .positionEmbedding] {
      guard let module = column.modules[role] else { continue }
      guard let table = module.weight, table.rank == 2, table[1] == sizes.hidden else {
        return "\(module.path).weight has the shape \(module.weight ?? []), and the model is \(sizes.hidden) wide"
      }
    }
    if let misfit = column.modules[.head]?.misfit(input: sizes.hidden, output: nil) { return misfit }
    for role in [Role.embeddingNorm, .finalNorm] {
      if let misfit = column.modules[role]?.misfit(norm: sizes.hidden) { return misfit }
    }
    return misfit(sizes, TransformerChoices(), of: column.layers, memory: memory)
  }

  /// The first shape within blocks that does not fit these sizes; nil where all do.
  func misfit(
    _ sizes: TransformerLowering.Sizes, _ choices: TransformerChoices, of layers: [Layer],
    memory: Int? = nil
  ) -> String? {
    let (hidden, heads, dimension) = (sizes.hidden, sizes.heads, sizes.headDimension)
    let latent = latentSizes(heads, dimension)
    for layer in layers {
      let down = layer.modules[.down]
      let inner = down?.featuresOutside?.input
      let expected: [(Role, input: Int, output: Int?)] = [
        (.query, hidden, heads * dimension), (.key, hidden, sizes.keyValueHeads * dimension),
        (.value, hidden, sizes.keyValueHeads * dimension),
        (.fusedQKV, hidden, (heads + 2 * sizes.keyValueHeads) * dimension),
        (.attentionOutput, heads * (latent?.value ?? dimension), hidden), (.up, hidden, inner), (.gate, hidden, inner),
        (.fusedGateUp, hidden, inner.map { 2 * $0 }), (.down, inner ?? 0, hidden),
        (.crossQuery, hidden, heads * dimension), (.crossKey, memory ?? hidden, heads * dimension),
        (.crossValue, memory ?? hidden, heads * dimension), (.crossAttentionOutput, heads * dimension, hidden),
      ]
      for (role, input, output) in expected {
        if let misfit = layer.modules[role]?.misfit(input: input, output: output) { return misfit }
      }
      for role in [Role.inputNorm, .postAttentionNorm, .crossAttentionNorm, .preMLPNorm, .postMLPNorm] {
        if let misfit = layer.modules[role]?.misfit(norm: hidden) { return misfit }
      }
      for role in [Role.attentionScale, .mlpScale] {
        if let scale = layer.modules[role], scale.weight != [hidden] {
          return "\(scale.path) has the shape \(scale.weight ?? []), and is to scale \(hidden) features"
        }
      }
      for (role, count) in [(Role.queryNorm, heads), (.keyNorm, sizes.keyValueHeads)] {
        let shape: Shape =
          switch choices.headNorms {
          case .heads, .transposed, .eachHead, .turned: [dimension]
          case .headsOfAll: [count, dimension]
          case .projection: [count * dimension]
          }
        if let misfit = layer.modules[role]?.misfit(norm: shape) { return misfit }
      }
      let crossed = [Role.crossQuery, .crossKey, .crossValue, .crossAttentionOutput]
      let present = crossed.filter { layer.modules[$0] != nil }
      guard present.isEmpty || present.count == crossed.count else {
        return "\(layer.path) has only a part of an attention over an encoder"
      }
      let split = [Role.query, .key, .value].allSatisfy { layer.modules[$0] != nil }
      if let misfit = misfit(latent: latent, layer, sizes) { return misfit }
      if let sinks = layer.modules[.sinks], sinks.weight != [heads] {
        return "\(sinks.path) has the shape \(sinks.weight ?? []), and there are \(heads) heads"
      }
      let isDense = down != nil && (layer.modules[.up] != nil || layer.modules[.fusedGateUp] != nil)
      guard split || latent != nil || layer.modules[.fusedQKV] != nil, layer.modules[.attentionOutput] != nil,
        isDense || (layer.modules[.router] != nil && choices.experts != nil)
      else { return "\(layer.path) has no attention and MLP that were recognised" }
      if let experts = choices.experts, let misfit = misfit(of: layer, experts, hidden: hidden) { return misfit }
    }
    return nil
  }
}

extension ModuleParameters {
  /// Why the kernels that train over GPTQ's weights do not take this one; nil where they do.
  fileprivate var whyNotBroughtBack: String? {
    guard let grouped else { return nil }
    guard [2, 4, 8].contains(grouped.bits), grouped.input % 32 == 0, grouped.output % 32 == 0 else {
      return
        "\(path) has \(grouped.bits) bits over \(grouped.output) by \(grouped.input): the Triton kernels that train over GPTQ "
        + "take 2, 4 or 8 bits and multiples of 32"
    }
    return nil
  }

  /// What is wrong with a linear layer's shape; nil where nothing is.
  func misfit(input: Int, output: Int?) -> String? {
    guard let features, let outside = featuresOutside else {
      // The bias of a tied head has no weight of its own.
      return weight == nil && bias != nil ? nil : "\(path).weight has the shape \(weight ?? []), and not two extents"
    }
    guard outside.input == input else { return "\(path) takes \(outside.input) features, and gets \(input)" }
    if let output, outside.output != output {
      return "\(path) gives \(outside.output) features, and \(output) are wanted"
    }
    guard bias == nil || bias == [features.output] else { return "\(path).bias has the shape \(bias ?? [])" }
    return nil
  }

  /// What is wrong with a norm's shape; nil where nothing is.
  func misfit(norm width: Int) -> String? { misfit(norm: [width]) }

  func misfit(norm shape: Shape) -> String? {
    let features = shape.dimensions.map(String.init).joined(separator: " by ")
    return weight == shape && (bias == nil || bias == shape)
      ? nil : "\(path).weight has the shape \(weight ?? []), and is to normalise \(features) features"
  }
}
