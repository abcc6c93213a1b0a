internal import Architecture
internal import ArgumentParser
internal import Checkpoint
internal import Report
internal import Strategy
internal import TrainingStep

struct CompareCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json, markdown
  }

  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Hold what config.json promises against what the files hold, or two checkpoints against each other.",
    discussion: """
      With one checkpoint the nominal figures are a calculator's: textbook formulas over config.json alone, rules of thumb, \
      and LLMem's equations. With two it is the structure and the cost of both. Every difference says where it comes from.
      """)

  @OptionGroup var input: CheckpointArgument

  @Argument(help: "A second checkpoint: a fine-tune of the first, or another quantisation.", completion: .file())
  var other: String?

  @OptionGroup(title: "Workload") var workload: WorkloadOptions
  @OptionGroup(title: "Strategy") var strategy: StrategyOptions
  @OptionGroup(title: "Cluster") var hardware: HardwareOptions
  @OptionGroup var output: OutputOptions<Format>

  func validate() throws {
    try strategy.validate(worldSize: hardware.gpus)
    guard other != "" else { throw ValidationError("the second checkpoint's path is empty") }
  }

  func answer() throws -> any Answer {
    let first = try run(input)
    if let other {
      var argument = input
      argument.checkpoint = other
      return try beside(first, run(argument))
    }
    guard let nominal = NominalModel(first.checkpoint.configuration) else {
      throw Failure(
        .malformedInput,
        ErrorReport(
          code: "no-nominal-sizes", file: first.checkpoint.path,
          message: "there is no configuration that gives layers, a hidden size and heads",
          help: "a second checkpoint can be compared without one"))
    }
    let comparison = NominalComparison(nominal, try first.checkpoint.primaryWeightSet(), first.estimator.description)
    var rows = comparison.parameters + comparison.storage
    var missing: String?
    do throws(EstimationError) {
      rows += try memory(of: comparison, first)
    } catch {
      missing = error.reason
    }
    return ComparisonAnswer(
      first.checkpoint.path, .nominal, rows, workload: missing == nil ? summary(first) : nil, missing: missing)
  }

  /// A checkpoint and what is to be run on it.
  private struct Run {
    var checkpoint: Checkpoint
    var estimator: Estimator
    var workload: Workload
    var inputs: Set<ModelDescription.Input>
  }

  private func run(_ argument: CheckpointArgument) throws -> Run {
    var (checkpoint, estimator, model) = try argument.readEstimator()
    estimator.description = try workload.loaded(checkpoint, estimator.description, graph: model)
    estimator.device = hardware.device(try hardware.row())
    let workload = try workload.workload(checkpoint, estimator.description, graph: model)
    return Run(
      checkpoint: checkpoint, estimator: estimator, workload: workload,
      inputs: model == nil ? estimator.description.inputs(workload.forward) : [.text])
  }

  // MARK: - Against the configuration

  private func memory(of comparison: NominalComparison, _ run: Run) throws(EstimationError) -> [ComparisonRow] {
    let layout = strategy.layout(worldSize: hardware.gpus, nodes: hardware.nodes)
    let simulated = try PeakBreakdown(run.estimator, run.workload, layout)
    return comparison.memory(simulated, run.workload, layout) + comparison.rules(simulated, run.workload)
      + equations(run)
  }

  /// LLMem's methods, each by its equations and simulated; those that either cannot tell are left out.
  private func equations(_ run: Run) -> [ComparisonRow] {
    guard
      let equations = try? LLMemEstimator.reading(
        run.checkpoint, run.estimator.description, sequenceLength: run.workload.forward.sequenceLength, base: nil)
    else { return [] }
    return Layout.llmem(gpus: hardware.gpus, gpusPerNode: hardware.gpus / hardware.nodes).compactMap { layout in
      guard case .estimate(let peak) = equations.peak(of: layout, batchSize: run.workload.forward.batchSize),
        let simulated = try? PeakBreakdown(run.estimator, run.workload, layout)
      else { return nil }
      return NominalComparison.equations(peak, simulated, of: layout.summary)
    }
  }

  // MARK: - Two checkpoints

  private func beside(_ first: Run, _ second: Run) throws -> any Answer {
    let comparison = CheckpointComparison(
      .init(try first.checkpoint.primaryWeightSet(), first.estimator.description),
      .init(try second.checkpoint.primaryWeightSet(), second.estimator.description))
    var rows = comparison.structure + comparison.storage
    var missing: String?
    do throws(EstimationError) {
      let layout = strategy.layout(worldSize: hardware.gpus, nodes: hardware.nodes)
      rows += CheckpointComparison.memory(
        try first.estimator.estimate(first.workload, layout: layout),
        try second.estimator.estimate(second.workload, layout: layout))
    } catch {
      missing = error.reason
    }
    return ComparisonAnswer(
      first.checkpoint.path, .other(second.checkpoint.path), rows,
      workload: missing == nil ? summary(first) : nil, missing: missing)
  }

  private func summary(_ run: Run) -> String {
    let layout = strategy.layout(worldSize: hardware.gpus, nodes: hardware.nodes)
    return "\(run.workload.summary(reading: run.inputs)), \(layout.summary)"
  }
}
