internal import ArgumentParser

/// How the workload is trained, in the words of the flags.
enum MethodChoice: String, CaseIterable, ExpressibleByArgument {
  case prompt, prefix, ia3, lamda, s2a
  case convBNTune = "convbn-tune"
}

enum QuantizationChoice: String, CaseIterable, ExpressibleByArgument {
  case none, int8, nf4
  case nf4Double = "nf4-double"
  case gptqInt4 = "gptq-int4"
  case gptqInt8 = "gptq-int8"

  /// A published table may say of packed weights where they come from, which is the only place: `gptq-int4(checkpoint)`.
  init?(argument: String) {
    let name = argument.hasPrefix("gptq-") && argument.hasSuffix("(checkpoint)") ? argument.dropLast(12) : argument[...]
    self.init(rawValue: String(name))
  }

  /// How wide GPTQ packs; nil where it is not GPTQ's.
  var packedBits: Int? {
    switch self {
    case .gptqInt4: 4
    case .gptqInt8: 8
    case .none, .int8, .nf4, .nf4Double: nil
    }
  }
}
