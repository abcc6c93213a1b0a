public import Checkpoint
public import Graph
internal import Units

/// All that a layer's forward and backward pass depend on. Layers of one kind do the same to memory.
public struct LayerKind: Hashable, Sendable {
  private struct Module: Hashable {
    var name: String
    var weight: Shape?
    var bias: Shape?
    var isTransposed: Bool
    var trains: [Bool]
    var isAdapted: Bool
    var split: LinearSplit?
  }

  private var modules: [Module]
  private var isWindowed = false
  private var turns = false
  private var adaptedExperts: [Bool] = []
  /// What the configuration's lists say of this layer.
  private var listed: [Configuration.Node]

  fileprivate init(
    _ layer: ModelDescription.Layer, _ lowering: some ModuleLowering, listed lists: [[Configuration.Node]]
  ) {
    let all = layer.modules.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value) + layer.others
    modules = all.map { module in
      Module(
        name: String(module.path.dropFirst(layer.path.count)), weight: module.weight, bias: module.bias,
        isTransposed: module.isTransposed,
        trains: ["weight", "bias"].map { !lowering.isFrozen("\(module.path).\($0)") },
        isAdapted: lowering.settings.adapters?.reach([module.path]) ?? false,
        split: module.split)
    }
    listed = lists.map { $0[layer.index] }
    guard let transformer = lowering as? TransformerLowering else { return }
    isWindowed = transformer.isWindowed(layer)
    turns = transformer.turns(layer)
    adaptedExperts = transformer.adaptedExperts(layer)
  }
}

extension ModelDescription {
  /// The kind of each layer of the one column that the model consists of; nil where it consists of more, or where layers
  /// depend on their number.
  public func layerKinds(
    configuration: Configuration?, settings: ForwardSettings
  ) throws(LoweringError) -> [LayerKind]? {
    // Adapters of other kinds may allocate once for all layers together.
    guard settings.technique == nil, layers.indices.allSatisfy({ layers[$0].index == $0 }) else { return nil }
    let lists = configuration?.lists(of: layers.count) ?? []
    switch ownForward ?? .transformer(.generic(self, configuration, settings)) {
    case .transformer(let choices):
      try checkStorage()
      let lowering = try TransformerLowering(self, configuration, settings, choices)
      return layers.map { LayerKind($0, lowering, listed: lists) }
    case .stateSpace(let mixer):
      let lowering = try StateSpaceLowering(self, configuration, settings, mixer)
      return layers.map { LayerKind($0, lowering, listed: lists) }
    default: return nil
    }
  }

  /// The same model with some of its layers only. Layers keep their numbers.
  public func keeping(layers places: [Int]) -> ModelDescription {
    var part = self
    part.layers = places.map { layers[$0] }
    return part
  }
}

extension Configuration {
  /// Every list of this length, in this document and in its sections.
  fileprivate func lists(of count: Int) -> [[Node]] {
    root.keys.sorted().flatMap { key -> [[Node]] in
      switch root[key] {
      case .array(let nodes)? where nodes.count == count: [nodes]
      case .object(let fields)?: Configuration(file: file, root: fields).lists(of: count)
      default: []
      }
    }
  }
}
