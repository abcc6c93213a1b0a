internal import Glibc
internal import Units

/// A floating-point format of at most 16 bits.
struct SmallFloat {
  enum Specials {
    /// The highest exponent is infinity and NaN.
    case ieee
    /// All ones is NaN, and there is no infinity.
    case allOnes
    /// What would be negative zero is NaN.
    case negativeZero
    /// Every pattern is a number.
    case none
  }

  var exponentBits: Int
  var mantissaBits: Int
  var bias: Int
  var specials: Specials

  /// Nil for formats that are wider, or no floating point. Layouts as in the ONNX documentation of float8 and float4.
  init?(_ type: DataType) {
    switch type {
    case .float16: self.init(exponentBits: 5, mantissaBits: 10, bias: 15, specials: .ieee)
    case .bfloat16: self.init(exponentBits: 8, mantissaBits: 7, bias: 127, specials: .ieee)
    case .float8e4m3: self.init(exponentBits: 4, mantissaBits: 3, bias: 7, specials: .allOnes)
    case .float8e4m3fnuz: self.init(exponentBits: 4, mantissaBits: 3, bias: 8, specials: .negativeZero)
    case .float8e5m2: self.init(exponentBits: 5, mantissaBits: 2, bias: 15, specials: .ieee)
    case .float8e5m2fnuz: self.init(exponentBits: 5, mantissaBits: 2, bias: 16, specials: .negativeZero)
    case .float8e8m0: self.init(exponentBits: 8, mantissaBits: 0, bias: 127, specials: .allOnes)
    case .float4: self.init(exponentBits: 2, mantissaBits: 1, bias: 1, specials: .none)
    default: return nil
    }
  }

  private init(exponentBits: Int, mantissaBits: Int, bias: Int, specials: Specials) {
    self.exponentBits = exponentBits
    self.mantissaBits = mantissaBits
    self.bias = bias
    self.specials = specials
  }

  /// The number that a pattern stands for. Bits beyond the format's width are ignored.
  func value(of pattern: UInt64) -> Double {
    let mantissa = Int(pattern & (1 << UInt64(mantissaBits) - 1))
    let highest = 1 << exponentBits - 1
    let exponent = Int(pattern >> UInt64(mantissaBits)) & highest
    // A format of exponents alone has no sign and no zero.
    if mantissaBits == 0 { return exponent == highest ? .nan : scalbn(1, Int32(exponent - bias)) }
    let isNegative = pattern >> UInt64(mantissaBits + exponentBits) & 1 == 1
    switch specials {
    case .ieee where exponent == highest:
      return mantissa != 0 ? .nan : isNegative ? -.infinity : .infinity
    case .allOnes where exponent == highest && mantissa == 1 << mantissaBits - 1: return .nan
    case .negativeZero where isNegative && exponent == 0 && mantissa == 0: return .nan
    default: break
    }
    let fraction = exponent == 0 ? mantissa : mantissa + 1 << mantissaBits
    let magnitude = scalbn(Double(fraction), Int32(max(exponent, 1) - bias - mantissaBits))
    return isNegative ? -magnitude : magnitude
  }
}
