internal import Graph

// What optimizers want to know about parameters, read from how the forward pass uses them.
extension Graph {
  /// The parameters whose rows are looked up by an index (`nn.Embedding`), by place.
  var embeddingTables: Set<Int> {
    operators.reduce(into: []) { tables, operation in
      if operation.kind == .embedding { tables.insert(parameter(behind: operation.inputs[0])) }
    }
  }

  /// The matrices that are neither an embedding nor the layer whose output the loss is taken of, by place: what Muon is
  /// made for.
  var hiddenMatrices: Set<Int> {
    let outer = embeddingTables.union(headParameters)
    return Set(values.indices.filter { values[$0].layout.shape.rank == 2 && !outer.contains($0) })
  }

  /// The weights of linear layers whose names hold one of these parts, by place.
  func linearWeights(_ parts: [String]) -> Set<Int> {
    operators.reduce(into: []) { weights, operation in
      guard operation.kind == .linear(transposed: false) else { return }
      let weight = parameter(behind: operation.inputs[1])
      let name = values[weight].name ?? ""
      if parts == ["all-linear"] || parts.contains(where: name.contains) { weights.insert(weight) }
    }
  }

  /// The parameters of the last linear layer before the loss.
  private var headParameters: Set<Int> {
    let makers = operators.enumerated().reduce(into: [Int: Int]()) { makers, entry in
      for output in entry.element.outputs { makers[output.index] = entry.offset }
    }
    var next = loss.flatMap { makers[$0.index] }
    while let place = next {
      let operation = operators[place]
      if case .linear = operation.kind { return Set(operation.inputs.dropFirst().map { parameter(behind: $0) }) }
      next = operation.inputs.first.flatMap { makers[$0.index] }
    }
    return []
  }

  /// The value that another is a view or a converted copy of.
  private func parameter(behind value: ValueID) -> Int {
    let owner = self[value].owner
    guard self[owner].origin == .intermediate,
      let cast = operators.first(where: { $0.outputs.first == owner && $0.kind == .cast })
    else { return owner.index }
    return self[cast.inputs[0]].owner.index
  }
}
