package import Units

/// Numbers as people read them.
package enum Quantity {
  /// `8,030,261,248`.
  package static func grouped(_ number: Int) -> String {
    let digits = Array(String(number.magnitude).utf8)
    var result: [UInt8] = number < 0 ? [UInt8(ascii: "-")] : []
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result.append(UInt8(ascii: ",")) }
      result.append(digit)
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// `14.96 GiB`: two decimals in the largest binary unit of which there is at least one.
  package static func humanSize(_ size: ByteCount) -> String {
    let magnitude = size.bytes.magnitude
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    let exponent = magnitude == 0 ? 0 : min((UInt.bitWidth - 1 - magnitude.leadingZeroBitCount) / 10, units.count - 1)
    guard exponent > 0 else { return "\(size.bytes) B" }
    let number = decimal(Double(magnitude) / Double(1 << (10 * exponent)), places: 2)
    return "\(size.bytes < 0 ? "-" : "")\(number) \(units[exponent])"
  }

  /// A number with a fixed count of decimals, halves rounded away from zero, thousands grouped.
  package static func decimal(_ number: Double, places: Int) -> String {
    let scale = (0..<places).reduce(1) { result, _ in result * 10 }
    let scaled = (number * Double(scale)).rounded()
    guard scaled.magnitude < 9e15 else { return number.description }
    let whole = Int(scaled.magnitude)
    let sign = scaled < 0 ? "-" : ""
    guard places > 0 else { return sign + grouped(whole) }
    let fraction = String(whole % scale)
    let padding = String(repeating: "0", count: places - fraction.count)
    return "\(sign)\(grouped(whole / scale)).\(padding)\(fraction)"
  }
}
