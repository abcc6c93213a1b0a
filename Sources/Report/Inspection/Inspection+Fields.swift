internal import Architecture
internal import Checkpoint
internal import Units

extension Inspection {
  package var fields: [JSONValue.Field] {
    var fields: [JSONValue.Field] = [
      .init("path", .string(checkpoint.path)),
      .init("weightSet", .init(weightSet?.label)),
      .init("files", .array((weightSet?.files ?? []).map(JSONValue.string))),
      .init("tensorCount", .init(weightSet.map { _ in total.tensors })),
      .init("parameterCount", .init(description?.parameterCount?.value)),
      .init("bytes", .init(weightSet.map { _ in total.bytes })),
      .init(
        "bytesByDtype",
        .object(bytesByDataType.map { JSONValue.Field($0.dataType.rawValue, .integer($0.bytes)) })),
      .init("family", .init(description?.family)),
      .init("modelType", .init(description?.modelType)),
      .init("recognised", .init(description?.isRecognised)),
      .init("architecture", description?.architectureSource ?? .null),
      .init("layerCount", .init(description?.layerCount?.value)),
      .init("hiddenSize", .init(description?.hiddenSize?.value)),
      .init("intermediateSize", .init(description?.intermediateSize?.value)),
      .init("headCount", .init(description?.headCount?.value)),
      .init("keyValueHeadCount", .init(description?.keyValueHeadCount?.value)),
      .init("headDimension", .init(description?.headDimension?.value)),
      .init("expertCount", .init(description?.expertCount?.value)),
      .init("vocabularySize", .init(description?.vocabularySize?.value)),
      .init("maximumPositions", .init(description?.maximumPositions?.value)),
      .init("tiedEmbeddings", .init(description?.tiedEmbeddings?.value)),
      .init("quantization", quantization),
      .init("provenance", .object(provenance)),
    ]
    if checkpoint.weightSets.count > 1 { fields.append(.init("weightSets", weightSets)) }
    fields.append(listing)
    fields.append(.init("findings", .array(findings.map(JSONValue.init))))
    return fields
  }

  /// For each fact that is known: how, and from what.
  private var provenance: [JSONValue.Field] {
    guard let description else { return [] }
    var fields: [JSONValue.Field] = []
    func add<Value>(_ name: String, _ fact: Sourced<Value>?) {
      guard let fact else { return }
      fields.append(.init(name, ["is": .string(fact.provenance.rawValue), "source": .string(fact.source)]))
    }
    add("parameterCount", description.parameterCount)
    add("layerCount", description.layerCount)
    add("hiddenSize", description.hiddenSize)
    add("intermediateSize", description.intermediateSize)
    add("headCount", description.headCount)
    add("keyValueHeadCount", description.keyValueHeadCount)
    add("headDimension", description.headDimension)
    add("expertCount", description.expertCount)
    add("vocabularySize", description.vocabularySize)
    add("maximumPositions", description.maximumPositions)
    add("tiedEmbeddings", description.tiedEmbeddings)
    return fields
  }

  /// What is quantised, all of it and scheme by scheme; null where nothing is.
  private var quantization: JSONValue {
    guard let description, let storage = description.quantizedStorage else { return .null }
    func fields(_ scheme: QuantizedStorage.Scheme) -> [JSONValue.Field] {
      [
        .init("method", .string(scheme.method)), .init("weights", .integer(scheme.weights)),
        .init("elements", .init(scheme.elements)), .init("bitsPerWeight", .init(scheme.bitsPerWeight)),
        .init("weightBytes", .integer(scheme.weightBytes)), .init("helperTensors", .integer(scheme.helperTensors)),
        .init("helperBytes", .integer(scheme.helperBytes)),
      ]
    }
    let stated = weightSet?.statedShapes
    return .object(
      fields(storage.all) + [
        .init("bitsPerParameter", .init(storage.bitsPerParameter)),
        .init("schemes", .array(storage.schemes.map { .object(fields($0)) })),
        .init(
          "valuesRead",
          ["tensors": .integer(stated?.tensorsRead ?? 0), "bytes": .integer(stated?.bytesRead ?? 0)]),
      ])
  }

  private var weightSets: JSONValue {
    .array(
      checkpoint.weightSets.map { set in
        [
          "label": .string(set.label), "kind": .string(set.kind.rawValue),
          "files": .array(set.files.map(JSONValue.string)), "tensorCount": .integer(set.tensors.count),
          "bytes": .integer(set.tensors.reduce(into: Tally()) { $0.add($1) }.bytes),
        ]
      })
  }

  /// The listing under the name of what it lists.
  private var listing: JSONValue.Field {
    switch grouping {
    case .pattern: .init("patterns", .array(names.patterns.map(row)))
    case .tensor: .init("tensors", .rows(JSONRows(tensors.count, row: row)))
    case .layer: .init("layers", .array(groups.map { row($0, under: "path") }))
    case .component: .init("components", .array(groups.map { row($0, under: "component") }))
    case .dtype: .init("dtypes", .array(groups.map { row($0, under: "dtype") }))
    case .shard: .init("shards", .array(groups.map { row($0, under: "file") }))
    }
  }

  private func row(_ pattern: NamePattern) -> JSONValue {
    var fields: [JSONValue.Field] = [
      .init("pattern", .string(pattern.text)), .init("count", .integer(pattern.tally.tensors)),
      .init("dtype", .string(pattern.dataType.rawValue)),
      .init("shape", pattern.shape.map { JSONValue($0.dimensions) } ?? .null),
    ]
    if pattern.shape == nil, let range = pattern.range {
      fields.append(.init("smallest", JSONValue(range.low.dimensions)))
      fields.append(.init("largest", JSONValue(range.high.dimensions)))
    }
    fields.append(.init("elements", .integer(pattern.tally.elements)))
    fields.append(.init("bytes", .integer(pattern.tally.bytes)))
    fields.append(.init("component", .init(placement(pattern.example)?.component.rawValue)))
    return .object(fields)
  }

  @Sendable private func row(_ index: Int) -> [JSONValue.Field] {
    let tensor = tensors[index]
    let placement = placement(index)
    return [
      .init("name", .string(tensor.name)), .init("dtype", .string(tensor.dataType.rawValue)),
      .init("shape", JSONValue(tensor.shape.dimensions)),
      .init("logicalShape", logicalShape(index).map { JSONValue($0.dimensions) } ?? .null),
      .init("file", .string(file(tensor))), .init("offset", .integer(tensor.range.offset)),
      .init("bytes", .integer(tensor.range.length)), .init("component", .init(placement?.component.rawValue)),
      .init("layer", .init(placement?.layer)),
    ]
  }

  private func row(_ group: Group, under name: String) -> JSONValue {
    var fields: [JSONValue.Field] = []
    if grouping == .layer {
      fields.append(.init("layer", .init(group.layer)))
      fields.append(.init(name, group.layer == nil ? .null : .string(group.label)))
    } else {
      fields.append(.init(name, .string(group.label)))
    }
    fields.append(.init("tensorCount", .integer(group.tally.tensors)))
    fields.append(.init("elements", .integer(group.tally.elements)))
    fields.append(.init("bytes", .integer(group.tally.bytes)))
    fields.append(.init("dtypes", .array(group.tally.dataTypes.map { .string($0.rawValue) })))
    return .object(fields)
  }
}
