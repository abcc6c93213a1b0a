internal import ArgumentParser

/// How the workload is trained, in the words of the flags.
enum MethodChoice: String, CaseIterable, ExpressibleByArgument {
  case prompt, prefix, ia3, lamda, s2a
  case convBNTune = "convbn-tune"
}

enum QuantizationChoice: String, CaseIterable, ExpressibleByArgument {
  case none, int8, nf4
  case nf4Double = "nf4-double"
}
