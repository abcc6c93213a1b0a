package import Checkpoint
package import Units

/// The parameters that a weight set holds, by what they are for.
package struct ParameterTally: Sendable {
  /// Elements of each part as the model sees them; packed weights unpacked where their shapes are known.
  package private(set) var elements: [Component: Int] = [:]
  /// Of these, biases.
  package private(set) var biases: [Component: Int] = [:]
  /// Of these, parameters of the blocks that predict further tokens.
  package private(set) var tokens: [Component: Int] = [:]
  /// What lies beside parameters: scales, masks and other helpers.
  package private(set) var helperBytes = 0
  package private(set) var helpers = 0
  /// What is stored in each type, packed words apart.
  package private(set) var types: [DataType: Tally] = [:]
  package private(set) var packed = Packed()

  package struct Packed: Hashable, Sendable {
    package var tensors = 0
    package var elements = 0
    package var bytes = 0
  }

  package init(_ weights: WeightSet, _ description: ModelDescription) {
    let extra = description.multiTokenPrediction?.layers.map { $0.path + "." } ?? []
    for (index, tensor) in weights.tensors.enumerated() where description.placements.indices.contains(index) {
      let placement = description.placements[index]
      guard placement.isParameter else {
        helpers += 1
        helperBytes = Tally.sum(helperBytes, tensor.range.length)
        continue
      }
      let packed = description.packedElements[index]
      guard let count = packed ?? tensor.shape.elementCount?.count else { continue }
      elements[placement.component] = Tally.sum(elements[placement.component] ?? 0, count)
      if tensor.name.hasSuffix(".bias") { biases[placement.component, default: 0] += count }
      if extra.contains(where: { tensor.name.hasPrefix($0) }) { tokens[placement.component, default: 0] += count }
      if packed != nil {
        self.packed.tensors += 1
        self.packed.elements = Tally.sum(self.packed.elements, count)
        self.packed.bytes = Tally.sum(self.packed.bytes, tensor.range.length)
      } else {
        types[tensor.dataType, default: Tally()].add(tensor)
      }
    }
  }
}

extension ModelDescription {
  /// Elements of every module that plays one of these parts, in whatever column.
  package func elements(of roles: Set<Role>) -> Int {
    let columns =
      [layers.map(\.modules), [modules], otherStacks.map(\.modules)] + otherStacks.map { $0.layers.map(\.modules) }
    return columns.joined().reduce(0) { total, modules in
      modules.reduce(total) { sum, entry in
        guard roles.contains(entry.key) else { return sum }
        let sizes = [entry.value.weight, entry.value.bias].compactMap { $0?.elementCount?.count }
        return sizes.reduce(sum, Tally.sum)
      }
    }
  }
}
