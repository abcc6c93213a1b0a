/// A number of tensor elements.
public struct ElementCount: Hashable, Comparable, Sendable {
  public var count: Int

  public init(_ count: Int) { self.count = count }

  public static let zero = ElementCount(0)

  public static func < (left: ElementCount, right: ElementCount) -> Bool { left.count < right.count }
  public static func + (left: ElementCount, right: ElementCount) -> ElementCount {
    ElementCount(left.count + right.count)
  }
  public static func += (left: inout ElementCount, right: ElementCount) { left.count += right.count }

  /// The bytes that this many elements of a type take when packed; nil where the product overflows, or where
  /// the last element of a type narrower than a byte does not end at a byte boundary.
  public func bytes(of type: DataType) -> ByteCount? {
    let (bits, overflow) = count.multipliedReportingOverflow(by: type.bitWidth)
    guard !overflow, bits % 8 == 0 else { return nil }
    return ByteCount(bits / 8)
  }
}
