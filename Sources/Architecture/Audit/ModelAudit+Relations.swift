internal import Checkpoint
internal import Units

/// Shapes of a block that must fit each other, whatever the configuration says.
extension ModelAudit {
  /// Something that does not fit, the same in many blocks.
  private struct Misfit {
    var rule: Finding.ArchitectureRule
    var tensor: String
    var message: String
    var count = 1
  }

  /// The misfits found so far, by rule and part; blocks that are wrong alike make one finding.
  private struct Misfits {
    var list: [Misfit] = []
    private var known: [String: Int] = [:]

    mutating func add(_ rule: Finding.ArchitectureRule, _ role: Role, _ module: ModuleParameters, _ message: String) {
      let key = "\(rule.rawValue) \(role.rawValue)"
      if let position = known[key] {
        list[position].count += 1
      } else {
        known[key] = list.count
        list.append(Misfit(rule: rule, tensor: "\(module.path).weight", message: message))
      }
    }
  }

  mutating func relations() {
    var misfits = Misfits()
    for layers in [model.layers] + model.otherStacks.map(\.layers) {
      for layer in layers {
        attention(of: layer, &misfits)
        mlp(of: layer, &misfits)
        norms(of: layer, &misfits)
        biases(of: layer, &misfits)
      }
    }
    embeddings(&misfits)
    for misfit in misfits.list {
      findings.add(
        certainty, misfit.rule, tensor: misfit.tensor,
        misfit.message + (misfit.count > 1 ? "; so in \(misfit.count - 1) more blocks" : ""))
    }
    heads()
  }

  /// What a block hands on, by what is added to it.
  private func width(of layer: ModelDescription.Layer) -> Int? {
    layer.modules[.attentionOutput]?.features?.output ?? layer.modules[.down]?.features?.output
  }

  private func attention(of layer: ModelDescription.Layer, _ misfits: inout Misfits) {
    let modules = layer.modules
    let (query, key, value) = (modules[.query], modules[.key], modules[.value])
    if let width = width(of: layer) {
      for role in [Role.query, .key, .value, .fusedQKV, .queryDown, .keyValueDown] {
        guard let module = modules[role], let input = module.features?.input, input != width else { continue }
        misfits.add(.attentionShapes, role, module, "takes \(input) features, and the block is \(width) wide")
      }
    }
    // Queries and values may have heads of their own width.
    let isPlain = settings.size(["v_head_dim"]) == nil && modules[.keyValueUp] == nil
    if isPlain, let key = key?.features?.output, let module = value, let value = module.features?.output, key != value {
      misfits.add(.attentionShapes, .value, module, "has \(value) outputs, and the keys have \(key)")
    }
    if let module = key, let key = module.features?.output, key > 0, let query = query?.features?.output, isPlain,
      query % key != 0
    {
      misfits.add(.attentionShapes, .key, module, "has \(key) outputs, which do not divide the \(query) of the queries")
    }
    // A gate on the output comes out of the projection of the queries (Qwen3-Next).
    if isPlain, let query = query?.features?.output, let module = modules[.attentionOutput],
      let input = module.features?.input, input != query, 2 * input != query
    {
      misfits.add(.attentionShapes, .attentionOutput, module, "takes \(input) features, and the queries have \(query)")
    }
    let parts = [query, key, value].filter { $0 != nil }
    if query != nil, parts.count == 2, modules[.keyValueDown] == nil, let module = query {
      misfits.add(
        .layerIncomplete, .query, module, "stands beside \(key == nil ? "values without keys" : "keys without values")")
    }
  }

