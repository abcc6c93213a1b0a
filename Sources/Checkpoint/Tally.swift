package import Units

/// What a group of tensors comes to.
package struct Tally: Sendable {
  package var tensors = 0
  /// Elements as stored; packed storage counts its words.
  package var elements = 0
  package var bytes = 0
  /// The types that occur, in the order in which they were met.
  package var dataTypes: [DataType] = []

  package init() {}

  package mutating func add(_ tensor: StoredTensor) {
    tensors += 1
    elements = Tally.sum(elements, tensor.shape.elementCount?.count ?? .max)
    bytes = Tally.sum(bytes, tensor.range.length)
    add(tensor.dataType)
  }

  package mutating func add(_ other: Tally) {
    tensors += other.tensors
    elements = Tally.sum(elements, other.elements)
    bytes = Tally.sum(bytes, other.bytes)
    for type in other.dataTypes { add(type) }
  }

  private mutating func add(_ type: DataType) {
    if dataTypes.last != type, !dataTypes.contains(type) { dataTypes.append(type) }
  }

  /// Holes cost nothing, so files can claim sizes whose sum passes 2^63: such a sum stays at the largest number.
  package static func sum(_ left: Int, _ right: Int) -> Int {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
