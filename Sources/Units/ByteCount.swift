/// A number of bytes.
///
/// Sums and differences trap on overflow, as `Int` does. Products of sizes that come from a file or a flag go
/// through ``ElementCount/bytes(of:)`` and ``Shape/elementCount``, which say so instead.
public struct ByteCount: Hashable, Comparable, Sendable {
  public var bytes: Int

  public init(_ bytes: Int) { self.bytes = bytes }

  public static let zero = ByteCount(0)

  public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
  public static func + (left: ByteCount, right: ByteCount) -> ByteCount { ByteCount(left.bytes + right.bytes) }
  public static func - (left: ByteCount, right: ByteCount) -> ByteCount { ByteCount(left.bytes - right.bytes) }
  public static func * (left: ByteCount, right: Int) -> ByteCount { ByteCount(left.bytes * right) }
  public static func += (left: inout ByteCount, right: ByteCount) { left.bytes += right.bytes }
  public static func -= (left: inout ByteCount, right: ByteCount) { left.bytes -= right.bytes }

  /// The smallest multiple of `granularity` bytes that holds this many.
  public func roundedUp(to granularity: Int) -> ByteCount {
    ByteCount((bytes + granularity - 1) / granularity * granularity)
  }
}

extension ByteCount {
  public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(count << 10) }
  public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(count << 20) }
  public static func gibibytes(_ count: Int) -> ByteCount { ByteCount(count << 30) }
}
