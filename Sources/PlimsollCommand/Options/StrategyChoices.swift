internal import ArgumentParser
internal import Units

/// A type that a sharded engine gathers parameters in, or reduces gradients in.
enum ElementPrecision: String, CaseIterable, ExpressibleByArgument {
  case fp32, bf16, fp16

  var dataType: DataType {
    switch self {
    case .fp32: .float32
    case .bf16: .bfloat16
    case .fp16: .float16
    }
  }
}

/// How an estimate comes about.
enum MemoryModelChoice: String, CaseIterable, ExpressibleByArgument {
  /// A simulated training step.
  case simulate
  /// The equations of the LLMem paper, for comparison.
  case llmem
}
