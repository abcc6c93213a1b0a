internal import Graph
internal import Units

/// A micro-batch between its forward and its backward pass through a stage.
struct Flight {
  var nodes: [Tape.Node]
  var recomputations: [Int: Tape.Recomputation]
  var namedByGraph: [Memory.StorageID]
  /// Where the backward pass starts, if anything in the stage needs a gradient.
  var root: Tape.Edge?
  /// What the stage gave; the rank names it until the backward pass has run.
  var output: Memory.StorageID?
  var loss: Memory.StorageID?
}

extension Tape {
  /// Runs the forward pass of a stage on a micro-batch, of which others may be in flight.
  mutating func depart(_ stage: Graph.Stage, received: Memory.StorageID?) -> Flight {
    if let value = stage.received { bound[value.index] = received }
    nodes = []
    recomputations = [:]
    forward(stage)
    let end = stage.isLast ? graph.loss ?? stage.output : stage.output
    let flight = Flight(
      nodes: nodes, recomputations: recomputations, namedByGraph: namedByGraph, root: makers[end.index],
      output: takeBound(stage.output), loss: stage.isLast ? graph.loss.flatMap { takeBound($0) } : nil)
    nodes = []
    recomputations = [:]
    namedByGraph = []
    if let value = stage.received { bound[value.index] = nil }
    return flight
  }

  /// Runs the backward pass of a micro-batch from the gradient in a buffer, or from the loss.
  ///
  /// - Returns: the gradient that is sent to the stage before, with a reference that passes to the caller.
  mutating func arrive(
    _ flight: Flight, _ stage: Graph.Stage, gradient: Memory.StorageID?
  ) -> Memory.StorageID? {
    nodes = flight.nodes
    recomputations = flight.recomputations
    let end = stage.isLast ? graph.loss ?? stage.output : stage.output
    if let root = flight.root {
      let storage: Memory.StorageID
      if let gradient {
        memory.retain(gradient)
        storage = gradient
      } else {
        storage = memory.allocate(bytes(of: end), cause: "ones_like", module: "")
      }
      memory.retain(storage)
      isInBackward = true
      run(from: [(root, Tensor(storage: storage, layout: graph[end].layout, dataType: graph[end].dataType))])
      isInBackward = false
      memory.section = nil
      engine?.endBackward(&gradients, &memory)
      memory.release(storage)
    }
    endBackward()
    for storage in flight.namedByGraph + (flight.output.map { [$0] } ?? []) { memory.release(storage) }
    return stage.received.flatMap { gradients.removeValue(forKey: $0.index)?.storage }
  }

  private mutating func takeBound(_ value: Graph.ValueID) -> Memory.StorageID? {
    let owner = graph[value].owner.index
    guard graph.values[owner].origin == .intermediate else { return nil }
    defer { bound[owner] = nil }
    return bound[owner]
  }
}
