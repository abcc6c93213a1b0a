internal import ArgumentParser

/// How the workload is trained, in the words of the flags.
enum QuantizationChoice: String, CaseIterable, ExpressibleByArgument {
  case none, int8, nf4
  case nf4Double = "nf4-double"
}
