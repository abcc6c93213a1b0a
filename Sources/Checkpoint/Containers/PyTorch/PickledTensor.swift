internal import Units

/// A tensor as a pickle describes it: a view of a storage that lies beside the pickle.
struct PickledTensor: Hashable {
  /// The name of the storage's entry in the archive.
  var storage: String
  /// What the storage is said to hold, in bytes.
  var storageLength: Int
  var dataType: DataType
  /// In elements.
  var offset: Int
  var shape: Shape
  var strides: [Int]

  /// The bytes that an element takes.
  var width: Int { dataType.bitWidth / 8 }

  /// The bytes of the storage from its first element up to its last; nil where that passes the storage's end.
  var range: Range<Int>? {
    guard let count = shape.elementCount?.count else { return nil }
    var last = 0
    if count > 0 {
      for (extent, stride) in zip(shape.dimensions, strides) {
        let (reach, overflows) = (extent - 1).multipliedReportingOverflow(by: stride)
        let (sum, passes) = last.addingReportingOverflow(reach)
        guard !overflows, !passes else { return nil }
        last = sum
      }
    }
    let elements = count == 0 ? 0 : last + 1
    let (first, overflows) = offset.multipliedReportingOverflow(by: width)
    guard last < .max, !overflows, first <= storageLength else { return nil }
    guard elements <= (storageLength - first) / width else { return nil }
    return first..<(first + elements * width)
  }
}
