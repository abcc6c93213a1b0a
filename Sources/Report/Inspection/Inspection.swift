package import Architecture
package import Checkpoint
internal import Units

/// The answer of `plimsoll inspect`: what a checkpoint holds.
package struct Inspection: Answer {
  package static let command = "inspect"

  /// How the tensors are put together in the listing.
  package enum Grouping: String, CaseIterable, Sendable {
    case pattern, layer, component, dtype, tensor, shard
  }

  let checkpoint: Checkpoint
  /// The weight set that `from_pretrained` would load; nil where the folder holds none.
  let weightSet: WeightSet?
  let description: ModelDescription?
  let grouping: Grouping
  /// The patterns of the weight set's names.
  let names: NamePatterns
  let total: Tally
  let bytesByDataType: [(dataType: DataType, bytes: Int)]

  /// - Parameter description: of the checkpoint's first weight set.
  package init(_ checkpoint: Checkpoint, _ description: ModelDescription?, by grouping: Grouping) {
    self.checkpoint = checkpoint
    self.description = description
    self.grouping = grouping
    weightSet = checkpoint.weightSets.first
    var total = Tally()
    var types: [(dataType: DataType, bytes: Int)] = []
    names = description?.names ?? NamePatterns(weightSet?.tensors ?? [])
    for pattern in names.patterns {
      total.add(pattern.tally)
      if let type = types.firstIndex(where: { $0.dataType == pattern.dataType }) {
        types[type].bytes = Tally.sum(types[type].bytes, pattern.tally.bytes)
      } else {
        types.append((pattern.dataType, pattern.tally.bytes))
      }
    }
    self.total = total
    bytesByDataType = types.sorted { ($1.bytes, $0.dataType.rawValue) < ($0.bytes, $1.dataType.rawValue) }
  }

  var tensors: [StoredTensor] { weightSet?.tensors ?? [] }
  var findings: [Finding] { checkpoint.findings + (description?.findings ?? []) }

  func placement(_ tensor: Int) -> ModelDescription.Placement? {
    guard let placements = description?.placements, placements.indices.contains(tensor) else { return nil }
    return placements[tensor]
  }

  func file(_ tensor: StoredTensor) -> String {
    guard let files = weightSet?.files, files.indices.contains(tensor.fileIndex) else { return "?" }
    return files[tensor.fileIndex]
  }
}

extension Inspection {
  /// The shape that the model sees; nil where packing hides it.
  ///
  /// A parameter stored as words of another type is packed. An 8-bit signed integer is not: int8 quantisation
  /// keeps the shape, and so do the narrow floating-point types, whose headers count elements.
  func logicalShape(_ index: Int) -> Shape? {
    if let packed = description?.packedShapes[index] { return packed }
    let tensor = tensors[index]
    let isPacked = placement(index)?.isParameter == true && !tensor.dataType.isFloatingPoint && tensor.dataType != .int8
    return isPacked ? nil : tensor.shape
  }
}
