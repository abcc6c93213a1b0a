public import OrderedCollections
public import Units

/// What the kernels of one micro-step are, stretch by stretch: the layers, and what stands before and behind them.
public struct StepWork: Sendable {
  /// A parameter that trains, as the optimizer sees it.
  public struct Trained: Hashable, Sendable {
    public var shape: Shape
    public var dataType: DataType
    /// Whether it is a matrix of a layer, which Muon trains as one.
    public var isHiddenMatrix: Bool
    /// Whether it is stacked for experts, of which a rank may hold a part.
    public var isExpert: Bool

    public var elements: Double { shape.dimensions.reduce(1) { $0 * Double($1) } }
    public var bytes: Double { elements * Double(dataType.bitWidth) / 8 }
  }

  public struct Stretch: Sendable {
    public var forward = KernelList()
    public var backward = KernelList()
    /// What runs once more where the stretch is checkpointed.
    public var recomputed = KernelList()
    /// Bytes of all parameters as they are held, and of those among them that are stacked for experts.
    public var parameterBytes = 0.0
    public var expertBytes = 0.0
    public var trained: OrderedDictionary<Trained, Int> = [:]
    /// Tokens' hidden states, which it hands on.
    public var resultBytes = 0.0
    /// The rows that go through experts, in bytes; zero where it has none.
    public var routedBytes = 0.0
    /// Keys and values that attention reads, in bytes.
    public var keyValueBytes = 0.0

    public init() {}

    /// Bytes of the gradients.
    public var gradientBytes: Double { trained.reduce(0) { $0 + $1.key.bytes * Double($1.value) } }
    public var trainedElements: Double { trained.reduce(0) { $0 + $1.key.elements * Double($1.value) } }
  }

  /// A layer, and how many the model has of its kind.
  public struct Layer: Sendable {
    public var stretch: Stretch
    public var count: Int
  }

  public var before = Stretch()
  public var layers: [Layer] = []
  public var behind = Stretch()

  public init() {}

  /// All stretches with how often they are there.
  public var stretches: [Layer] {
    [Layer(stretch: before, count: 1)] + layers + [Layer(stretch: behind, count: 1)]
  }

  public func sum(_ part: (Stretch) -> Double) -> Double {
    stretches.reduce(0) { $0 + part($1.stretch) * Double($1.count) }
  }

  public var layerCount: Int { layers.reduce(0) { $0 + $1.count } }

  /// Operations that the mathematics wants: forward and backward, without what checkpointing repeats.
  public var modelOperations: Double { sum { $0.forward.operations + $0.backward.operations } }

  /// Everything that trains.
  public var trained: OrderedDictionary<Trained, Int> {
    stretches.reduce(into: [:]) { all, layer in
      for (parameter, count) in layer.stretch.trained { all[parameter, default: 0] += count * layer.count }
    }
  }

  /// The same with every kernel changed.
  public func mapped(_ change: (Kernel) -> Kernel) -> StepWork {
    func stretch(_ old: Stretch) -> Stretch {
      var new = old
      new.forward = old.forward.mapped(change)
      new.backward = old.backward.mapped(change)
      new.recomputed = old.recomputed.mapped(change)
      return new
    }
    var result = self
    result.before = stretch(before)
    result.behind = stretch(behind)
    result.layers = layers.map { Layer(stretch: stretch($0.stretch), count: $0.count) }
    return result
  }
}
