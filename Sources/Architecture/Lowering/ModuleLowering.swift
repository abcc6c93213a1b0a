internal import Checkpoint
internal import Graph
internal import Units

/// What every way to write down a model's forward pass shares: its parameters, by the names of the checkpoint.
protocol ModuleLowering {
  var description: ModelDescription { get }
  var configuration: Configuration? { get }
  var settings: ForwardSettings { get }
  /// Whether linear layers are `input @ weight.T` and no `F.linear` (Falcon).
  var multipliesTransposedWeights: Bool { get }
  /// The last components of the paths whose parameters stay in fp32 where the others are in fp16.
  var keptInFP32: [String] { get }
}

extension ModuleLowering {
  typealias Tensor = GraphBuilder.Tensor

  var multipliesTransposedWeights: Bool { false }
  var keptInFP32: [String] { [] }
  var batch: Int { settings.batchSize }
  /// The type in which parameters are held.
  var type: DataType { settings.parameterType }

  // MARK: - Parameters

  func weight(_ g: inout GraphBuilder, _ module: ModuleParameters) -> Tensor? {
    module.weight.map { parameter(&g, "\(module.path).weight", $0, parameterType(module)) }
  }

  func bias(_ g: inout GraphBuilder, _ module: ModuleParameters) -> Tensor? {
    module.bias.map { parameter(&g, "\(module.path).bias", $0, parameterType(module)) }
  }

  /// The type in which a module's parameters are held.
  func parameterType(_ module: ModuleParameters) -> DataType {
    type == .float16 && keptInFP32.contains { module.path.endsAsPath(with: $0) } ? .float32 : type
  }

  func parameter(_ g: inout GraphBuilder, _ name: String, _ shape: Shape, _ type: DataType? = nil) -> Tensor {
    g.parameter(name, shape, type ?? self.type, trains: !isFrozen(name))
  }

  /// Whether a parameter of the model itself does not train.
  func isFrozen(_ name: String) -> Bool {
    settings.adapters != nil || settings.technique?.freezesModel == true
      || settings.frozen.contains { Glob($0).matches(name) }
  }

  /// Whether transformers makes an embedding's output need a gradient: where layers are checkpointed and it does not
  /// train.
  func asksForInputGradients(_ embedding: ModuleParameters) -> Bool {
    settings.isCheckpointed && isFrozen("\(embedding.path).weight")
  }

  /// Makes a module's parameters, whether or not the forward pass uses them.
  func declare(_ g: inout GraphBuilder, _ module: ModuleParameters) {
    _ = weight(&g, module)
    _ = bias(&g, module)
  }

  /// Makes the parameters of the modules that have one of these roles, in the order of the roles.
  func declare(_ g: inout GraphBuilder, _ modules: [Role: ModuleParameters], _ roles: [Role]) {
    for role in roles {
      guard let module = modules[role] else { continue }
      if role.isLinear { declareLinear(&g, module) } else { declare(&g, module) }
    }
  }

  /// Makes the parameters of a linear layer, quantised where the model is.
  func declareLinear(_ g: inout GraphBuilder, _ module: ModuleParameters) {
    if let quantized = quantizedWeight(module) {
      _ = packed(&g, module, quantized)
    } else if let grouped = module.grouped {
      _ = packed(&g, module, grouped)
      _ = bias(&g, module)
    } else {
      declare(&g, module)
    }
  }

  /// Makes the parameters of a column of blocks.
  func declare(_ g: inout GraphBuilder, _ layers: [ModelDescription.Layer]) {
    for layer in layers {
      declare(&g, layer.modules, Role.allCases)
      for module in layer.others { declare(&g, module) }
    }
  }

  // MARK: - The end

  /// The graph of a pass that hands back these tensors and the loss. They live until the loop has taken the loss.
  func finished(_ g: inout GraphBuilder, _ outputs: [Tensor], loss: Tensor) -> Graph {
    g.endAutocast()
    for output in outputs { g.hold(output) }
    if settings.loop == .accelerate, settings.precision.autocast != nil {
      for output in outputs where output.dataType.isFloatingPoint { g.hold(g.cast(output, to: .float32)) }
    }
    return g.finish(loss: loss)
  }

  // MARK: - Settings

  func number(_ setting: ConfiguredValue<Double>) -> Double { configuration?.number(setting.key) ?? setting.value }

  /// `nn.Dropout` by the configuration's probability.
  func dropped(_ g: inout GraphBuilder, _ input: Tensor, _ dropout: ConfiguredValue<Double>?) -> Tensor {
    guard let dropout else { return input }
    return g.frame("dropout") { g in g.dropout(input, number(dropout)) }
  }

  /// Stochastic depth: each sample of [B, ..] scaled or left out by a random number of its own.
  func dropPath(_ g: inout GraphBuilder, _ input: Tensor, _ rate: ConfiguredValue<Double>?) -> Tensor {
    guard let rate else { return input }
    return dropPath(&g, input, rate: number(rate))
  }

  func dropPath(_ g: inout GraphBuilder, _ input: Tensor, rate: Double) -> Tensor {
    guard rate > 0 else { return input }
    return g.frame("drop_path") { g in
      let shape = Shape([input.shape[0]] + input.shape.dimensions.dropFirst().map { _ in 1 })
      let drawn = g.create("rand", [], shape, input.dataType)
      let kept = g.hold(g.create("floor", [g.create("add", [drawn], shape, input.dataType)], shape, input.dataType))
      return g.multiply(g.unary(.divideScalar, input), kept)
    }
  }
}

/// A number or a word in the configuration, with the default that transformers gives it.
struct ConfiguredValue<Value: Sendable>: Sendable {
  var key: String
  var value: Value

  init(_ key: String, _ value: Value) {
    self.key = key
    self.value = value
  }
}
