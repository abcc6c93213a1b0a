internal import Graph
internal import Units

extension TrainingStep {
  /// The same for one rank of a pipeline, whose stages are those of the graph.
  public func run(_ order: PipelineOrder) -> Timeline { simulated(order, repeating: nil).finished }

  /// The timeline of a rank of whose one stage some layers are left out; nil where they do not repeat in it.
  public func run(_ order: PipelineOrder, repeating layers: LayerRepetition) -> Timeline? {
    guard graph.segments.count == layers.count, graph.stages.count == 1, !workload.clipsGradients else { return nil }
    return simulated(order, repeating: layers).repeating(layers)?.memory.finished
  }

  private func simulated(_ order: PipelineOrder, repeating layers: LayerRepetition?) -> Memory {
    var tape = loaded(repeating: layers)
    var lasting = Lasting()
    let buffers = graph.stages.map { tape.makeBuffers($0, batches: order.batches) }
    for step in 1...2 {
      tape.memory.begin(.input, step: step)
      let batches = (0..<order.batches).map { _ in tape.makeInputs() }
      var flights = [[Int: Flight]](repeating: [:], count: graph.stages.count)
      var sent: Memory.StorageID?
      var losses: [Memory.StorageID] = []
      for (place, action) in order.actions.enumerated() {
        let stage = graph.stages[action.stage]
        let (received, arriving) = buffers[action.stage]
        if !order.namesSentLonger, let previous = sent {
          tape.memory.release(previous)
          sent = nil
        }
        if action.isForward {
          tape.memory.begin(.forward, step: step)
          tape.bindInputs(batches[action.batch])
          let flight = tape.depart(stage, received: received.isEmpty ? nil : received[action.batch])
          tape.memory.endForward()
          if let loss = flight.loss { losses.append(loss) }
          flights[action.stage][action.batch] = flight
        } else if let flight = flights[action.stage].removeValue(forKey: action.batch) {
          tape.memory.begin(.backward, step: step)
          tape.engine?.beginBackward(isLast: place == order.actions.count - 1, &tape.memory)
          let gradient = tape.arrive(flight, stage, gradient: arriving.isEmpty ? nil : arriving[action.batch])
          if let sent { tape.memory.release(sent) }
          sent = gradient
        }
      }
      if let sent { tape.memory.release(sent) }
      for loss in losses { tape.memory.release(loss) }
      update(&tape, step: step, &lasting)
      for batch in batches { tape.drop(batch) }
      tape.memory.endStep()
    }
    return tape.memory
  }
}

extension Tape {
  /// The buffers of a stage, one for each micro-batch, which live as long as the run (`_prepare_forward_infra` and
  /// `_prepare_backward_infra` in torch/distributed/pipelining/stage.py): for hidden states that come from the stage
  /// before, and for gradients that come from the one behind.
  fileprivate mutating func makeBuffers(
    _ stage: Graph.Stage, batches: Int
  ) -> (received: [Memory.StorageID], gradients: [Memory.StorageID]) {
    func make(_ value: Graph.ValueID?) -> [Memory.StorageID] {
      guard let value else { return [] }
      return (0..<batches).map { _ in
        memory.allocate(bytes(of: value), cause: "empty", module: "", category: .communication)
      }
    }
    return (make(stage.received), make(stage.isLast ? nil : stage.output))
  }
}
