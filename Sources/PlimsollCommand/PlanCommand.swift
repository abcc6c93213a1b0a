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
    abstract: "Search the ways to fine-tune a checkpoint on a cluster, and rank them by the time of a step.",
    discussion: """
      Every strategy with every degree that divides the GPUs is tried with and without checkpointing, each with the largest \
      batch that fits; memory and time are simulated. With --model it is LLMem's question instead: which of the paper's four \
      methods. Exits with 1 where nothing fits.
      """)

  @OptionGroup var input: CheckpointArgument
  @OptionGroup(title: "Workload") var workload: WorkloadOptions
  @OptionGroup(title: "Cluster") var hardware: HardwareOptions

  @Option(help: ArgumentHelp("Memory of each GPU that is to stay free.", valueName: "percent"))
  var memoryMargin = 0.0

  @OptionGroup(title: "Search") var search: SearchOptions
  @OptionGroup var estimation: EstimationOptions
  @OptionGroup(title: "Launch files") var launch: LaunchOptions
  @OptionGroup var output: OutputOptions<Format>

  func validate() throws {
    try launch.validate(folder: output.file)
    guard hardware.gpu != nil || hardware.gpuMemory != nil else {
      throw ValidationError("a plan needs --gpu or --gpu-memory")
    }
    if let model = estimation.model, let flag = search.given.first {
      throw ValidationError(
        "\(flag) has no effect with --model \(model.rawValue), which compares the paper's four methods by its score")
    }
    let choices = try search.choices()
    try hardware.validate(usesDrives: choices.offload == .nvme || choices.strategy == .fuyou)
    guard (0..<100).contains(memoryMargin) else {
      throw ValidationError("--memory-margin must be at least 0 and less than 100, and is \(memoryMargin)")
    }
  }

  func answer() throws -> any Answer {
    let gpu = try hardware.row()
    var (checkpoint, estimator, model) = try input.readEstimator()
    estimator.description = try workload.loaded(checkpoint, estimator.description, graph: model)
    let description = estimator.description
    var cluster = hardware.cluster(
      gpu, memory: hardware.gpuMemory ?? gpu?.memory ?? .zero, margin: memoryMargin)
    let plan: Plan
    if estimation.model == .llmem {
      let equations = try LLMemEstimator.reading(
        checkpoint, description, sequenceLength: workload.sequenceLength, base: estimation.llmemBase)
      plan = methods(of: equations, cluster)
    } else {
      let workload = try workload.workload(checkpoint, description, graph: model)
      if hardware.gpuMemory == nil, let gpu { cluster.memory = gpu.usableMemory }
      estimator.device = Device(gpu: gpu, memory: cluster.memory, ranks: hardware.gpus)
      if let reason = estimator.reasonNotToRun(workload) { throw Failure(reason, checkpoint) }
      if estimation.model == .simulate {
        plan = methods(of: SimulatedPeaks(estimator: estimator, workload: workload), cluster)
      } else {
        var search = PlanSearch(
          estimator: estimator, workload: workload, cluster: cluster, objective: self.search.objective ?? .throughput,
          choices: try self.search.choices())
        search.isExhaustive = self.search.all
        plan = search.plan()
      }
    }
    let answer = PlanAnswer(
      checkpoint: checkpoint.path, model: estimation.model?.rawValue, objective: search.objective ?? .throughput,
      hardware: hardware.summary(gpu), plan: plan, assumptions: assumptions)
    guard let best = plan.best, let engine = launch.emit else { return answer }
    return try emit(engine, answer, best, cluster, checkpoint, description, graph: model)
  }

  /// The paper's methods by the paper's score.
  private func methods(of memory: any PeakEstimator, _ cluster: Cluster) -> Plan {
    Planner(cluster: cluster, memory: memory)
      .plan(Layout.llmem(gpus: hardware.gpus, gpusPerNode: cluster.gpusPerNode))
  }

  private var assumptions: [Assumption] {
    guard let model = estimation.model else {
      return [
        Assumption(
          what: "ranking", value: "simulated step times",
          source: "rates of kernels and links in tables ('estimate --gpu' of one layout says which)"),
        Assumption(
          what: "micro-batches of a pipeline", value: "four for each stage", source: "--accumulate where that is more"),
      ]
    }
    let ranking = Assumption(
      what: "ranking", value: "samples a step, replicas counted 1.5 times", source: "arXiv 2404.10933")
    guard model == .llmem else { return [ranking] }
    let base = DeviceConstant.llmemBase
    let source = estimation.llmemBase == nil ? base.source : "--llmem-base"
    return [ranking, Assumption(what: "m_base", value: "\(estimation.llmemBase ?? base.value)", source: source)]
  }
}
