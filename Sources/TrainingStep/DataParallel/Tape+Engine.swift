internal import Graph

// Where a module begins and ends, as the hooks on its forward call and on its tensors see it.
extension Tape {
  /// Puts a distribution's engine in place.
  ///
  /// - Parameter layers: those that stand for others.
  mutating func prepare(_ distribution: Distribution, repeating layers: LayerRepetition?) {
    switch distribution.engine {
    case nil: break
    case .replicas(let usesBucketView)?:
      let own = graph.ownParameters
      engine = Replicas(
        usesBucketView: usesBucketView,
        graph.parameters(repeating: layers).filter { !own.contains(Graph.ValueID($0.place)) })
    case .zeroRedundancy(let ranks)?:
      engine = ZeroRedundancy(ranks: ranks, graph.parameters(repeating: layers))
    case .zero(let settings)?:
      wrapped = settings.stage == .parameters ? WrappedModules(leavesOf: graph) : nil
      sendsCheckpointsOut = settings.drive?.activations != nil
      let model = WholeModel(graph, wrapped, repeating: layers)
      let whole: any DataParallelEngine =
        settings.stage == .parameters
        ? PartitionedParameters(settings, graph, model) : PartitionedOptimizer(settings, model.parameters)
      engine =
        layers == nil
        ? whole : DeferredEngine(whole, model, takesGradientsAtOnce: settings.stage != .optimizerStates)
    case .fullyShard(let settings)?, .flatShard(let settings)?:
      guard let wrapped = WrappedModules(graph) else { return }
      if case .fullyShard? = distribution.engine {
        engine = FullyShard(settings, graph, wrapped, graph.parameters(repeating: layers))
      } else {
        engine = FlatShard(settings, graph, wrapped, graph.parameters(repeating: layers))
      }
      self.wrapped = wrapped
    }
  }

  /// An update of the parameters, in as many calls of the optimizer as the engine makes of it.
  mutating func update(_ workload: Workload, _ states: inout OptimizerStates) {
    for number in 0..<(engine?.updates ?? 1) {
      engine?.beginUpdate(number, &memory)
      optimize(workload, &states, update: number)
      engine?.endUpdate(number, &memory)
    }
  }

  mutating func enterModules(at place: Int, _ keeping: Keeping) {
    for call in wrapped?.beginning[place] ?? [] {
      memory.section = wrapped?.modules[call.module].section
      switch keeping {
      case .stowing, .passing: engine?.beforeRecomputation(of: call.module, &memory)
      case .nothing: engine?.beforeForward(of: call.module, records: false, inBackward: isInBackward, &memory)
      case .tensors, .places:
        engine?.beforeForward(of: call.module, records: true, inBackward: isInBackward, &memory)
        passArguments(of: call)
      }
    }
  }

  /// A node through which the gradients of all that a module is given must go: a hook that sees them.
  private mutating func passArguments(of call: WrappedModules.Call) {
    outerMakers.append(call.arguments.map { makers[$0.index] })
    let passed = call.arguments.filter { requiresGradient[$0.index] && makers[$0.index] != nil }
    guard !passed.isEmpty else { return }
    nodes.append(
      Node(
        work: .module(call.module), kept: [], edges: passed.map { makers[$0.index] },
        arrived: Array(repeating: nil, count: passed.count), values: passed))
    for (result, argument) in passed.enumerated() {
      makers[argument.index] = .node(nodes.count - 1, result: result)
    }
  }

  mutating func leaveModules(at place: Int, _ keeping: Keeping) {
    for call in wrapped?.ending[place] ?? [] {
      memory.section = wrapped?.modules[call.module].section
      var records = false
      switch keeping {
      case .stowing, .passing:
        engine?.afterRecomputation(of: call.module, &memory)
        continue
      case .nothing: break
      case .tensors, .places:
        records = true
        for result in call.results {
          guard requiresGradient[result.index], case .node(let node, _)? = makers[result.index] else { continue }
          nodes[node].opens.append(call.module)
        }
        for (argument, maker) in zip(call.arguments, outerMakers.removeLast()) where !call.results.contains(argument) {
          makers[argument.index] = maker
        }
      }
      engine?.afterForward(of: call.module, records: records, inBackward: isInBackward, &memory)
    }
  }

  /// Lets the engine name what a stretch that ran again was given, with the gradients that came of it.
  mutating func nameArguments(ofStretch index: Int, _ arguments: [Tensor], _ gradients: [Int: Tensor]) {
    let operators = graph.segments[index].operators
    for call in wrapped?.beginning[operators.lowerBound] ?? [] where call.operators == operators {
      guard engine?.namesArguments(of: call.module) == true else { continue }
      for (place, gradient) in gradients.sorted(by: { $0.key < $1.key }) {
        engine?.name(arguments[place].storage, &memory)
        engine?.name(gradient.storage, &memory)
      }
    }
  }

  /// The gradient of what a module handed back is there.
  mutating func openBackward(of module: Int) {
    memory.section = wrapped?.modules[module].section
    engine?.beforeBackward(of: module, &memory)
  }

  /// The gradients of what a module was given are there; zeros stand in for those that did not come.
  mutating func closeBackward(of module: Int, node: Int) -> [Tensor?] {
    memory.section = wrapped?.modules[module].section
    var arrived = nodes[node].arrived
    nodes[node].arrived = []
    for (place, value) in nodes[node].values.enumerated() where arrived[place] == nil {
      arrived[place] = zeros(like: value)
    }
    engine?.afterBackward(of: module, &gradients, &memory)
    return arrived
  }
}
