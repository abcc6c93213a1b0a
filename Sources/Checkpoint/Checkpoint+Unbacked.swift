internal import Units

extension Checkpoint {
  /// The tensors of an index none of whose shards is there, to hold their names against the configuration; nil for any
  /// other checkpoint. Shapes are empty, and types are what the names of a tensor's neighbours let expect.
  package var unbackedWeightSet: WeightSet? {
    guard weightSets.isEmpty, !unbackedTensorNames.isEmpty else { return nil }
    let names = Set(unbackedTensorNames)
    let tensors = unbackedTensorNames.map { name in
      StoredTensor(
        name: name, dataType: Self.expectedType(of: name, among: names), shape: [], fileIndex: 0,
        range: FileRange(offset: 0, length: 0))
    }
    return WeightSet(label: "the index", kind: .model, files: [], tensors: tensors)
  }

  private static func expectedType(of name: String, among names: Set<String>) -> DataType {
    let leaf = name.split(separator: ".").last ?? ""
    let parent = name.dropLast(leaf.count)
    func has(_ sibling: String) -> Bool { names.contains(parent + sibling) }
    switch leaf {
    case "weight" where has("SCB"): return .int8
    case "weight" where has("weight.absmax"): return .uint8
    case "weight" where has("scales"): return .uint32
    case "qweight", "qzeros", "g_idx", "weight_packed": return .int32
    default: return leaf.hasSuffix("_blocks") ? .uint8 : .float16
    }
  }
}
