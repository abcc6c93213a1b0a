/// The order in which people expect numbered names: `layers.2` before `layers.10`.
///
/// Runs of ASCII digits compare by their value, everything else byte by byte in UTF-8; names that are equal so far
/// (`a1` and `a01`) compare by their bytes, so that the order is total.
public enum NaturalOrder {
  /// Whether `left` comes before `right`.
  public static func precedes(_ left: String, _ right: String) -> Bool {
    var left = left
    var right = right
    return left.withUTF8 { leftBytes in
      right.withUTF8 { rightBytes in compare(leftBytes, rightBytes) < 0 }
    }
  }

  /// Negative where `left` comes first, positive where `right` does, zero where they are the same bytes.
  package static func compare(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    var at = 0
    var other = 0
    while at < left.count, other < right.count {
      if isDigit(left[at]), isDigit(right[other]) {
        let first = digits(of: left, from: at)
        let second = digits(of: right, from: other)
        if first.count != second.count { return first.count - second.count }
        for index in 0..<first.count {
          let difference = Int(left[first.lowerBound + index]) - Int(right[second.lowerBound + index])
          if difference != 0 { return difference }
        }
        at = first.upperBound
        other = second.upperBound
      } else {
        let difference = Int(left[at]) - Int(right[other])
        if difference != 0 { return difference }
        at += 1
        other += 1
      }
    }
    if at < left.count || other < right.count { return (left.count - at) - (right.count - other) }
    return compareBytes(left, right)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

  /// Where the run of digits from `start` stands, its leading zeros left out.
  private static func digits(of text: UnsafeBufferPointer<UInt8>, from start: Int) -> Range<Int> {
    var first = start
    while first < text.count, text[first] == 0x30 { first += 1 }
    var end = first
    while end < text.count, isDigit(text[end]) { end += 1 }
    return first..<end
  }

  private static func compareBytes(_ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>) -> Int {
    for index in 0..<min(left.count, right.count) where left[index] != right[index] {
      return Int(left[index]) - Int(right[index])
    }
    return left.count - right.count
  }
}

extension Sequence where Element == String {
  /// The names in natural order.
  public func naturallySorted() -> [String] { sorted(by: NaturalOrder.precedes) }
}
