internal import Architecture
internal import ArgumentParser
internal import Checkpoint
internal import Report
internal import Strategy

struct EstimateCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json, html
  }

  static let configuration = CommandConfiguration(
    commandName: "estimate",
    abstract: "Simulate a training step and say what it takes in GPU memory, and whether it fits.",
    discussion: "Exits with 1 where a GPU or a memory is given and the run does not fit.")

  @OptionGroup var input: CheckpointArgument
  @OptionGroup(title: "Workload") var workload: WorkloadOptions
  @OptionGroup(title: "Strategy") var strategy: StrategyOptions
  @OptionGroup(title: "Hardware") var hardware: HardwareOptions
  @OptionGroup var estimation: EstimationOptions

  @Flag(help: "Show what is alive at the peak, and simulate what would lower it most.")
  var explain = false

  @OptionGroup var output: OutputOptions<Format>

  func validate() throws {
    try strategy.validate(worldSize: hardware.gpus)
    try hardware.validate(usesDrives: strategy.offload == .nvme || strategy.strategy == .fuyou)
  }

  func answer() throws -> any Answer {
    let gpu = try hardware.row()
    let layout = strategy.layout(worldSize: hardware.gpus, nodes: hardware.nodes)
    var (checkpoint, estimator, model) = try input.readEstimator()
    estimator.description = try workload.loaded(checkpoint, estimator.description, graph: model)
    let description = estimator.description
    if estimation.model == .llmem { return try equations(checkpoint, description, layout, gpu) }

    let workload = try workload.workload(checkpoint, description, graph: model)
    estimator.device = hardware.device(gpu)
    let times = SimulatedStepTimes(estimator: estimator, workload: workload, cluster: hardware.cluster(gpu))
    let estimate: Estimate
    do throws(EstimationError) {
      estimate = try estimator.estimate(workload, layout: layout)
    } catch {
      throw Failure(error, checkpoint)
    }
    let question = EstimateAnswer.Question(
      checkpoint: checkpoint.path, family: description.family,
      inputs: model == nil ? description.inputs(workload.forward) : [.text],
      workload: workload, layout: layout)
    do throws(EstimationError) {
      return EstimateAnswer(
        question, estimate, step: (try? times.time(of: layout)) ?? nil,
        explanation: explain ? try estimator.explanation(workload, layout: layout) : nil)
    } catch {
      throw Failure(error, checkpoint)
    }
  }

  /// `--model llmem`: the paper's terms for this layout and batch.
  private func equations(
    _ checkpoint: Checkpoint, _ description: ModelDescription, _ layout: Layout, _ gpu: GPU?
  ) throws -> any Answer {
    let memory = try LLMemEstimator.reading(
      checkpoint, description, sequenceLength: workload.sequenceLength, base: estimation.llmemBase)
    let planner = Planner(
      cluster: Cluster(
        gpu: gpu, memory: hardware.gpuMemory ?? gpu?.memory ?? .unlimited, gpusPerNode: hardware.gpus), memory: memory)
    return PlanAnswer(
      checkpoint: checkpoint.path, model: "llmem", objective: .throughput, hardware: hardware.summary(gpu),
      plan: planner.plan([layout], batch: .fixed(workload.batchSize)), assumptions: [])
  }
}
