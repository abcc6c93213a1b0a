internal import ArgumentParser

/// How training is spread over GPUs, in the words of the flags.
enum StrategyChoice: String, CaseIterable, ExpressibleByArgument {
  case single, ddp, zero1, zero2, zero3
  /// torch's ZeroRedundancyOptimizer.
  case zeroRedundancy = "zero-redundancy"
  case fsdp, fsdp1, tp, pp, gemini
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
