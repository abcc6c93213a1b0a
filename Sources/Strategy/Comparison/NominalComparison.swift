package import Architecture
package import Checkpoint
internal import Units

/// What `config.json` alone says of a checkpoint beside what is in the files, row by row.
package struct NominalComparison: Sendable {
  let nominal: NominalModel
  let weights: WeightSet
  let description: ModelDescription
  let tally: ParameterTally

  package init(_ nominal: NominalModel, _ weights: WeightSet, _ description: ModelDescription) {
    self.nominal = nominal
    self.weights = weights
    self.description = description
    tally = ParameterTally(weights, description)
  }

  /// Whether the files hold a head of their own although the loaded model has one tensor for both.
  var hasTiedCopy: Bool {
    description.tiedEmbeddings?.value == true && description.modules[.head]?.weight != nil
      && description.modules[.inputEmbedding]?.weight != nil
  }

  var tiedCopy: Int { hasTiedCopy ? elements(description.modules[.head]) : 0 }

  func elements(_ module: ModuleParameters?) -> Int { module?.weight?.elementCount?.count ?? 0 }

  // MARK: - Parameters

  /// A row for each part of the model, and the sums.
  package var parameters: [ComparisonRow] {
    var rows: [ComparisonRow] = []
    var parts: [ComparisonRow.Cause] = []
    let said = nominal.parameters
    for component in Component.allCases {
      let (first, second) = (said[component] ?? 0, tally.elements[component] ?? 0)
      guard first != 0 || second != 0 else { continue }
      parts.append(ComparisonRow.Cause(component.rawValue, second - first))
      rows.append(
        ComparisonRow(
          .parameters, "parameters: \(component.rawValue)", .count(first), .count(second),
          first == second
            ? []
            : causes(component) + [ComparisonRow.Cause("multi-token prediction", tally.tokens[component] ?? 0)]
        ).completed(rest(component)))
    }
    let total = ComparisonRow(
      .parameters, "parameters", .count(nominal.parameterCount),
      description.parameterCount.map { .count($0.value) } ?? .none,
      parts)
    rows.append(total)
    if let stored = description.parameterCount?.value {
      rows.append(
        ComparisonRow(
          .parameters, "parameters in memory", .count(nominal.parameterCount), .count(stored - tiedCopy),
          [
            ComparisonRow.Cause("in the files", stored - nominal.parameterCount),
            ComparisonRow.Cause("the copy of the tied head is not loaded", -tiedCopy),
          ]))
    }
    return rows
  }

  private func causes(_ component: Component) -> [ComparisonRow.Cause] {
    let bias = ComparisonRow.Cause("biases", tally.biases[component] ?? 0)
    switch component {
    case .embedding: return embeddingCauses
    case .norm:
      return [
        bias, ComparisonRow.Cause("norms of queries and keys", description.elements(of: [.queryNorm, .keyNorm])),
      ]
    case .head: return headCauses
    case .experts:
      let shared: Set<Role> = [.sharedExpertGate, .sharedExpertUp, .sharedExpertDown, .sharedExpertWeight]
      return [bias, ComparisonRow.Cause("experts that every token passes", description.elements(of: shared))]
    case .mlp where nominal.experts != nil: return [ComparisonRow.Cause("layers without experts", tally.elements[.mlp])]
    case .mlp: return [bias, widthCause].compactMap(\.self)
    case .attention: return [bias]
    case .vision: return [ComparisonRow.Cause("a tower that the formulas leave out", tally.elements[.vision])]
    case .adapter: return [ComparisonRow.Cause("adapters", tally.elements[.adapter])]
    case .quantization, .buffer, .other: return []
    }
  }

  private func rest(_ component: Component) -> String {
    switch component {
    case .norm: "more or fewer norms than two a layer and the last"
    case .attention: "projections of other sizes than hidden size and heads say"
    case .mlp, .experts: "matrices of other sizes, or in other layers, than the configuration says"
    case .other: "parameters that no formula knows"
    default: "modules that the formulas do not know"
    }
  }

  private var widthCause: ComparisonRow.Cause? {
    guard let width = description.intermediateSize?.value, width != nominal.intermediate else { return nil }
    let matrices = (nominal.layers + nominal.decoderLayers) * (nominal.isGated ? 3 : 2) * nominal.hidden
    return ComparisonRow.Cause(
      "an intermediate size of \(width) in place of \(nominal.intermediate)", matrices * (width - nominal.intermediate))
  }

  private var embeddingCauses: [ComparisonRow.Cause] {
    var causes: [ComparisonRow.Cause] = []
    if let table = description.modules[.inputEmbedding]?.weight, table.rank == 2, let said = nominal.vocabulary {
      if table[0] != said {
        let word = table[0] > said ? "padded" : "cut"
        causes.append(
          ComparisonRow.Cause("vocabulary \(word) from \(said) to \(table[0])", (table[0] - said) * nominal.hidden))
      }
      causes.append(
        ComparisonRow.Cause("rows of \(table[1]) in place of \(nominal.hidden)", table[0] * (table[1] - nominal.hidden))
      )
    }
    for (role, what) in Self.tables {
      causes.append(ComparisonRow.Cause(what, description.elements(of: [role])))
    }
    return causes
  }

  private static let tables: [(Role, String)] = [
    (.positionEmbedding, "a table of positions"), (.tokenTypeEmbedding, "a table of token types"),
    (.relativeEmbedding, "embeddings of distances"), (.embeddingProjection, "projections behind the embedding"),
    (.patchEmbedding, "the cut into patches"),
  ]

  private var headCauses: [ComparisonRow.Cause] {
    let stored = elements(description.modules[.head])
    var causes: [ComparisonRow.Cause] = []
    if nominal.isTied, stored > 0 {
      causes.append(ComparisonRow.Cause("a copy of the tied head is stored", stored))
    } else if !nominal.isTied, stored == 0 {
      causes.append(
        ComparisonRow.Cause("no matrix over the vocabulary is stored", -(nominal.vocabulary ?? 0) * nominal.hidden))
    } else if let matrix = description.modules[.head]?.weight, let said = nominal.vocabulary, matrix.rank == 2,
      matrix[0] != said
    {
      let word = matrix[0] > said ? "padded" : "cut"
      causes.append(
        ComparisonRow.Cause("vocabulary \(word) from \(said) to \(matrix[0])", stored - said * nominal.hidden))
    }
    causes.append(ComparisonRow.Cause("biases", tally.biases[.head] ?? 0))
    return causes
  }

  // MARK: - Storage

  /// The bytes of all tensors beside the parameters in the type that the configuration declares.
  package var storage: [ComparisonRow] {
    let declared = nominal.dataType
    let (first, second) = (nominal.parameterCount, weights.tensors.reduce(0) { Tally.sum($0, $1.range.length) })
    let known = tally.elements.values.reduce(0, Tally.sum)
    func bytes(_ elements: Int, _ type: DataType) -> Int {
      Int((Double(elements) * Double(type.bitWidth) / 8).rounded(.up))
    }
    var causes = [
      ComparisonRow.Cause("\(known > first ? "more" : "fewer") parameters", bytes(known - first, declared))
    ]
    for (type, stored) in tally.types.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where type != declared {
      causes.append(
        ComparisonRow.Cause(
          "\(stored.tensors) tensors in \(type.rawValue) in place of \(declared.rawValue)",
          stored.bytes - bytes(stored.elements, declared)))
    }
    if tally.packed.tensors > 0 {
      causes.append(
        ComparisonRow.Cause(
          "\(tally.packed.tensors) packed weights", tally.packed.bytes - bytes(tally.packed.elements, declared)))
    }
    causes.append(ComparisonRow.Cause("\(tally.helpers) tensors that are no parameters", tally.helperBytes))
    return [
      ComparisonRow(
        .storage, "bytes stored", .bytes(ByteCount(bytes(first, declared))), .bytes(ByteCount(second)), causes
      ).completed("storage that no rule explains")
    ]
  }
}
