internal import Graph
public import Units

/// A tensor of an ONNX file that training would change.
public struct GraphWeight: Sendable {
  /// The name in the file.
  public var storedName: String
  /// The parameter that it is, by the module that reads it: `model.layers.3.mlp.up_proj.weight`.
  public var name: String
  public var dataType: DataType
  public var shape: Shape
  /// The shape that the module gives it: a linear layer's weight is [out, in], whichever way the graph multiplies.
  public var moduleShape: Shape
  public var definition: TensorDefinition
}

/// The weights of a model, and what else of its tensors is none.
public struct GraphWeights: Sendable {
  public var weights: [GraphWeight] = []
  /// Numbers that are no weights: shapes, bounds, masks, tables of positions.
  public var constantCount = 0
  public var constantBytes = ByteCount.zero
  /// Whether a table whose rows are looked up is multiplied by, too: the embedding is the head.
  public var tiesEmbeddings = false
  /// How many weights are named after the module that reads them, since the file has no name of its own for them.
  public var renamedCount = 0
  /// How many are named after their place in a repeated stretch of the graph.
  public var repeatedCount = 0

  public init(_ model: Model, _ analysis: GraphAnalysis) {
    let graph = analysis.graph
    let use = WeightUse(graph)
    let held = Self.held(by: model, graph)
    var found: [(place: Int, definition: TensorDefinition)] = []
    for (place, definition) in held {
      if use.readers[place] != nil {
        found.append((place, definition))
      } else {
        constantCount += 1
        constantBytes += definition.bytes
      }
    }
    let names = WeightNames(graph, use)
    let positions = RepeatedWeights(found.map(\.place), graph, use)
    var taken: Set<String> = []
    tiesEmbeddings = found.contains { use.isLookedUpAndMultiplied($0.place, graph) }
    for (place, definition) in found {
      guard let dataType = definition.dataType else { continue }
      var name = graph.values[place].name
      if let table = names.table(for: place), table != name {
        name = table
        renamedCount += 1
      } else if !WeightNames.isOwn(name) {
        if let derived = names.derived(for: place, definition.shape) {
          name = derived
          renamedCount += 1
        } else if let derived = positions.name(of: place) {
          name = derived
          repeatedCount += 1
        }
      }
      // Two copies of one parameter, such as a head that was tied, keep apart.
      if !taken.insert(name).inserted {
        name = graph.values[place].name
        taken.insert(name)
      }
      weights.append(
        GraphWeight(
          storedName: graph.values[place].name, name: name, dataType: dataType, shape: definition.shape,
          moduleShape: names.isLinear(place) ? definition.shape.swapped : definition.shape, definition: definition))
    }
  }

  /// The tensors that the model's own graph holds, as initializers and as constants, by their places among the values.
  private static func held(by model: Model, _ graph: InferredGraph) -> [(Int, TensorDefinition)] {
    var places: [String: Int] = [:]
    for (place, value) in graph.values.enumerated() where places[value.name] == nil { places[value.name] = place }
    var held: [(Int, TensorDefinition)] = []
    for tensor in model.graph.initializers { if let place = places[tensor.name] { held.append((place, tensor)) } }
    for step in graph.steps {
      let node = graph.nodes[step.node]
      guard node.isConstant, let place = step.writes.first.flatMap({ $0 }) else { continue }
      for case .tensor(let tensor) in node.attributes.map(\.value) { held.append((place, tensor)) }
    }
    return held
  }
}

extension TensorDefinition {
  /// What the elements take, packed; zero for text and for types that are not known.
  package var bytes: ByteCount {
    guard let dataType, let count = sparse ?? shape.elementCount else { return .zero }
    let (bits, overflow) = count.count.multipliedReportingOverflow(by: dataType.bitWidth)
    return overflow ? .zero : ByteCount(bits / 8 + (bits % 8 == 0 ? 0 : 1))
  }
}

extension Shape {
  /// A matrix read the other way; any other shape as it is.
  fileprivate var swapped: Shape { rank == 2 ? [self[1], self[0]] : self }
}
