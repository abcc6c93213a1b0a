internal import ArgumentParser

/// How the estimate itself is made: a flag of `estimate` and `plan`.
struct EstimationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "simulate plays a training step; llmem evaluates the paper's equations, for comparison.", valueName: "model"))
  var model: MemoryModelChoice = .simulate
}
