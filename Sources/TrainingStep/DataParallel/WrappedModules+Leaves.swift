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
    let sections = graph.sections.operators
    var passes: [[Call]] = []
    var seen: Set<Int> = []
    for (place, operation) in graph.operators.enumerated() {
      // Views of parameters are no passes.
      guard !operation.outputs.allSatisfy({ owners[graph[$0].owner.index] != nil }) else { continue }
      let used = Set(operation.inputs.compactMap { owners[graph[$0].owner.index] }).sorted()
      // What is used in several stretches belongs to none.
      for module in used {
        let isAlike = seen.insert(module).inserted || modules[module].section == sections[place]
        modules[module].section = isAlike ? sections[place] : nil
      }
      var arguments: [Graph.ValueID] = []
      for input in operation.inputs where owners[graph[input].owner.index] == nil && !arguments.contains(input) {
        arguments.append(input)
      }
      passes.append(
        used.map {
          Call(module: $0, operators: place..<place + 1, arguments: arguments, results: operation.outputs)
        })
    }
    self.init(modules: modules)
    for calls in passes { add(calls) }
  }
}
