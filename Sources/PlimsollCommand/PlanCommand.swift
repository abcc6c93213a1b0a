internal import Architecture
internal import ArgumentParser
internal import Checkpoint
internal import Report
internal import Strategy
internal import Units

struct PlanCommand: AnsweringCommand {
  enum Format: String, AnswerFormat {
    case table, json, html
  }

  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Rank the ways to fine-tune a checkpoint on a cluster: replicas, sharded replicas, tensor parallelism.",
    discussion: """
      Each way is tried with the largest batch that fits, and ranked by samples a step times the strategy's speed, as \
      LLMem does. Exits with 1 where none fits.
      """)

  @OptionGroup var input: CheckpointArgument
  @OptionGroup(title: "Workload") var workload: WorkloadOptions
  @OptionGroup(title: "Cluster") var hardware: HardwareOptions

  @Option(help: ArgumentHelp("Memory of each GPU that is to stay free.", valueName: "percent"))
  var memoryMargin = 0.0

  @OptionGroup var estimation: EstimationOptions
  @OptionGroup(title: "Launch files") var launch: LaunchOptions
  @OptionGroup var output: OutputOptions<Format>

  func validate() throws {
    try launch.validate(folder: output.file)
    guard hardware.gpu != nil || hardware.gpuMemory != nil else {
      throw ValidationError("a plan needs --gpu or --gpu-memory")
    }
    guard (0..<100).contains(memoryMargin) else {
      throw ValidationError("--memory-margin must be at least 0 and less than 100, and is \(memoryMargin)")
    }
  }

  func answer() throws -> any Answer {
    let gpu = try hardware.row()
    var (checkpoint, estimator, model) = try input.readEstimator()
    estimator.description = try workload.loaded(estimator.description, graph: model)
    let description = estimator.description
    let gpusPerNode = hardware.gpus / hardware.nodes
    let layouts = Layout.llmem(gpus: hardware.gpus, gpusPerNode: gpusPerNode)
    let memory: any PeakEstimator
    let length: Int
    var limit = hardware.gpuMemory ?? gpu?.memory ?? .zero
    switch estimation.model {
    case .llmem:
      let equations = try LLMemEstimator.reading(
        checkpoint, description, sequenceLength: workload.sequenceLength, base: estimation.llmemBase)
      (memory, length) = (equations, equations.sequenceLength)
    case .simulate:
      let workload = try workload.workload(checkpoint, description, graph: model)
      if hardware.gpuMemory == nil, let gpu { limit = gpu.usableMemory }
      estimator.device = Device(gpu: gpu, memory: limit, ranks: hardware.gpus)
      if let reason = estimator.reasonNotToRun(workload) { throw Failure(reason, checkpoint) }
      (memory, length) = (SimulatedPeaks(estimator: estimator, workload: workload), workload.forward.sequenceLength)
    }
    let cluster = Cluster(
      gpu: gpu, memory: limit, nodes: hardware.nodes, gpusPerNode: gpusPerNode, withinNode: hardware.links.within,
      betweenNodes: hardware.links.between, memoryMargin: memoryMargin)
    let planner = Planner(cluster: cluster, memory: memory, sequenceLength: length)
    let plan = planner.plan(layouts)
    let answer = PlanAnswer(
      checkpoint: checkpoint.path, model: estimation.model.rawValue, hardware: hardware.summary(gpu),
      plan: plan, assumptions: assumptions)
    guard let best = plan.best, let engine = launch.emit else { return answer }
    return try emit(engine, answer, best, cluster, checkpoint, description, graph: model)
  }

  private var assumptions: [Assumption] {
    let ranking = Assumption(
      what: "ranking", value: "samples a step, replicas counted 1.5 times",
      source: "arXiv 2404.10933; no step times are simulated yet")
    guard estimation.model == .llmem else { return [ranking] }
    let base = DeviceConstant.llmemBase
    let source = estimation.llmemBase == nil ? base.source : "--llmem-base"
    return [ranking, Assumption(what: "m_base", value: "\(estimation.llmemBase ?? base.value)", source: source)]
  }
}