  private func mlp(of layer: ModelDescription.Layer, _ misfits: inout Misfits) {
    let modules = layer.modules
    if let width = width(of: layer) {
      for role in [Role.gate, .up, .fusedGateUp, .router] {
        guard let module = modules[role], let input = module.features?.input, input != width else { continue }
        misfits.add(.mlpShapes, role, module, "takes \(input) features, and the block is \(width) wide")
      }
      if let down = modules[.down], let output = down.features?.output, output != width {
        misfits.add(.mlpShapes, .down, down, "has \(output) outputs, and the block is \(width) wide")
      }
    }
    let up = modules[.up]?.features?.output
    if let module = modules[.gate], let gate = module.features?.output, let up, gate != up {
      misfits.add(.mlpShapes, .gate, module, "has \(gate) outputs, and the matrix that it gates \(up)")
    }
    guard let down = modules[.down], let input = down.features?.input else { return }
    // One matrix may hold gate and values.
    let fits = [
      up, modules[.gate] == nil ? up.map { $0 / 2 } : nil, modules[.fusedGateUp]?.features.map { $0.output / 2 },
    ]
    let known = fits.compactMap(\.self)
    if let inner = known.first, !known.contains(input) {
      misfits.add(.mlpShapes, .down, down, "takes \(input) features, and gets \(inner)")
    }
  }

  private func norms(of layer: ModelDescription.Layer, _ misfits: inout Misfits) {
    guard let width = width(of: layer) else { return }
    for role in [Role.inputNorm, .postAttentionNorm, .crossAttentionNorm, .preMLPNorm, .postMLPNorm] {
      guard let module = layer.modules[role], let weight = module.weight, weight != [width] else { continue }
      misfits.add(.normShapes, role, module, "has the shape \(weight), and the block is \(width) wide")
    }
    for (role, projection) in [(Role.queryNorm, Role.query), (.keyNorm, .key)] {
      guard let module = layer.modules[role], let length = module.weight?.dimensions.last, length > 0,
        let outputs = layer.modules[projection]?.features?.output, outputs % length != 0
      else { continue }
      misfits.add(.normShapes, role, module, "normalises \(length) features, which do not divide \(outputs)")
    }
  }

  private func biases(of layer: ModelDescription.Layer, _ misfits: inout Misfits) {
    for (role, module) in layer.orderedModules {
      guard role.isLinear, let bias = module.bias, let features = module.features, bias.rank == 1,
        bias[0] != features.output
      else { continue }
      misfits.add(.biasShapes, role, module, "has \(features.output) outputs and a bias of \(bias[0])")
    }
  }

  private func embeddings(_ misfits: inout Misfits) {
    guard let table = model.modules[.inputEmbedding], let shape = table.weight, shape.rank == 2,
      model.modules[.embeddingProjection] == nil
    else { return }
    if let width = model.layers.first.flatMap(width), shape[1] != width {
      misfits.add(.embeddingShapes, .inputEmbedding, table, "is \(shape[1]) wide, and the blocks are \(width)")
    }
    if let head = model.modules[.head], let input = head.features?.input, input != shape[1] {
      misfits.add(.embeddingShapes, .head, head, "takes \(input) features, and the embedding is \(shape[1]) wide")
    }
    if let norm = model.modules[.finalNorm], let weight = norm.weight, weight != [shape[1]],
      model.modules[.outputProjection] == nil
    {
      misfits.add(.normShapes, .finalNorm, norm, "has the shape \(weight), and the embedding is \(shape[1]) wide")
    }
  }

  /// The heads that the configuration declares against the queries' width.
  private mutating func heads() {
    guard let heads = settings.size((family?.keys ?? .unknown).heads),
      let layer = model.layers.first(where: { $0.modules[.query]?.features != nil }),
      let query = layer.modules[.query], let width = query.features?.output, layer.modules[.keyValueUp] == nil,
      !hasLayersOfTheirOwn
    else { return }
    let dimension = settings.size((family?.keys ?? .unknown).headDimension)
    let fits: Bool
    if let dimension {
      let (expected, overflow) = heads.value.multipliedReportingOverflow(by: dimension.value)
      // Twice as wide where a gate comes out of the same projection.
      fits = !overflow && (width == expected || width / 2 == expected)
    } else {
      fits = width % heads.value == 0
    }
    guard !fits else { return }
    findings.add(
      .warning, .attentionHeadsMismatch, file: settings.file, tensor: "\(query.path).weight",
      "\(heads.key) is \(heads.value)" + (dimension.map { " and \($0.key) \($0.value)" } ?? "")
        + ", but the queries are \(width) wide")
  }
}
