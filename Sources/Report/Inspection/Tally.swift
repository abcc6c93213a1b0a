internal import Checkpoint
internal import Units

/// What a group of tensors comes to.
struct Tally {
  var tensors = 0
  /// Elements as stored; packed storage counts its words.
  var elements = 0
  var bytes = 0
  /// The types that occur, in the order in which they were met.
  var dataTypes: [DataType] = []

  mutating func add(_ tensor: StoredTensor) {
    tensors += 1
    elements = Tally.sum(elements, tensor.shape.elementCount?.count ?? .max)
    bytes = Tally.sum(bytes, tensor.range.length)
    if dataTypes.last != tensor.dataType, !dataTypes.contains(tensor.dataType) { dataTypes.append(tensor.dataType) }
  }

  /// Holes cost nothing, so files can claim sizes whose sum passes 2^63: such a sum stays at the largest number.
  static func sum(_ left: Int, _ right: Int) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
