internal import Graph

/// The modules that an engine handles as one each: the blocks of the longest list of modules, and the whole model with
/// what is left.
///
/// Engines are told which modules to wrap; a model's layers are what everybody tells them. Where several lists are as
/// long, it is the first (`max` over `torch.nn.ModuleList`s by their length).
struct WrappedModules {
  struct Module {
    /// `model.layers.3`; empty for the whole model.
    var path: String
    /// Its parameters by place, without those of modules wrapped in it.
    var parameters: [Int]
    /// The stretch of the graph that memory books what it does to; nil for the whole model.
    var section: Int?
  }

  /// A forward pass of a module.
  struct Call {
    var module: Int
    var operators: Range<Int>
    /// What the module is given, and what it hands back.
    var arguments: [Graph.ValueID]
    var results: [Graph.ValueID]
  }

  /// The whole model first, then the blocks in the model's order.
  private(set) var modules: [Module] = []
  /// By the first operator, outer ones first, and by the last one, inner ones first.
  private(set) var beginning: [Int: [Call]] = [:]
  private(set) var ending: [Int: [Call]] = [:]

  /// - Returns: nil where the blocks' own stretches of the graph cannot be told.
  init?(_ graph: Graph) {
    var owners = [Int?](repeating: nil, count: graph.values.count)
    modules = [Module(path: "", parameters: [])]
    let list = Self.longestList(graph)
    var places: [Substring: Int] = [:]
    for (index, value) in graph.values.enumerated() where value.owner.index == index {
      guard case .parameter = value.origin, !QuantizedWeight.isState(value.name ?? "") else { continue }
      let block = (value.name ?? "").component(of: list)
      if let block, places[block] == nil {
        places[block] = modules.count
        modules.append(Module(path: String(block), parameters: []))
      }
      let module = block.flatMap { places[$0] } ?? 0
      owners[index] = module
      modules[module].parameters.append(index)
    }
    var calls: [Call] = []
    for (section, segment) in graph.segments.enumerated() {
      let used = Set(
        graph.operators[segment.operators].flatMap(\.inputs).compactMap { owners[graph[$0].owner.index] })
      guard used.count == 1, let module = used.first, module > 0 else { continue }
      // One that lies in another stands before it.
      calls.removeAll { segment.operators.contains($0.operators.lowerBound) && $0.module == module }
      calls.append(
        Call(
          module: module, operators: segment.operators, arguments: segment.arguments,
          results: [segment.result] + segment.sideResults))
      modules[module].section = section
    }
    guard modules.dropFirst().allSatisfy({ $0.section != nil }) else { return nil }
    let whole = Call(
      module: 0, operators: 0..<graph.operators.count, arguments: [], results: graph.loss.map { [$0] } ?? [])
    add([whole] + calls)
  }

  init(modules: [Module]) { self.modules = modules }

  /// Adds calls, outer ones first.
  mutating func add(_ calls: [Call]) {
    for call in calls where !call.operators.isEmpty {
      beginning[call.operators.lowerBound, default: []].append(call)
      ending[call.operators.upperBound - 1, default: []].insert(call, at: 0)
    }
  }

  /// What the paths of the most blocks begin with, up to their number; empty where there are none.
  private static func longestList(_ graph: Graph) -> Substring {
    var lengths: [Substring: Int] = [:]
    var best: Substring = ""
    var names: [Substring] = []
    for case let name? in graph.values.lazy.filter({ $0.origin != .intermediate }).map(\.name) {
      for (list, number) in name.numberedPrefixes {
        if lengths[list] == nil { names.append(list) }
        lengths[list] = max(lengths[list] ?? 0, number + 1)
      }
    }
    for list in names where lengths[list] ?? 0 > lengths[best] ?? 0 { best = list }
    return best
  }
}

extension String {
  /// Each part of a path that ends before a number, and the number: `model.layers` and 3.
  fileprivate var numberedPrefixes: [(list: Substring, number: Int)] {
    var result: [(Substring, Int)] = []
    for part in split(separator: ".") {
      guard let number = Int(part), number >= 0, number < 1 << 20, part.startIndex > startIndex else { continue }
      result.append((self[..<index(before: part.startIndex)], number))
    }
    return result
  }

  /// The path of the block of a list that this path lies in.
  fileprivate func component(of list: Substring) -> Substring? {
    guard !list.isEmpty, hasPrefix(list), dropFirst(list.count).first == "." else { return nil }
    let number = dropFirst(list.count + 1).prefix { $0 != "." }
    return Int(number) == nil ? nil : self[..<number.endIndex]
  }
}
