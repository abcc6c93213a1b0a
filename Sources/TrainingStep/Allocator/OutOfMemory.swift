public import Units

/// What torch reports as `torch.OutOfMemoryError`: a request that found no room after every cached block was given back.
public struct OutOfMemory: Error, Hashable, Sendable {
  /// The bytes that were asked for, before rounding.
  public var requested: ByteCount
  /// Reserved when nothing more could be given back.
  public var reserved: ByteCount
  /// In use by tensors at that moment.
  public var allocated: ByteCount
}
