package import Architecture
package import Checkpoint
internal import TrainingStep
internal import Units

/// One checkpoint beside another: a base and what was made of it, or two quantisations.
package struct CheckpointComparison: Sendable {
  /// One of the two.
  package struct Side: Sendable {
    package var weights: WeightSet
    package var description: ModelDescription

    package init(_ weights: WeightSet, _ description: ModelDescription) {
      self.weights = weights
      self.description = description
    }
  }

  let first: Side
  let second: Side

  package init(_ first: Side, _ second: Side) {
    self.first = first
    self.second = second
  }

  /// What the models are; facts that neither has are left out.
  package var structure: [ComparisonRow] {
    func row(_ quantity: String, _ value: (Side) -> ComparisonRow.Value) -> ComparisonRow {
      ComparisonRow(.model, quantity, value(first), value(second))
    }
    func count(_ quantity: String, _ fact: @escaping (ModelDescription) -> Int?) -> ComparisonRow {
      row(quantity) { fact($0.description).map { .count($0) } ?? .none }
    }
    let rows = [
      row("family") { .text($0.description.family) },
      count("layers") { $0.layerCount?.value }, count("hidden size") { $0.hiddenSize?.value },
      count("intermediate size") { $0.intermediateSize?.value }, count("heads") { $0.headCount?.value },
      count("key-value heads") { $0.keyValueHeadCount?.value }, count("head dimension") { $0.headDimension?.value },
      count("experts") { $0.expertCount?.value }, count("vocabulary") { $0.vocabularySize?.value },
      count("positions") { $0.maximumPositions?.value },
      row("tied embeddings") { $0.description.tiedEmbeddings.map { .text($0.value ? "yes" : "no") } ?? .none },
    ]
    return rows.filter { $0.first != .none || $0.second != .none } + parameters
  }

  private var parameters: [ComparisonRow] {
    let tallies = (ParameterTally(first.weights, first.description), ParameterTally(second.weights, second.description))
    let parts = Component.allCases.compactMap { component -> ComparisonRow.Cause? in
      let (left, right) = (tallies.0.elements[component] ?? 0, tallies.1.elements[component] ?? 0)
      return left == right ? nil : ComparisonRow.Cause(component.rawValue, right - left)
    }
    func total(_ side: Side) -> ComparisonRow.Value {
      side.description.parameterCount.map { .count($0.value) } ?? .none
    }
    return [ComparisonRow(.parameters, "parameters", total(first), total(second), parts)]
  }

  /// What is stored, and which tensors one side alone has or has otherwise.
  package var storage: [ComparisonRow] {
    let sides = [first, second].map { side in
      Dictionary(side.weights.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }
    var types: [DataType: (Int, Int)] = [:]
    for tensor in first.weights.tensors { types[tensor.dataType, default: (0, 0)].0 += tensor.range.length }
    for tensor in second.weights.tensors { types[tensor.dataType, default: (0, 0)].1 += tensor.range.length }
    let causes = types.sorted { $0.key.rawValue < $1.key.rawValue }
      .map { ComparisonRow.Cause("in \($0.key.rawValue)", $0.value.1 - $0.value.0) }
    func total(_ side: Side) -> ComparisonRow.Value {
      .bytes(ByteCount(side.weights.tensors.reduce(0) { Tally.sum($0, $1.range.length) }))
    }
    let onlyFirst = first.weights.tensors.filter { sides[1][$0.name] == nil }
    let onlySecond = second.weights.tensors.filter { sides[0][$0.name] == nil }
    let both = first.weights.tensors.compactMap { tensor in sides[1][tensor.name].map { (tensor, $0) } }
    return [
      ComparisonRow(.storage, "bytes stored", total(first), total(second), causes),
      ComparisonRow(
        .storage, "tensors", .count(first.weights.tensors.count), .count(second.weights.tensors.count)),
      ComparisonRow(
        .storage, "tensors of one side alone", .count(onlyFirst.count), .count(onlySecond.count),
        [examples(onlyFirst.map(\.name)), examples(onlySecond.map(\.name))].compactMap(\.self)),
      differing("tensors of other shapes", both.filter { $0.0.shape != $0.1.shape }) { "\($0.shape)" },
      differing("tensors of other types", both.filter { $0.0.dataType != $0.1.dataType }) { $0.dataType.rawValue },
    ].filter { $0.first != .count(0) || $0.second != .count(0) }
  }

  private func differing(
    _ quantity: String, _ pairs: [(StoredTensor, StoredTensor)], _ what: (StoredTensor) -> String
  ) -> ComparisonRow {
    let example = pairs.first.map { "\($0.0.name): \(what($0.0)) and \(what($0.1))" }
    return ComparisonRow(
      .storage, quantity, .count(pairs.count), .count(pairs.count), example.map { [ComparisonRow.Cause($0)] } ?? [])
  }

  private func examples(_ names: [String]) -> ComparisonRow.Cause? {
    guard let name = names.first else { return nil }
    return ComparisonRow.Cause(names.count > 1 ? "\(name) and \(names.count - 1) others" : name)
  }

  /// The cost of one workload for both.
  package static func memory(_ first: Estimate, _ second: Estimate) -> [ComparisonRow] {
    var rows: [ComparisonRow] = []
    var parts: [ComparisonRow.Cause] = []
    for category in Category.allCases where first.atPeak[category] != nil || second.atPeak[category] != nil {
      let (left, right) = (first.atPeak[category] ?? .zero, second.atPeak[category] ?? .zero)
      rows.append(ComparisonRow(.memory, "at the peak: \(category.title)", .bytes(left), .bytes(right)))
      parts.append(ComparisonRow.Cause(category.title, right.bytes - left.bytes))
    }
    rows.append(ComparisonRow(.memory, "peak allocated", .bytes(first.peak), .bytes(second.peak), parts))
    rows.append(ComparisonRow(.memory, "peak reserved", .bytes(first.reserved), .bytes(second.reserved)))
    rows.append(ComparisonRow(.memory, "between steps", .bytes(first.resident), .bytes(second.resident)))
    return rows
  }
}
