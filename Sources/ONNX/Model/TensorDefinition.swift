public import Units

/// A tensor that the file holds or points to, with its content where that is small.
public struct TensorDefinition: Sendable {
  /// Where the elements lie.
  public enum Storage: Hashable, Sendable {
    /// Within the model's file; a stretch of `raw_data` or of a packed field.
    case inline(FileRange)
    /// Another file; `path` as the user would type it, nil where the location may not be followed.
    case external(path: String?, FileRange)
    /// Nowhere: no elements, or a field with one tag per element.
    case scattered
  }

  public var name = ""
  /// Nil for a type that this program does not know.
  public var dataType: DataType?
  public var shape: Shape = []
  public var storage: Storage = .scattered
  /// The elements in row-major order where they lie inline in at most 1,024 bytes; nil otherwise.
  public var content: TensorContent?
  /// The number of elements stored, for a sparse tensor of ``shape``.
  public var sparse: ElementCount?
  /// Where the indices of a sparse tensor lie, 64-bit integers; ``storage`` is that of its values.
  public var sparseIndices: Storage?

  public init() {}
}

/// Elements of a small tensor.
public enum TensorContent: Hashable, Sendable {
  /// Integers and booleans.
  case integers([Int])
  /// Floating point of any width.
  case reals([Double])
  case texts([String])
}
