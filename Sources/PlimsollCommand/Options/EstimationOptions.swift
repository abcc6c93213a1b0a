internal import ArgumentParser
internal import Units

/// How the estimate itself is made: a flag of `estimate` and `plan`.
struct EstimationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "simulate plays a training step; llmem evaluates the paper's equations, for comparison. plan with either has LLMem's "
        + "question: which of the paper's four methods, by its score (default: simulate; plan: every strategy, by time).",
      valueName: "model"))
  var model: MemoryModelChoice?

  @Option(
    help: ArgumentHelp(
      "m_base of LLMem's equations, what a process takes before the model (default: worked back from the paper).",
      valueName: "size"))
  var llmemBase: ByteCount?

  func validate() throws {
    guard llmemBase == nil || model == .llmem else {
      throw ValidationError("--llmem-base has no effect without --model llmem")
    }
  }
}
