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
