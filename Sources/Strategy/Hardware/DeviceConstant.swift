public import Units

/// A size that no graph can give: what was measured or read, how far off it may be, and where it comes from.
public struct DeviceConstant: Hashable, Sendable {
  public var value: ByteCount
  public var low: ByteCount
  public var high: ByteCount
  public var source: String

  public init(_ value: ByteCount, low: ByteCount, high: ByteCount, source: String) {
    self.value = value
    self.low = low
    self.high = high
    self.source = source
  }

  /// A size that a library fixes: no range.
  public init(_ value: ByteCount, source: String) {
    self.init(value, low: value, high: value, source: source)
  }

  public var sourced: Sourced<ByteCount> { Sourced(value, .assumed, source: source) }
}
