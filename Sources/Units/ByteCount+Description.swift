extension ByteCount: CustomStringConvertible {
  /// `14.96 GiB`: two decimals in the largest binary unit of which there is at least one; `512 B`.
  public var description: String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    let magnitude = bytes.magnitude
    let exponent = magnitude == 0 ? 0 : min((UInt.bitWidth - 1 - magnitude.leadingZeroBitCount) / 10, units.count - 1)
    guard exponent > 0 else { return "\(bytes) B" }
    let hundredths = Int((Double(magnitude) / Double(1 << (10 * exponent)) * 100).rounded())
    let fraction = hundredths % 100
    return
      "\(bytes < 0 ? "-" : "")\(grouped(hundredths / 100)).\(fraction < 10 ? "0" : "")\(fraction) \(units[exponent])"
  }

  /// With a comma before the last three digits, of which there are four at most.
  private func grouped(_ number: Int) -> String {
    guard number >= 1000 else { return "\(number)" }
    let rest = number % 1000
    return "\(number / 1000),\(String(repeating: "0", count: rest < 10 ? 2 : rest < 100 ? 1 : 0))\(rest)"
  }
}
