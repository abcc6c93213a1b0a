internal import ArgumentParser
internal import Units

/// A memory size as a flag takes it: `24GiB`, `80GB`, `512MiB`, or a plain number of bytes.
struct MemorySize: ExpressibleByArgument, Hashable {
  var size: ByteCount

  init?(argument: String) {
    let digits = argument.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = argument.dropFirst(digits.count).drop { $0 == " " }
    let scale: Double? =
      switch unit.lowercased() {
      case "", "b": 1
      case "kib": 0x1p10
      case "mib": 0x1p20
      case "gib": 0x1p30
      case "tib": 0x1p40
      case "kb": 1e3
      case "mb": 1e6
      case "gb": 1e9
      case "tb": 1e12
      default: nil
      }
    guard let scale, let number = Double(digits), number > 0, number * scale >= 1, number * scale < 0x1p60 else {
      return nil
    }
    size = ByteCount(Int(number * scale))
  }
}
