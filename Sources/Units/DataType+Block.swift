extension DataType {
  /// How many elements a block of the type holds, and the bytes that it takes with its scales (ggml-common.h); nil for
  /// types whose elements stand alone.
  public var block: (elements: Int, bytes: Int)? {
    switch self {
    case .q40, .iq4NL: (32, 18)
    case .q41: (32, 20)
    case .q50: (32, 22)
    case .q51: (32, 24)
    case .q80: (32, 34)
    case .q81: (32, 36)
    case .q10: (128, 18)
    case .q2K: (256, 84)
    case .q3K, .iq3S: (256, 110)
    case .q4K: (256, 144)
    case .q5K: (256, 176)
    case .q6K: (256, 210)
    case .q8K: (256, 292)
    case .iq1S: (256, 50)
    case .iq1M: (256, 56)
    case .iq2XXS, .tq20: (256, 66)
    case .iq2XS: (256, 74)
    case .iq2S: (256, 82)
    case .iq3XXS: (256, 98)
    case .iq4XS: (256, 136)
    case .tq10: (256, 54)
    case .mxfp4: (32, 17)
    case .nvfp4: (64, 36)
    default: nil
    }
  }
}
