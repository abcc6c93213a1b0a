internal import Units

extension WeightSet {
  /// The tensor of this name; tensors lie in the natural order of their names.
  package func tensor(named name: String) -> StoredTensor? {
    var low = 0
    var high = tensors.count
    while low < high {
      let middle = (low + high) / 2
      if NaturalOrder.precedes(tensors[middle].name, name) { low = middle + 1 } else { high = middle }
    }
    return low < tensors.count && tensors[low].name == name ? tensors[low] : nil
  }
}

extension Checkpoint {
  /// Whether the folder holds a file of this name.
  package func hasFile(_ name: String) -> Bool { isFolder(path) && exists(joined(path, name)) }
}
