internal import ArgumentParser

/// How the workload is trained, in the words of the flags.
enum OptimizerChoice: String, CaseIterable, ExpressibleByArgument {
  case adamw
  case adamwFused = "adamw-fused"
  case adamwLoop = "adamw-loop"
  case adamw8bit = "adamw-8bit"
  case pagedAdamw8bit = "paged-adamw-8bit"
  case sgd
  case sgdMomentum = "sgd-momentum"
  case adafactor, lion
  case lion8bit = "lion-8bit"
  case muon
}

enum QuantizationChoice: String, CaseIterable, ExpressibleByArgument {
  case none, int8, nf4
  case nf4Double = "nf4-double"
}

enum LossChoice: String, CaseIterable, ExpressibleByArgument {
  case transformers, chunked, fused
}
