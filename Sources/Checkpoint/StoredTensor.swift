public import Units

/// A tensor as its file declares it. Its bytes are not read, but for those of ``StatedShapes``.
public struct StoredTensor: Hashable, Sendable {
  public var name: String
  public var dataType: DataType
  /// The shape in the header; packed storage keeps the shape of its packing.
  public var shape: Shape
  /// Which of the weight set's files holds it.
  public var fileIndex: Int
  /// Where in that file its bytes lie, from the file's beginning.
  public var range: FileRange

  public init(name: String, dataType: DataType, shape: Shape, fileIndex: Int, range: FileRange) {
    self.name = name
    self.dataType = dataType
    self.shape = shape
    self.fileIndex = fileIndex
    self.range = range
  }
}
