internal import Graph

extension WrappedModules {
  /// The modules that have parameters of their own, each of whose operators that read one is a pass.
  init(leavesOf graph: Graph) {
    var places: [Substring: Int] = [:]
    var modules: [Module] = []
    var owners = [Int?](repeating: nil, count: graph.values.count)
    for (index, value) in graph.values.enumerated() where value.owner.index == index {
      guard case .parameter = value.origin, let name = value.name, !QuantizedWeight.isState(name) else { continue }
      let path = name.lastIndex(of: ".").map { name[..<$0] } ?? ""
      if places[path] == nil {
        places[path] = modules.count
        modules.append(Module(path: String(path), parameters: []))
      }
      guard let module = places[path] else { continue }
      owners[index] = module
      modules[module].parameters.append(index)
    }
    self.init(modules: modules)
    for (place, operation) in graph.operators.enumerated() {
      // Views of parameters are no passes.
      guard !operation.outputs.allSatisfy({ owners[graph[$0].owner.index] != nil }) else { continue }
      let used = Set(operation.inputs.compactMap { owners[graph[$0].owner.index] }).sorted()
      var arguments: [Graph.ValueID] = []
      for input in operation.inputs where owners[graph[input].owner.index] == nil && !arguments.contains(input) {
        arguments.append(input)
      }
      add(
        used.map {
          Call(module: $0, operators: place..<place + 1, arguments: arguments, results: operation.outputs)
        })
    }
  }
}
