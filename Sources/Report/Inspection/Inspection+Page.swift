internal import Architecture
internal import Checkpoint
internal import Units

extension Inspection {
  package var page: Page {
    var blocks: [Page.Block] = [.heading(checkpoint.path), .facts(facts)]
    if weightSet != nil { blocks.append(.table(table)) }
    let noteworthy = findings.filter { $0.severity > .note }
    if !noteworthy.isEmpty { blocks.append(.findings(noteworthy)) }
    return Page(blocks)
  }

  private var facts: [Page.Fact] {
    var facts: [Page.Fact] = []
    func add<Value>(_ label: String, _ fact: Sourced<Value>?, _ cell: (Value) -> Cell) {
      if let fact { facts.append(Page.Fact(label, cell(fact.value), fact.provenance, note: fact.source)) }
    }
    if let description {
      let architectures = checkpoint.configuration?.strings("architectures") ?? []
      facts.append(
        Page.Fact(
          "family", .text(description.family),
          note: description.isRecognised
            ? architectures.first
            : description.architectureFile.map { "as \($0) says" } ?? "not recognised: roles are guessed"))
      facts.append(
        Page.Fact(
          "parameters", Cell(description.parameterCount?.value), description.parameterCount?.provenance,
          note: description.parameterCount?.source ?? "packed storage hides them; plimsoll audit names the scheme"))
      for scheme in description.quantizedStorage?.schemes ?? [] { facts.append(Self.fact(of: scheme)) }
    }
    if let weightSet {
      let types = bytesByDataType.map { "\($0.dataType.rawValue) \(ByteCount($0.bytes).description)" }
      facts.append(
        Page.Fact(
          "stored", .bytes(ByteCount(total.bytes)), .exact,
          note: bytesByDataType.count == 1
            ? bytesByDataType.first?.dataType.rawValue : types.joined(separator: ", ")))
      if let bits = description?.quantizedStorage?.bitsPerParameter {
        facts.append(
          Page.Fact(
            "bits a parameter", .text(QuantizedStorage.twoPlaces(bits)), .derived, note: "over the whole model"))
      }
      facts.append(
        Page.Fact(
          "tensors", .count(total.tensors), .exact,
          note: weightSet.files.count == 1 ? weightSet.files.first : "in \(weightSet.files.count) files"))
    } else {
      facts.append(Page.Fact("tensors", .unknown, note: "no weights here"))
    }
    if let description {
      add("layers", description.layerCount) { .count($0) }
      add("hidden size", description.hiddenSize) { .count($0) }
      add("intermediate size", description.intermediateSize) { .count($0) }
      add("heads", description.headCount) { .count($0) }
      add("key-value heads", description.keyValueHeadCount) { .count($0) }
      add("head dimension", description.headDimension) { .count($0) }
      add("experts", description.expertCount) { .count($0) }
      add("vocabulary", description.vocabularySize) { .count($0) }
      add("positions", description.maximumPositions) { .count($0) }
      add("tied embeddings", description.tiedEmbeddings) { .text($0 ? "yes" : "no") }
    }
    for other in checkpoint.weightSets.dropFirst() {
      let bytes = other.tensors.reduce(into: Tally()) { $0.add($1) }.bytes
      facts.append(
        Page.Fact(
          "also here", .bytes(ByteCount(bytes)), .exact,
          note: "\(other.label), another copy (\(other.tensors.count) tensors), not counted above"))
    }
    return facts
  }

  /// The elements that one scheme quantises, and what each takes.
  private static func fact(of scheme: QuantizedStorage.Scheme) -> Page.Fact {
    let bits = scheme.bitsText.map { ", \($0) bits an element" } ?? ""
    let weights = scheme.weights == 1 ? "1 weight" : "\(scheme.weights) weights"
    let helpers = scheme.helperTensors > 0 ? " with \(ByteCount(scheme.helperBytes)) of scales and the like" : ""
    return Page.Fact(
      "quantised", Cell(scheme.elements), scheme.elements == nil ? nil : .derived,
      note: "\(scheme.method): \(weights)\(bits)\(helpers)")
  }

  private var table: Table {
    switch grouping {
    case .pattern: patternTable
    case .tensor: tensorTable
    case .layer, .component, .dtype, .shard: groupTable
    }
  }

  private var patternTable: Table {
    Table(
      columns: [
        .init("Tensors", key: "pattern", isFlexible: true), .init("Count", key: "count", .right),
        .init("Shape", key: "shape"), .init("Dtype", key: "dtype"), .init("Elements", key: "elements", .right),
        .init("Size", key: "bytes", .right),
      ],
      rows: names.patterns.map { pattern in
        [
          .text(pattern.text), .count(pattern.tally.tensors), .text(pattern.shapeText),
          .text(pattern.dataType.rawValue), .count(pattern.tally.elements), .bytes(ByteCount(pattern.tally.bytes)),
        ]
      },
      total: [
        .text("total"), .count(total.tensors), .empty, .empty, .count(total.elements),
        .bytes(ByteCount(total.bytes)),
      ])
  }

  private var tensorTable: Table {
    Table(
      columns: [
        .init("Tensor", key: "name", isFlexible: true), .init("Dtype", key: "dtype"), .init("Shape", key: "shape"),
        .init("Logical shape", key: "logicalShape"), .init("Elements", key: "elements", .right),
        .init("Size", key: "bytes", .right), .init("Component", key: "component"), .init("Layer", key: "layer", .right),
        .init("File", key: "file", isFlexible: true), .init("Offset", key: "offset", .right),
      ],
      rows: tensors.indices.map { index in
        let tensor = tensors[index]
        let placement = placement(index)
        return [
          .text(tensor.name), .text(tensor.dataType.rawValue), .text(tensor.shape.description),
          logicalShape(index).map { .text($0.description) } ?? .unknown, Cell(tensor.shape.elementCount?.count),
          .bytes(ByteCount(tensor.range.length)), placement.map { .text($0.component.rawValue) } ?? .unknown,
          placement?.layer.map(Cell.index) ?? .empty, .text(file(tensor)), .index(tensor.range.offset),
        ]
      },
      total: [
        .text("total"), .empty, .empty, .empty, .count(total.elements), .bytes(ByteCount(total.bytes)), .empty,
        .empty, .empty, .empty,
      ])
  }

  private var groupTable: Table {
    let title = grouping == .dtype ? "Dtype" : grouping.rawValue.prefix(1).uppercased() + grouping.rawValue.dropFirst()
    return Table(
      columns: [
        .init(title, key: grouping.rawValue, isFlexible: true), .init("Tensors", key: "tensors", .right),
        .init("Dtypes", key: "dtypes"), .init("Elements", key: "elements", .right),
        .init("Size", key: "bytes", .right),
      ],
      rows: groups.map { group in
        [
          .text(group.label), .count(group.tally.tensors),
          .text(group.tally.dataTypes.map(\.rawValue).joined(separator: " ")), .count(group.tally.elements),
          .bytes(ByteCount(group.tally.bytes)),
        ]
      },
      total: [
        .text("total"), .count(total.tensors), .empty, .count(total.elements), .bytes(ByteCount(total.bytes)),
      ])
  }
}
