internal import Graph
internal import Units

/// What an engine for several GPUs does around a training step, on one of them.
///
/// The tape calls it as the engine's own hooks are called: around the forward and backward pass of each wrapped module,
/// when a gradient is complete, and when the backward pass ends.
protocol DataParallelEngine {
  /// Brings a parameter into memory: the storage that the graph's values see; nil where it is what it would be on one
  /// GPU.
  mutating func load(_ parameter: Int, _ memory: inout Memory) -> Memory.StorageID?
  /// When the model is there.
  mutating func begin(_ memory: inout Memory)

  /// - Parameter records: whether gradients are recorded.
  mutating func beforeForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory)
  mutating func afterForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory)
  /// Before what a module has run is run again to rebuild what its nodes kept.
  mutating func beforeRecomputation(of module: Int, _ memory: inout Memory)
  mutating func afterRecomputation(of module: Int, _ memory: inout Memory)
  /// Before the first node of a module runs: the gradient of what it handed back is there.
  mutating func beforeBackward(of module: Int, _ memory: inout Memory)
  /// When the gradients of what a module was given are there.
  mutating func afterBackward(of module: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory)
  /// When a parameter's gradient is complete.
  mutating func accumulated(_ parameter: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory)
  /// Whether a parameter has a gradient already, to which another is added in place.
  func holdsGradient(of parameter: Int) -> Bool
  /// - Parameter isLast: whether it is the last micro-step before an update.
  mutating func beginBackward(isLast: Bool, _ memory: inout Memory)
  mutating func endBackward(_ gradients: inout [Int: Tensor], _ memory: inout Memory)
  /// Whether the engine names what a checkpointed module was given, and its gradient, beyond its backward pass.
  func namesArguments(of module: Int) -> Bool
  mutating func name(_ storage: Memory.StorageID, _ memory: inout Memory)

  /// How often an update calls the optimizer, each time for other parameters.
  var updates: Int { get }
  mutating func beginUpdate(_ number: Int, _ memory: inout Memory)
  mutating func endUpdate(_ number: Int, _ memory: inout Memory)
  /// Whether the engine takes the norm of gradients itself, where they are clipped and where they are not.
  var clipsGradients: Bool { get }
  /// What the engine and its optimizer hold outside of the GPU.
  func outside(_ optimizer: Optimizer) -> OutsideMemory
  /// What the optimizer of this rank updates, in one of its calls, in place of the parameters that a gradient has reached;
  /// nil for those.
  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]?
  /// Lets go of the gradients that the engine holds.
  mutating func dropGradients(_ memory: inout Memory)
}

/// A tensor that an optimizer updates.
struct OptimizerShare {
  /// What its states are found by.
  var key: Int
  /// The place of the parameter that it is, is part of or stands for.
  var parameter: Int
  /// The stretch of the graph that memory books what is done with it to.
  var section: Int?
  var shape: Shape
  var dataType: DataType
  /// Whether it is a row of parts of parameters, so that what is set for one of them does not reach it.
  var isRow = false

  var bytes: ByteCount { Tensor.bytes(shape, dataType) }
}

extension DataParallelEngine {
  var updates: Int { 1 }
  var clipsGradients: Bool { false }
  func outside(_ optimizer: Optimizer) -> OutsideMemory { OutsideMemory() }
  mutating func beginUpdate(_ number: Int, _ memory: inout Memory) {}
  mutating func endUpdate(_ number: Int, _ memory: inout Memory) {}
  mutating func load(_ parameter: Int, _ memory: inout Memory) -> Memory.StorageID? { nil }
  mutating func begin(_ memory: inout Memory) {}
  func holdsGradient(of parameter: Int) -> Bool { false }
  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]? { nil }
  mutating func beforeForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {}
  mutating func afterForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {}
  mutating func beforeRecomputation(of module: Int, _ memory: inout Memory) {}
  mutating func afterRecomputation(of module: Int, _ memory: inout Memory) {}
  mutating func beforeBackward(of module: Int, _ memory: inout Memory) {}
  mutating func afterBackward(of module: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {}
  mutating func accumulated(_ parameter: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {}
  mutating func beginBackward(isLast: Bool, _ memory: inout Memory) {}
  mutating func endBackward(_ gradients: inout [Int: Tensor], _ memory: inout Memory) {}
  func namesArguments(of module: Int) -> Bool { false }
  mutating func name(_ storage: Memory.StorageID, _ memory: inout Memory) {}
  mutating func dropGradients(_ memory: inout Memory) {}
}
