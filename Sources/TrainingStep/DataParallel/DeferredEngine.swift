internal import Graph

/// What a tape asks of an engine.
enum EngineRequest {
  /// A side of a pass of a module.
  enum Side: Equatable {
    case beforeForward(records: Bool, inBackward: Bool)
    case afterForward(records: Bool, inBackward: Bool)
    case beforeRecomputation, afterRecomputation
    case beforeBackward, afterBackward
  }

  case begin
  case beginBackward(isLast: Bool)
  /// A wrapped module of the graph.
  case pass(Side, module: Int)
  /// A parameter's place among the graph's values, and its gradient.
  case accumulated(Int, Tensor)
  case endBackward
  case beginUpdate(Int)
  case endUpdate(Int)
}

/// Stands in for an engine in a run whose layers stand for others: what the engine does follows from how many elements
/// came before, and so is not the same in each layer. What it is asked to do is noted, and it does that when the layers
/// that were left out are put in (``Memory/repeating(_:_:)``).
struct DeferredEngine: DataParallelEngine {
  /// The engine of the whole model, which nothing was asked of yet.
  let engine: any DataParallelEngine
  let model: WholeModel
  /// Whether the engine takes gradients as they come, and not all when the backward pass ends.
  let takesGradientsAtOnce: Bool
  private var isLast = true

  init(_ engine: any DataParallelEngine, _ model: WholeModel, takesGradientsAtOnce: Bool) {
    self.engine = engine
    self.model = model
    self.takesGradientsAtOnce = takesGradientsAtOnce
  }

  // MARK: - What is told at once

  var updates: Int { engine.updates }
  var clipsGradients: Bool { engine.clipsGradients }
  func shares(of parameters: [Int], update: Int) -> [OptimizerShare]? { engine.shares(of: parameters, update: update) }

  mutating func load(_ parameter: Int, _ memory: inout Memory) -> Memory.StorageID? {
    var engine = engine
    return engine.load(parameter, &memory)
  }

  // MARK: - What is noted

  mutating func begin(_ memory: inout Memory) { memory.note(.begin) }

  mutating func beginBackward(isLast: Bool, _ memory: inout Memory) {
    self.isLast = isLast
    memory.note(.beginBackward(isLast: isLast))
  }

  mutating func beforeForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    memory.note(.pass(.beforeForward(records: records, inBackward: inBackward), module: module))
  }

  mutating func afterForward(of module: Int, records: Bool, inBackward: Bool, _ memory: inout Memory) {
    memory.note(.pass(.afterForward(records: records, inBackward: inBackward), module: module))
  }

  mutating func beforeRecomputation(of module: Int, _ memory: inout Memory) {
    memory.note(.pass(.beforeRecomputation, module: module))
  }

  mutating func afterRecomputation(of module: Int, _ memory: inout Memory) {
    memory.note(.pass(.afterRecomputation, module: module))
  }

  mutating func beforeBackward(of module: Int, _ memory: inout Memory) {
    memory.note(.pass(.beforeBackward, module: module))
  }

  mutating func afterBackward(of module: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    memory.note(.pass(.afterBackward, module: module))
  }

  mutating func accumulated(_ parameter: Int, _ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    guard let gradient = gradients[parameter] else { return }
    memory.note(.accumulated(parameter, gradient))
    if takesGradientsAtOnce { gradients[parameter] = nil }
  }

  mutating func endBackward(_ gradients: inout [Int: Tensor], _ memory: inout Memory) {
    memory.note(.endBackward)
    guard isLast else { return }
    for parameter in model.parameters { gradients[parameter.place] = nil }
  }

  mutating func beginUpdate(_ number: Int, _ memory: inout Memory) { memory.note(.beginUpdate(number)) }
  mutating func endUpdate(_ number: Int, _ memory: inout Memory) { memory.note(.endUpdate(number)) }
}

extension WholeModel {
  /// Whether what the second block asks is what the first one asked.
  ///
  /// - Parameter successors: of an allocation of the first block, the one that the second makes in its place.
  func agree(_ first: EngineRequest, _ second: EngineRequest, _ successors: [Int: Int]) -> Bool {
    switch (first, second) {
    case (.pass(let side, let module), .pass(let other, let next)):
      side == other && self.module(next, follows: module)
    case (.accumulated(let place, let gradient), .accumulated(let next, let other)):
      parameter(next, follows: place) && successors[gradient.storage.index] == other.storage.index
    default: false
    }
  }
}

extension DeferredEngine {
  /// The engine at work on the whole model.
  struct Resumed {
    private(set) var engine: any DataParallelEngine
    private let model: WholeModel
    private var gradients: [Int: Tensor] = [:]

    init(_ deferred: DeferredEngine) {
      engine = deferred.engine
      model = deferred.model
    }

    /// Asks the engine what was noted.
    ///
    /// - Parameters:
    ///   - number: which of the blocks that are alike it was noted in; nil outside of those.
    ///   - storage: what an allocation of the graph's run is in the whole model's.
    /// - Returns: whether that makes sense there.
    mutating func perform(
      _ request: EngineRequest, ofCopy number: Int?, _ memory: inout Memory,
      storage: (Memory.StorageID) -> Memory.StorageID?
    ) -> Bool {
      switch request {
      case .begin: engine.begin(&memory)
      case .beginBackward(let isLast): engine.beginBackward(isLast: isLast, &memory)
      case .pass(let side, let place):
        guard let module = model.module(place, ofCopy: number) else { return false }
        pass(side, module, &memory)
      case .accumulated(let place, var gradient):
        guard let parameter = model.parameter(place, ofCopy: number), let own = storage(gradient.storage) else {
          return false
        }
        gradient.storage = own
        gradients[parameter] = gradient
        engine.accumulated(parameter, &gradients, &memory)
      case .endBackward: engine.endBackward(&gradients, &memory)
      case .beginUpdate(let number): engine.beginUpdate(number, &memory)
      case .endUpdate(let number): engine.endUpdate(number, &memory)
      }
      return true
    }

    private mutating func pass(_ side: EngineRequest.Side, _ module: Int, _ memory: inout Memory) {
      switch side {
      case .beforeForward(let records, let inBackward):
        engine.beforeForward(of: module, records: records, inBackward: inBackward, &memory)
      case .afterForward(let records, let inBackward):
        engine.afterForward(of: module, records: records, inBackward: inBackward, &memory)
      case .beforeRecomputation: engine.beforeRecomputation(of: module, &memory)
      case .afterRecomputation: engine.afterRecomputation(of: module, &memory)
      case .beforeBackward: engine.beforeBackward(of: module, &memory)
      case .afterBackward: engine.afterBackward(of: module, &gradients, &memory)
      }
    }
  }
}
