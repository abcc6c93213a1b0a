public import Units

/// A value's name and what the file says of its type.
public struct ValueDeclaration: Sendable {
  public var name: String
  /// Nil where the file says nothing.
  public var type: ValueType?

  public init(name: String, type: ValueType?) {
    self.name = name
    self.type = type
  }
}

/// The type of a value, as declared.
public indirect enum ValueType: Hashable, Sendable {
  /// A missing type is one that this program does not know; a missing shape is an unknown rank.
  case tensor(DataType?, [DeclaredDimension]?)
  case sparseTensor(DataType?, [DeclaredDimension]?)
  case sequence(ValueType?)
  case optional(ValueType?)
  case map
  case opaque
}

/// An extent as declared.
public enum DeclaredDimension: Hashable, Sendable {
  case fixed(Int)
  /// `dim_param`: one name is one value in the whole model.
  case named(String)
  /// Neither a value nor a name, or a negative value.
  case unknown
}
