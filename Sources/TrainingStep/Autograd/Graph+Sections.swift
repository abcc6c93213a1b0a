internal import Graph

extension Graph {
  /// The stretch that each operator belongs to, and the one that each parameter and buffer is first used in; nil outside
  /// of all.
  var sections: (values: [Int?], operators: [Int?]) {
    var operators = [Int?](repeating: nil, count: self.operators.count)
    for (section, segment) in segments.enumerated() {
      for place in segment.operators { operators[place] = section }
    }
    var values = [Int?](repeating: nil, count: self.values.count)
    var isUsed = [Bool](repeating: false, count: self.values.count)
    for (place, operation) in self.operators.enumerated() {
      for input in operation.inputs where !isUsed[self[input].owner.index] {
        isUsed[self[input].owner.index] = true
        values[self[input].owner.index] = operators[place]
      }
    }
    // A parameter that is never used belongs to the layer in whose path it lies.
    var layers: [Substring: Int] = [:]
    for (index, value) in self.values.enumerated() where values[index] != nil {
      if let layer = value.name?.layerPath { layers[layer] = values[index] }
    }
    for (index, value) in self.values.enumerated() where !isUsed[index] && value.owner.index == index {
      if let layer = value.name?.layerPath { values[index] = layers[layer] }
    }
    return (values, operators)
  }
}

extension String {
  /// What leads to the first number in a path: `model.layers.3`.
  fileprivate var layerPath: Substring? {
    var start = startIndex
    while start < endIndex {
      let end = self[start...].firstIndex(of: ".") ?? endIndex
      if start < end, self[start..<end].allSatisfy(\.isNumber) { return self[..<end] }
      guard end < endIndex else { return nil }
      start = index(after: end)
    }
    return nil
  }
}
