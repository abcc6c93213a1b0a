/// Why a size given as text cannot be read.
public struct SizeError: Error, Equatable, Sendable {
  public enum Code: Sendable {
    case malformed, unknownUnit, tooLarge
  }

  public var code: Code
  /// What is wrong, in one line.
  public var message: String

  public static func == (left: SizeError, right: SizeError) -> Bool { left.code == right.code }
}

extension ByteCount {
  /// The units a size may be written in. Binary and decimal ones are told apart: `GiB` is 2^30 bytes, `GB` 10^9.
  private static let units: [(name: String, bytes: Int)] = [
    ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("kB", 1000), ("B", 1),
  ]

  /// Reads a size as a person writes it: `24GiB`, `80 GB`, `1.5GiB`, `17179869184`.
  ///
  /// A number without a unit is bytes, and must be whole. A fraction of a unit is rounded down to whole bytes.
  /// Signs, exponents and separators are refused.
  public init(parsing text: String) throws(SizeError) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unitName = text.dropFirst(digits.count).drop { $0 == " " }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), digits.count <= 19 else {
      throw SizeError(
        code: .malformed, message: "'\(text)' is not a size: write a number and a unit, such as 24GiB or 80GB")
    }
    guard let unit = unitName.isEmpty ? 1 : Self.units.first(where: { $0.name == unitName })?.bytes else {
      throw SizeError(
        code: .unknownUnit,
        message: "'\(unitName)' is not a unit of size: use B, KB, MB, GB, TB, KiB, MiB, GiB or TiB")
    }
    guard let whole = Int(parts[0]) else {
      throw SizeError(code: .tooLarge, message: "'\(text)' is more than 2^63 - 1 bytes")
    }
    var fraction = 0
    if parts.count == 2 {
      guard unit > 1, let numerator = Int(parts[1]) else {
        throw SizeError(code: .malformed, message: "'\(text)' is not a whole number of bytes")
      }
      let denominator = parts[1].reduce(1) { product, _ in product * 10 }
      let product = numerator.multipliedFullWidth(by: unit)
      fraction = denominator.dividingFullWidth(product).quotient
    }
    let (bytes, productOverflows) = whole.multipliedReportingOverflow(by: unit)
    let (sum, sumOverflows) = bytes.addingReportingOverflow(fraction)
    guard !productOverflows, !sumOverflows else {
      throw SizeError(code: .tooLarge, message: "'\(text)' is more than 2^63 - 1 bytes")
    }
    self.init(sum)
  }
}
