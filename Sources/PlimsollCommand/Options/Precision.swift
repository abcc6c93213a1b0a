internal import ArgumentParser

/// The types of weights and of computation.
enum Precision: String, CaseIterable, ExpressibleByArgument {
  case fp32, bf16, fp16
  /// Autocast over fp32 weights.
  case bf16Mixed = "bf16-mixed"
  case fp16Mixed = "fp16-mixed"
}

/// A type that a sharded engine gathers parameters in, or reduces gradients in.
enum ElementPrecision: String, CaseIterable, ExpressibleByArgument {
  case fp32, bf16, fp16
}
