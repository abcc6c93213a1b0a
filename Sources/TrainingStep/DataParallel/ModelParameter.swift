internal import Graph
internal import Units

/// A parameter of the whole model, where the graph may have one layer for several.
struct ModelParameter {
  /// Its place among the graph's values, or that of the one that stands for it.
  var place: Int
  /// A number of its own.
  var key: Int
  var shape: Shape
  var dataType: DataType
  var trains: Bool

  var count: Int { shape.elementCount?.count ?? 0 }
  var bytes: ByteCount { Tensor.bytes(shape, dataType) }
}

extension Graph {
  /// Every parameter in the model's order; those of layers that were left out stand behind those that they are like.
  func parameters(repeating layers: LayerRepetition?) -> [ModelParameter] {
    let sections = sections.values
    var result: [ModelParameter] = []
    // What adapters add stands behind all layers, again layer by layer.
    var repeated: [ModelParameter] = []
    var key = values.count
    func addCopies() {
      for _ in 0..<(layers?.copies ?? 0) {
        for parameter in repeated {
          var copy = parameter
          copy.key = key
          key += 1
          result.append(copy)
        }
      }
      repeated = []
    }
    for (place, value) in values.enumerated() where value.owner.index == place {
      guard case .parameter(let trains) = value.origin else { continue }
      let parameter = ModelParameter(
        place: place, key: place, shape: value.layout.shape, dataType: value.dataType, trains: trains)
      if let section = sections[place], layers?.part(section) == .second {
        repeated.append(parameter)
      } else {
        addCopies()
      }
      result.append(parameter)
    }
    addCopies()
    return result
  }
}
