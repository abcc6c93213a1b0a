internal import ArgumentParser

/// A type that a sharded engine gathers parameters in, or reduces gradients in.
enum ElementPrecision: String, CaseIterable, ExpressibleByArgument {
  case fp32, bf16, fp16
}

enum OffloadChoice: String, CaseIterable, ExpressibleByArgument {
  case none, optimizer, parameters, all, nvme
}

/// How an estimate comes about.
enum MemoryModelChoice: String, CaseIterable, ExpressibleByArgument {
  /// A simulated training step.
  case simulate
  /// The equations of the LLMem paper, for comparison.
  case llmem
}
